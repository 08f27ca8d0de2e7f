"""The question bank, automatic questions, known mistakes of documents, and learning pairs."""

from rag.bank.automatic import automatic_questions
from rag.bank.bank import Bank, load_bank, same_document
from rag.bank.errata import Errata, load_errata
from rag.bank.pairs import Detail, Pair, load_details, load_pairs

__all__ = ["Bank", "Detail", "Errata", "Pair", "automatic_questions", "load_bank", "load_details", "load_errata", "load_pairs", "same_document"]
