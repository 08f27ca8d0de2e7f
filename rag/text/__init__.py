"""Text for matching: normalisation, language, sentences with offsets, and the one tokenizer of index and query."""

from rag.text.normal import is_cjk, language_of, normalise
from rag.text.sentences import split_sentences
from rag.text.tokens import CONCEPT, TOKENIZER_VERSION, concepts, content_terms, first_forms, mentions, tokenize

__all__ = [
    "CONCEPT",
    "TOKENIZER_VERSION",
    "concepts",
    "content_terms",
    "first_forms",
    "is_cjk",
    "language_of",
    "mentions",
    "normalise",
    "split_sentences",
    "tokenize",
]
