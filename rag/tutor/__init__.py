"""The tutor: search, answers, grades and interviews over one corpus."""

from rag.tutor.answering import MAX_QUESTION
from rag.tutor.grading import MAX_REPLY
from rag.tutor.interviewing import Candidate, end_of_today
from rag.tutor.tutor import Tutor

__all__ = ["MAX_QUESTION", "MAX_REPLY", "Candidate", "Tutor", "end_of_today"]
