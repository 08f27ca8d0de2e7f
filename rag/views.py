"""What a judge reads of a passage: its question line and the units that fit the question best, within a budget."""

from __future__ import annotations

from collections.abc import Sequence

from rag.records import Passage, Unit

BUDGET = 180.0
HEAD_BUDGET = 60.0
LATIN = 0.4
READABLE = frozenset({"text", "item", "row", "formula", "code", "question", "pages", "reference"})


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


def view(passage: Passage, units: Sequence[Unit], relevance: Sequence[float], *, headed: bool = True) -> str:
    """A passage as a judge reads it for one question: the head, then the best units in reading order, about 120 tokens in all. The head may be left out."""
    head = clip(passage.question or (passage.heading_path[-1] if passage.heading_path else ""), HEAD_BUDGET) if headed else ""
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
