"""Question and evidence to an answer that cites every sentence."""

from rag.answer.compose import cite, compose
from rag.answer.phrases import EXAMPLES, phrase
from rag.answer.select import Chosen, choose, is_pointer, quotable

__all__ = ["EXAMPLES", "Chosen", "choose", "cite", "compose", "is_pointer", "phrase", "quotable"]
