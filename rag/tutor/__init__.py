"""The tutor: search, answers, grades and interviews over one corpus."""

from rag.tutor.answering import MAX_QUESTION
from rag.tutor.tutor import Tutor

__all__ = ["MAX_QUESTION", "Tutor"]
