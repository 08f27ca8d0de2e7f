"""Questions of several parts: comparisons of named things, and several questions in one breath."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.text import language_of, mentions

MAX_PARTS = 4
_COMPARES = re.compile(
    r"区别|對比|对比|比较|比較|异同|各自|分别|相比|不同(?:点|之处|在哪)?|\b(?:differen\w*|compar\w*|versus|vs\.?|contrast|each|respectively|distinguish)\b",
    re.IGNORECASE,
)
_GENERIC = frozenset(
    "difference comparison advantage drawback disadvantage principle problem question answer application example reason effect definition purpose training "
    "test neural-network deep-learning "
    "machine-learning model network layer feature image text data dataset parameter weight input output accuracy performance deep-neural-network computation "
    "method mechanism mean".split()
)
_QUESTION_END = re.compile(r"(?<=[?？])\s*")


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a question as (what the part is about, the question to search for). Empty: the question is one."""

    items: tuple[tuple[str, str], ...] = ()
    compares: bool = False


def split_parts(question: str) -> Parts:
    """Take a question apart: a comparison of two to four named things into one question a thing, several questions into each."""
    several = [q.strip() for q in _QUESTION_END.split(question) if q.strip()]
    if 2 <= len(several) <= MAX_PARTS and all(len(q) >= 6 and _names(q) for q in several) and not _COMPARES.search(question):
        return Parts(tuple((q.rstrip("?？"), q) for q in several))
    if not _COMPARES.search(question):
        return Parts()
    names = _names(question)
    if not 2 <= len(names) <= MAX_PARTS:
        return Parts()
    return Parts(tuple((name, _ask_about(name, names, question)) for name in names), True)


def _names(question: str) -> list[str]:
    """The different things a question names, as it writes them."""
    found: dict[str, str] = {}
    for words, concept in mentions(question):
        if concept not in _GENERIC:
            found.setdefault(concept, words)
    return [_as_written(words, question) for words in found.values()]


def _as_written(words: str, question: str) -> str:
    at = question.lower().find(words)
    return question[at : at + len(words)] if at >= 0 else words


def _ask_about(name: str, names: list[str], question: str) -> str:
    rest = question
    for other in names:
        if other != name:
            rest = rest.replace(other, " ")
    rest = _COMPARES.sub(" ", rest)
    rest = re.sub(r"[、，,/和与跟及]|\b(?:and|or|between|the|of)\b", " ", rest)
    rest = re.sub(r"\s+", " ", rest).strip(" ?？。.:：")
    if len(re.sub(r"\W", "", rest.replace(name, ""))) < 3:
        return f"{name} 的特点和作用" if language_of(question) == "zh" else f"{name} properties and purpose"
    return rest
