"""What is measured of a reply and a key point, by meaning, by words, and by the judge who reads both together."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.grade.reply import NUMBER, Part, Reply, new_terms, size
from rag.judge import CONTRADICTS, ENTAILS, PARTLY, UNRELATED, Judge
from rag.models import Encoder
from rag.text import content_terms, normalise

Floats = npt.NDArray[np.float64]
WINDOW = 180.0
"""A reply of at most so many ideographs is read whole beside each key point, a longer one in windows: what the judge reads of two texts holds no more."""
WINDOWS = 2
"""How many windows, and how many sentences, are read beside each key point: the nearest by meaning; beside the question the first windows."""
SENTENCES = 2
NEARNESS = 5.0
"""What a cosine weighs beside the judge's probability when a part is chosen as evidence."""
MAX_MISCONCEPTIONS = 12
NEAR_MISCONCEPTIONS = 4
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
    "believed",
    "believed_nearer",
    "answers",
    "asked_near",
    "others_entailed",
    "others_part_entailed",
    "others_contradicted",
    "others_unrelated",
    "entailed_more",
    "nearer",
    "covered_more",
    "others_covered",
    "others_near",
)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A part of a reply read beside a statement: how near it lies (cosine), and the judge's four probabilities."""

    part: Part
    near: float
    row: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What was measured of one statement (a key point or a misconception) in a reply.

    ``values`` follow POINT_FEATURES; ``best`` is the part of the reply that says most of the statement, ``seen`` are the parts read by themselves.
    """

    values: Floats
    best: Part | None
    seen: tuple[Seen, ...] = ()

    @property
    def near(self) -> float:
        """The cosine of the statement and the part nearest to it."""
        return float(self.values[POINT_FEATURES.index("near")])


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """How surely a part of a reply states a misconception, how near it lies to it (cosine), and the judge's four probabilities of the two."""

    share: float
    near: float
    misconception: str
    part: Part
    row: npt.NDArray[np.float32]


def beliefs(misconceptions: Sequence[str], reply: Reply, encoder: Encoder, judge: Judge | None) -> list[Belief]:
    """The misconceptions that lie nearest to a reply, each with the part nearest to it, surest first; none without a judge."""
    texts = list(misconceptions)[:MAX_MISCONCEPTIONS]
    if not texts or judge is None or not reply.parts:
        return []
    near = encoder.passages([*texts, *(p.text for p in reply.parts)])
    closeness = near[: len(texts)] @ near[len(texts) :].T
    nearest = np.argsort(-closeness.max(axis=1), kind="stable")[:NEAR_MISCONCEPTIONS].tolist()
    found = [(float(closeness[n].max()), texts[n], reply.parts[int(np.argmax(closeness[n]))]) for n in nearest]
    read = judge.entails([(text, part.text) for _, text, part in found])
    likely = (read[:, ENTAILS] + 0.5 * read[:, PARTLY]).tolist()
    shares = [1.0 if _letters(text) == _letters(part.text) else share for share, (_, text, part) in zip(likely, found, strict=True)]
    return sorted((Belief(share, *rest, row) for share, rest, row in zip(shares, found, read, strict=True)), key=lambda b: -b.share)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", normalise(text))


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


def _belief_in(part: Part, near: float, believed: Sequence[Belief]) -> tuple[float, float]:
    """How surely a part states a misconception, and how much nearer it lies to one than to the statement it was read for."""
    here = [b for b in believed if b.part.start == part.start]
    return max((b.share for b in here), default=0.0), max((b.near - near for b in here), default=-0.2)


def _says(rows: npt.NDArray[np.float32], near: npt.NDArray[np.float32]) -> int:
    """Which of the nearest parts says most of a statement: by the judge's reading, and by nearness where it sees no difference."""
    return int(np.argmax(rows[:, ENTAILS] + 0.5 * rows[:, PARTLY] + NEARNESS * near))


def log_share(share: float) -> float:
    """The logarithm of a probability, of at least 1e-4."""
    return math.log(min(max(share, 1e-4), 1.0))


def _beside_others(rows: Floats) -> Floats:
    """What was read of the other statements, and how far each goes beyond them, shape (n, 9): who knows one key point of a question likely knows another.

    A statement without others stands for them itself.
    """
    column = {name: rows[:, POINT_FEATURES.index(name)] for name in ("near", "covered")}
    shares = {k: np.exp(rows[:, POINT_FEATURES.index(k)]) for k in ("whole_entails", "whole_partly", "part_entails", "whole_contradicts", "whole_unrelated")}
    entailed = shares["whole_entails"] + 0.5 * shares["whole_partly"]

    def others(values: Floats) -> Floats:
        return (values.sum() - values) / (len(values) - 1) if len(values) > 1 else values

    rest = (entailed, shares["part_entails"], shares["whole_contradicts"], shares["whole_unrelated"])
    more = (entailed, column["near"], column["covered"])
    return np.stack([*map(others, rest), *(v - others(v) for v in more), others(column["covered"]), others(column["near"])], axis=1)


def read(
    question: str,
    statements: Sequence[str],
    reply: Reply,
    encoder: Encoder,
    judge: Judge | None,
    believed: Sequence[Belief] = (),
    *,
    crossed: bool,
    sentences: int = SENTENCES,
    whole: bool = True,
) -> list[Reading]:
    """A reading of every statement; the judge's pairs are read in one call."""
    if not statements or not reply.parts:
        return [Reading(np.zeros(len(POINT_FEATURES)), None) for _ in statements]
    texts = windows(reply)
    parts = list(reply.parts)
    vectors = encoder.passages([question, *statements, *(p.text for p in parts), *(texts if len(texts) > 1 else [])])
    points, pieces, wide = np.split(vectors[1:], [len(statements), len(statements) + len(parts)])
    near = points @ pieces.T
    # A fluent reply to another question lies near to every key point of the field: whether this one is answered is read for itself.
    answers = log_share(float(judge.addresses([(question, text) for text in texts[:WINDOWS]]).max())) if judge is not None else 0.0
    asked_near = float((pieces @ vectors[0]).max())
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
    numbers = set(NUMBER.findall(normalise(reply.body)))
    asked = set(content_terms(question))
    own_share = sum(t not in asked for t in reply.terms) / max(1, len(reply.terms))
    measured: list[list[float]] = []
    said_best: list[Part] = []
    alone: list[tuple[Seen, ...]] = []
    at = 0
    for n, (seen, close) in enumerate(plans):
        wide_rows = found[at : at + len(seen)]
        single = found[at + len(seen) : at + len(seen) + len(close)]
        at += len(seen) + len(close)
        rows = single if len(single) else wide_rows
        best_whole = min(wide_rows, key=lambda row: float(row[UNRELATED]))
        wanted = set(NUMBER.findall(normalise(statements[n]))) - set(NUMBER.findall(normalise(question)))
        order = close or [int(np.argmax(near[n]))]
        says = _says(rows, near[n][order]) if len(close) else 0
        measured.append(
            [
                *(log_share(float(best_whole[k])) for k in (ENTAILS, PARTLY, CONTRADICTS, UNRELATED)),
                log_share(float(rows[:, ENTAILS].max())),
                log_share(float(rows[:, PARTLY].max())),
                log_share(float(rows[:, CONTRADICTS].max())),
                float(near[n].max()),
                float(near[n].max() - near.mean()),
                len(own[n] & said) / max(1, len(own[n])),
                len(wanted & numbers) / len(wanted) if wanted else 0.5,
                own_share,
                math.log1p(size(reply.body)),
                float(crossed),
                math.log1p(len(parts)),
                *_belief_in(parts[order[0]], float(near[n].max()), believed),
                answers,
                asked_near,
            ]
        )
        said_best.append(parts[order[says]])
        alone.append(tuple(Seen(parts[i], float(near[n][i]), row) for i, row in zip(order, rows, strict=False)))
    table = np.array(measured)
    table = np.hstack([table, _beside_others(table)])
    return [Reading(*one) for one in zip(table, said_best, alone, strict=True)]
