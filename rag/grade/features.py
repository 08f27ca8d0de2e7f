"""What is measured of a reply and a key point, by meaning, by words, and by the judge who reads both together."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.grade.reply import Part, Reply, new_terms, size
from rag.judge import CONTRADICTS, ENTAILS, PARTLY, UNRELATED, Judge
from rag.models import Encoder
from rag.text import content_terms, normalise

Floats = npt.NDArray[np.float64]
WINDOW = 260.0
"""A reply of at most so many ideographs is read whole beside each key point, a longer one in windows."""
WINDOWS = 2
"""How many windows, and how many sentences, are read beside each key point: the nearest by meaning."""
SENTENCES = 2
POINT_FEATURES = (
    "whole_entails",
    "whole_partly",
    "whole_contradicts",
    "whole_unrelated",
    "part_entails",
    "part_partly",
    "part_contradicts",
    "near",
    "near_margin",
    "covered",
    "numbers",
    "own_share",
    "length",
    "crossed",
    "parts",
)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w])")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured of one statement (a key point or a misconception) in a reply.

    ``values`` follow POINT_FEATURES; ``best`` is the part of the reply that speaks of the statement most, ``against`` the one that denies it most, with
    the probability that it does.
    """

    values: Floats
    best: Part | None
    against: Part | None
    against_share: float


def windows(reply: Reply) -> list[str]:
    """The reply whole, or in overlapping runs of parts where it is long."""
    if size(reply.body) <= WINDOW or len(reply.parts) < 2:
        return [reply.body[:900]]
    out: list[str] = []
    for first in range(len(reply.parts)):
        taken: list[str] = []
        spent = 0.0
        for part in reply.parts[first:]:
            if taken and spent + size(part.text) > WINDOW:
                break
            taken.append(part.text)
            spent += size(part.text)
        text = " ".join(taken)
        if not out or not out[-1].endswith(text):
            out.append(text)
    return out


def _log(share: float) -> float:
    return math.log(min(max(share, 1e-4), 1.0))


def read(
    question: str,
    statements: Sequence[str],
    reply: Reply,
    encoder: Encoder,
    judge: Judge | None,
    *,
    crossed: bool,
    sentences: int = SENTENCES,
    whole: bool = True,
) -> list[Reading]:
    """A reading of every statement; the judge's pairs are read in one call."""
    if not statements or not reply.parts:
        return [Reading(np.zeros(len(POINT_FEATURES)), None, None, 0.0) for _ in statements]
    texts = windows(reply)
    parts = list(reply.parts)
    vectors = encoder.passages([*statements, *(p.text for p in parts), *(texts if len(texts) > 1 else [])])
    points, pieces, wide = np.split(vectors, [len(statements), len(statements) + len(parts)])
    near = points @ pieces.T
    pairs: list[tuple[str, str]] = []
    plans: list[tuple[list[int], list[int]]] = []
    for n, statement in enumerate(statements):
        seen = [0] if len(texts) == 1 else np.argsort(-(wide @ points[n]), kind="stable")[:WINDOWS].tolist()
        close = np.argsort(-near[n], kind="stable")[:sentences].tolist() if len(parts) > 1 else []
        plans.append((seen, close))
        pairs += [(statement, texts[i]) for i in seen] + [(statement, parts[i].text) for i in close]
    found = judge.entails(pairs) if judge is not None else np.full((len(pairs), 4), 0.25, np.float32)
    own = new_terms(statements, question)
    said = set(reply.terms)
    numbers = set(_NUMBER.findall(normalise(reply.body)))
    asked = set(content_terms(question))
    own_share = sum(t not in asked for t in reply.terms) / max(1, len(reply.terms))
    out: list[Reading] = []
    at = 0
    for n, (seen, close) in enumerate(plans):
        wide_rows = found[at : at + len(seen)]
        single = found[at + len(seen) : at + len(seen) + len(close)]
        at += len(seen) + len(close)
        rows = single if len(single) else wide_rows
        best_whole = min(wide_rows, key=lambda row: float(row[UNRELATED]))
        wanted = set(_NUMBER.findall(normalise(statements[n]))) - set(_NUMBER.findall(normalise(question)))
        order = close or [int(np.argmax(near[n]))]
        speaks = int(np.argmax(rows[:, ENTAILS] + 0.6 * rows[:, PARTLY] + 0.3 * rows[:, CONTRADICTS])) if len(close) else 0
        denies = int(np.argmax(rows[:, CONTRADICTS])) if len(close) else 0
        values = [
            *(_log(float(best_whole[k])) for k in (ENTAILS, PARTLY, CONTRADICTS, UNRELATED)),
            _log(float(rows[:, ENTAILS].max())),
            _log(float(rows[:, PARTLY].max())),
            _log(float(rows[:, CONTRADICTS].max())),
            float(near[n].max()),
            float(near[n].max() - near.mean()),
            len(own[n] & said) / max(1, len(own[n])),
            len(wanted & numbers) / len(wanted) if wanted else 0.5,
            own_share,
            math.log1p(size(reply.body)),
            float(crossed),
            math.log1p(len(parts)),
        ]
        out.append(Reading(np.array(values), parts[order[speaks]], parts[order[denies]], float(rows[:, CONTRADICTS].max())))
    return out
