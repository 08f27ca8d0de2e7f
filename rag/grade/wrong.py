"""Which parts of a reply are wrong: a logistic model over what was read of each part beside key points and misconceptions.

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
)
_ANSWERS = POINT_FEATURES.index("answers")


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


def suspects(readings: Sequence[Reading], believed: Sequence[Belief]) -> list[Suspect]:
    """The parts that were read beside statements, in the order of the reply."""
    read = {s.part.start: s.part for r in readings for s in r.seen}
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
            float(readings[0].values[_ANSWERS]),
        ]
        out.append(Suspect(part, np.array(values), beside[int(rows[:, CONTRADICTS].argmax())][0]))
    return out


def rightly_said(readings: Sequence[Reading], shares: Floats, hit_from: float) -> set[int]:
    """Where the parts start that make a key point: what makes one is told to be wrong in nothing."""
    return {r.best.start for r, s in zip(readings, shares.tolist(), strict=True) if r.best is not None and s[0] >= hit_from}
