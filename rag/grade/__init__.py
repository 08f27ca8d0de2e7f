"""Grades: a reply held against key points, or against a reference text, with the evidence of every verdict."""

from rag.grade.grader import Grader, key_points_of
from rag.grade.reply import FLAGS

__all__ = ["FLAGS", "Grader", "key_points_of"]
