"""What a judge reads of a passage: its question line and the units that fit the question best, within a budget."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.records import Passage, Unit

BUDGET = 180.0
HEAD_BUDGET = 60.0
LATIN = 0.4
READABLE = frozenset({"text", "item", "row", "formula", "code", "question", "pages", "reference"})
_WHAT_IS = re.compile(
    r"(?:什么|何)是\s*(?P<zh>[^，,；;？?的和与]{1,40}?)\s*[？?]?|What (?:is|are) (?:an? |the )?(?P<en>[^\s?]+(?: [^\s?]+){0,3})\s*\??",
    re.IGNORECASE,
)


def weight(text: str) -> float:
    """The length of a text in ideographs; a Latin letter counts 0.4 of one, about their ratio in tokens."""
    wide = sum(ord(c) > 0x2E80 for c in text)
    return wide + LATIN * (len(text) - wide)


def clip(text: str, budget: float) -> str:
    """The beginning of a text that fits a budget."""
    spent = 0.0
    for at, char in enumerate(text):
        spent += 1.0 if ord(char) > 0x2E80 else LATIN
        if spent > budget:
            return text[:at]
    return text


def head_of(passage: Passage) -> str:
    """What stands over a passage as a judge reads it: its question line or heading; of a line that only asks what a thing is, the thing.

    What the judge was trained on held such lines over passages that do not answer far more often than over such that do.
    """
    line = passage.question or (passage.heading_path[-1] if passage.heading_path else "")
    only = _WHAT_IS.fullmatch(line.strip())
    return only["zh"] or only["en"] if only else line


def view(passage: Passage, units: Sequence[Unit], relevance: Sequence[float], *, headed: bool = True) -> str:
    """A passage as a judge reads it for one question: the head, then the best units in reading order, about 120 tokens in all. The head may be left out."""
    head = clip(head_of(passage), HEAD_BUDGET) if headed else ""
    usable = [(r, u) for r, u in zip(relevance, units, strict=True) if u.kind in READABLE and (headed or u.kind != "question")]
    left = BUDGET - weight(head)
    taken: list[Unit] = []
    for _, unit in sorted(usable, key=lambda pair: (-pair[0], pair[1].start)):
        cost = weight(unit.text)
        if taken and cost > left:
            continue
        taken.append(unit)
        left -= cost
        if left <= 0:
            break
    body = " ".join(clip(u.text, BUDGET) for u in sorted(taken, key=lambda u: u.start))
    return f"{head}\n{body}" if head else body
