"""How good search, answers and refusals are, measured on data with gold; no printing, the command line shows the figures."""

from rag.evaluate.abstention import measure_abstention
from rag.evaluate.answers import measure_answers
from rag.evaluate.data import Answering
from rag.evaluate.grading import Grading, measure_grading
from rag.evaluate.retrieval import measure_retrieval
from rag.evaluate.tables import tables

__all__ = ["Answering", "Grading", "measure_abstention", "measure_answers", "measure_grading", "measure_retrieval", "tables"]
