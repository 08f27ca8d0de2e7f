"""Which parts of a reply are wrong: boosted trees over what was read of each part beside key points and misconceptions, and of the whole reply.

That a part denies one key point is a weak sign by itself, as the judge finds a contradiction in many a true sentence on something else. With how far the part
says any other key point, what it makes of misconceptions, and whether the reply answers the question at all, it tells: fitted by ``training/fit_grader.py``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.grade.features import POINT_FEATURES, Belief, Reading, log_share
from rag.grade.reply import Part
from rag.judge import CONTRADICTS, ENTAILS, PARTLY

Floats = npt.NDArray[np.float64]
PART_FEATURES = (
    "contradicts",
    "entails",
    "partly",
    "near",
    "false_read",
    "false_contradicts",
    "false_partly",
    "false_nearer",
    "parts",
    "answers",
    "reply_entails",
    "reply_entails_most",
    "reply_contradicts",
    "reply_contradicts_most",
    "reply_unrelated",
    "reply_covers",
    "reply_near",
    "asked_near",
    "length",
)


@dataclass(frozen=True, slots=True, eq=False)
class Suspect:
    """A part of a reply that was read by itself.

    Attributes:
        values: follow PART_FEATURES.
        against: the number of the statement that it denies most.
    """

    part: Part
    values: Floats
    against: int


def _of_the_reply(readings: Sequence[Reading]) -> list[float]:
    """What was read of the whole reply, over all statements: who says much that is wrong says one thing wrong more likely."""
    rows = np.stack([r.values for r in readings])
    column = {name: rows[:, POINT_FEATURES.index(name)] for name in ("whole_entails", "whole_contradicts", "whole_unrelated", "covered", "near")}
    entails, contradicts, unrelated = (np.exp(column[name]) for name in ("whole_entails", "whole_contradicts", "whole_unrelated"))
    means = (entails.mean(), entails.max(), contradicts.mean(), contradicts.max(), unrelated.mean(), column["covered"].mean(), column["near"].mean())
    return [*map(float, means), *(float(rows[0, POINT_FEATURES.index(name)]) for name in ("asked_near", "length"))]


def suspects(readings: Sequence[Reading], believed: Sequence[Belief]) -> list[Suspect]:
    """The parts that were read beside statements, in the order of the reply."""
    read = {s.part.start: s.part for r in readings for s in r.seen}
    whole = _of_the_reply(readings) if read else []
    out = []
    for start, part in sorted(read.items()):
        beside = [(n, s) for n, r in enumerate(readings) for s in r.seen if s.part.start == start]
        rows = np.stack([s.row for _, s in beside])
        near = max(s.near for _, s in beside)
        false = [b for b in believed if b.part.start == start]
        values = [
            *(log_share(float(rows[:, k].max())) for k in (CONTRADICTS, ENTAILS, PARTLY)),
            near,
            float(bool(false)),
            *(max((log_share(float(b.row[k])) for b in false), default=-3.0) for k in (CONTRADICTS, PARTLY)),
            max((b.near - near for b in false), default=-0.05),
            math.log1p(len(read)),
            float(readings[0].values[POINT_FEATURES.index("answers")]),
            *whole,
        ]
        out.append(Suspect(part, np.array(values), beside[int(rows[:, CONTRADICTS].argmax())][0]))
    return out


def rightly_said(readings: Sequence[Reading], shares: Floats, hit_from: float) -> set[int]:
    """Where the parts start that make a key point: what makes one is told to be wrong in nothing."""
    return {r.best.start for r, s in zip(readings, shares.tolist(), strict=True) if r.best is not None and s[0] >= hit_from}
