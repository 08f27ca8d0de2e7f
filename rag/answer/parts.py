"""Questions of several parts: comparisons of named things, and several questions in one breath."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.records import Evidence, Unit
from rag.text import ASKING, CONCEPT, language_of, mentions

MAX_PARTS = 4
SUBJECT = 0.6
"""What a passage gains (in deviations) whose heading is about a part, and not about something beside it."""
OTHERS = 1.0
"""What a passage loses for every other thing its heading names, two at most."""
_COMPARES = re.compile(
    # "different" compares only where it is what is asked for, not where it describes ("不同大小的卷积核").
    r"区别|對比|对比|比较|比較|异同|各自|分别|相比|不(?:同|一样)(?:点|之处|在|吗|呢|[\s？?。，,！!]|$)|有(?:什么|何|啥|哪些|些什么)不(?:同|一样)|"
    r"\bdifferent(?=\s+(?:from|than|to)\b|\s*(?:[?.,]|$))|\b(?:difference\w*|differ|differs|compar\w*|versus|vs\.?|contrast|each|respectively|distinguish)\b",
    re.IGNORECASE,
)
GENERIC = ASKING | frozenset(
    "explain training test inference prediction neural-network deep-neural-network deep-learning machine-learning model network network-layer layer feature "
    "image text data dataset parameter weight input output accuracy".split()
)
"""Concepts that a question is about only together with others."""
_COMPOUND = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+")
"""A Latin word with hyphens. What the glossary does not know as a whole is one thing all the same: "Local-Conv" is not "local" and "conv"."""
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
    names = _things(_names(question), question)
    if not 2 <= len(names) <= MAX_PARTS:
        return Parts()
    return Parts(tuple((name, _ask_about(name, names, question)) for name in names), True)


def _things(names: list[str], question: str) -> list[str]:
    """The names that are set beside each other. A quality of them is none: 参数量 in "VGG 和 ResNet 的参数量", size in "the size of VGG and ResNet"."""
    if len(names) < 3:
        return names
    if re.search(rf"的\s*{re.escape(names[-1])}", question):
        return names[:-1]
    return names[1:] if re.search(rf"{re.escape(names[0])}\s+of\b", question) else names


def compares(question: str) -> bool:
    """Whether a question asks how things differ."""
    return bool(_COMPARES.search(question))


def _names(question: str) -> list[str]:
    """The different things a question names, as it writes them, in the order it does."""
    unknown = _unknown_compounds(question)
    plain = question
    for compound in unknown:
        plain = plain.replace(compound, " " * len(compound))
    found: dict[str, str] = {}
    for words, concept in mentions(plain):
        if concept not in GENERIC:
            found.setdefault(concept, words)
    names = [*unknown, *(_as_written(words, question) for words in found.values())]
    return sorted(names, key=lambda name: question.find(name))


def _unknown_compounds(text: str) -> list[str]:
    """Latin words with hyphens that hold concepts and are none, as they are written, without repetition."""
    found = dict.fromkeys(m.group() for m in _COMPOUND.finditer(text))
    return [word for word in found if (inside := mentions(word)) and all(_letters(words) != _letters(word) for words, _ in inside)]


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.lower())


def _as_written(words: str, question: str) -> str:
    at = question.lower().find(words)
    return question[at : at + len(words)] if at >= 0 else words


def _ask_about(name: str, names: list[str], question: str) -> str:
    # Longer names first: "LSTM" stands inside "Bi-LSTM".
    either = "|".join(re.escape(other) for other in sorted(names, key=len, reverse=True))
    rest = re.sub(either, lambda m: m.group() if m.group() == name else " ", question)
    rest = _COMPARES.sub(" ", rest)
    rest = re.sub(r"[、，,/和与跟及]|有(?:什么|何|啥|哪些|些什么)|是什么|\b(?:and|or|between|the|of)\b", " ", rest)
    rest = re.sub(r"\s+", " ", rest).strip(" ?？。.:：")
    if len(re.sub(r"\W", "", rest.replace(name, ""))) < 3:
        return f"什么是 {name}" if language_of(question) == "zh" else f"What is {name}?"
    return rest


def about(name: str, found: Sequence[Evidence]) -> list[Evidence]:
    """The passages that speak of a named thing, best first: those whose heading names it, else those whose text does. Empty where none does."""
    concept = _concept(name)
    ranked = []
    for evidence in found:
        headed = list(dict.fromkeys(c for _, c in mentions(_head(evidence)) if c not in GENERIC))
        if concept in headed:
            ranked.append((evidence.raw + SUBJECT * (headed[0] == concept) - OTHERS * min(2, len(headed) - 1), evidence))
    if ranked:
        return [evidence for _, evidence in sorted(ranked, key=lambda pair: (-pair[0], pair[1].hit.passage.id))]
    return [e for e in found if speaks_of(name, e.hit.passage.text)]


def covers(parts: Parts, evidence: Evidence) -> bool:
    """Whether a passage speaks of every part: an answer to a question about something else that names them in passing does not."""
    passage = evidence.hit.passage
    names = [name for name, _ in parts.items]
    if parts.compares and passage.question:
        return all(speaks_of(name, passage.question) for name in names)
    text = " ".join(passage.heading_path) + " " + passage.text
    return all(speaks_of(name, text) or name.lower() in text.lower() for name in names)


def speaks_of(name: str, text: str) -> bool:
    """Whether a text names a thing, in whatever words."""
    if _unknown_compounds(name):
        spaced = name.replace("-", r"[-\s]?")
        return re.search(rf"\b{spaced}\b", text, re.IGNORECASE | re.ASCII) is not None
    concept = _concept(name)
    return any(c == concept for _, c in mentions(text))


def naming_all(names: Sequence[str], units: Sequence[Unit]) -> list[Unit]:
    """The units that name all things that are set beside each other."""
    return [u for u in units if all(speaks_of(name, u.text) for name in names)]


def term_of(name: str) -> str | None:
    """The index's term for a named thing; None where it has none of its own."""
    return None if _unknown_compounds(name) or not mentions(name) else CONCEPT + _concept(name)


def only_about(name: str, units: Sequence[Unit], taken: Sequence[Unit], *, of_it: bool, entry: bool) -> list[Unit]:
    """What a passage with these units says of a part in short. Of an ``entry`` about it: its claim, the points right below it, and what was taken that
    names it; of any other passage what was taken and names it, else all that names it. Where nothing does: all that was taken if the passage is
    ``of_it`` by its heading, else nothing.
    """
    first = {u.start for u in _first_points(units)} if entry else set()
    starts = first | {u.start for u in taken if speaks_of(name, u.text)} or {u.start for u in units if speaks_of(name, u.text)}
    return [u for u in units if u.start in starts] or (list(taken) if of_it else [])


def _first_points(units: Sequence[Unit]) -> Sequence[Unit]:
    """The units before the text that follows the first list, table or formula."""
    return units[: next((i for i in range(1, len(units)) if units[i].kind == "text" and units[i - 1].kind != "text"), len(units))]


def headed(name: str, evidence: Evidence) -> bool:
    """Whether a passage's heading names a thing."""
    return speaks_of(name, _head(evidence))


def _concept(name: str) -> str:
    """The concept that a name is of; the name itself where the glossary does not hold it."""
    if _unknown_compounds(name):
        return name.lower()
    return next((concept for _, concept in mentions(name)), name.lower())


def _head(evidence: Evidence) -> str:
    passage = evidence.hit.passage
    return passage.heading_path[-1] if passage.heading_path else passage.text[:80]
