"""A reply cut into clauses with exact offsets, and windows of neighbouring clauses: what is held against a key point."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.text import split_sentences

_COMMA_ZH = "，、；：—"
_EN_JOIN = re.compile(
    r"\b(?:because|since|so that|so|but|while|whereas|which|although|though|therefore|thus|hence|rather than|instead of|and then|and(?= (?:the|it|they|a|this|that|we|you)\b))\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[A-Za-z]+|\d+(?:\.\d+)?|[^\s\w]")
_OPENERS, _CLOSERS = "（(［[【{《“「『", "）)］]】}》”」』"
MIN_UNITS = 6
"""A clause shorter than this (ideographs, words, numbers, signs) joins its neighbour."""
MAX_CLAUSES = 48
"""A reply is read up to this many clauses; neighbours are joined beyond it, so that nothing is left out."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a reply: ``reply[start:end] == text``; ``sentence`` is the number of its sentence."""

    start: int
    end: int
    text: str
    sentence: int
    units: int


@dataclass(frozen=True, slots=True)
class Window:
    """Neighbouring clauses ``first .. last`` (both included) read as one."""

    first: int
    last: int
    text: str


def units(text: str) -> int:
    """How much a text says: ideographs, Latin words, numbers and signs count one each, punctuation nothing."""
    return sum(1 for m in _WORD.finditer(text) if m.group()[0].isalnum() or m.group()[0] in "=<>+*/×∝≈≤≥^")


def split_clauses(text: str) -> list[Clause]:
    """The clauses of a text in reading order; every character that is not white space lies in exactly one."""
    clauses: list[Clause] = []
    for number, (start, end) in enumerate(split_sentences(text)):
        cuts = [start, *_cuts(text, start, end), end]
        spans = _joined(text, [s for a, b in zip(cuts, cuts[1:], strict=False) if (s := _trimmed(text, a, b))])
        clauses.extend(Clause(s, e, text[s:e], number, units(text[s:e])) for s, e in spans)
    while len(clauses) > MAX_CLAUSES:
        clauses = _halved(text, clauses)
    return clauses


def _cuts(text: str, start: int, end: int) -> list[int]:
    """Where a sentence may be cut: after commas outside brackets, before joining words."""
    cuts: list[int] = []
    depth = 0
    for i in range(start, end):
        char = text[i]
        if char in _OPENERS:
            depth += 1
        elif char in _CLOSERS:
            depth = max(0, depth - 1)
        elif depth == 0 and (
            char in "，；：—" or (char in ",;:" and i + 1 < end and text[i + 1].isspace()) or (char == "," and i + 1 < end and ord(text[i + 1]) > 0x2E80)
        ):
            cuts.append(i + 1)
    cuts.extend(m.start() for m in _EN_JOIN.finditer(text, start, end) if m.start() > start)
    return sorted(set(cuts))


def _joined(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans with the short ones joined to the next, the last one to its forerunner."""
    out: list[tuple[int, int]] = []
    for span in spans:
        if out and units(text[out[-1][0] : out[-1][1]]) < MIN_UNITS:
            out[-1] = (out[-1][0], span[1])
        else:
            out.append(span)
    if len(out) > 1 and units(text[out[-1][0] : out[-1][1]]) < MIN_UNITS:
        last = out.pop()
        out[-1] = (out[-1][0], last[1])
    return out


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if end > start else None


def _halved(text: str, clauses: list[Clause]) -> list[Clause]:
    out: list[Clause] = []
    for i in range(0, len(clauses), 2):
        pair = clauses[i : i + 2]
        start, end = pair[0].start, pair[-1].end
        out.append(Clause(start, end, text[start:end], pair[0].sentence, sum(c.units for c in pair)))
    return out


def windows(text: str, clauses: list[Clause], longest: int = 3) -> list[Window]:
    """All runs of up to ``longest`` neighbouring clauses, by first clause, shorter ones first."""
    return [Window(i, j, text[clauses[i].start : clauses[j].end]) for i in range(len(clauses)) for j in range(i, min(len(clauses), i + longest))]
