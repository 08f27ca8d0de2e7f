"""Text for matching: normalisation, language, sentences with offsets, and the one tokenizer of index and query."""

from rag.text.normal import is_cjk, language_of, normalise
from rag.text.sentences import split_sentences
from rag.text.tokens import (
    ANY_FIELD,
    ASKING,
    CONCEPT,
    STOP_EN,
    TOKENIZER_VERSION,
    compounds,
    concepts,
    content_terms,
    first_forms,
    glossed_share,
    mentions,
    tokenize,
)

__all__ = [
    "ANY_FIELD",
    "ASKING",
    "CONCEPT",
    "STOP_EN",
    "TOKENIZER_VERSION",
    "compounds",
    "concepts",
    "content_terms",
    "first_forms",
    "glossed_share",
    "is_cjk",
    "language_of",
    "mentions",
    "normalise",
    "split_sentences",
    "tokenize",
]
