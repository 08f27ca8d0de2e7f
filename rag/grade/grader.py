"""The grader: key points or a reference, and a reply, to a Grade. Deterministic, offline, no language model.

Each key point is read beside the whole reply and beside its nearest sentences; boosted trees fitted on replies to held-out questions turn what the judge, the
encoder and the words say into the probabilities that the point is hit, half said, missed or contradicted. A weighted sum of credits, contradictions and
misconceptions makes the score. Against a bare reference the score comes from a model fitted on graded short answers (docs/decisions/005).
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from rag.config import Strictness
from rag.errors import UserInputError
from rag.grade.features import Belief, Reading, beliefs, read
from rag.grade.feedback import feedback
from rag.grade.model import Fitted, verdict
from rag.grade.reference import measure, statements_of
from rag.grade.reply import Reply, does_not_know, is_echo, is_empty, is_keyword_list, is_padded
from rag.grade.wrong import Suspect, rightly_said, suspects
from rag.judge import Judge
from rag.models import Encoder
from rag.records import Bilingual, Grade, KeyPoint, Language, PointGrade, Verdict, WrongStatement
from rag.text import language_of

Floats = npt.NDArray[np.float64]
SCORE_FEATURES = ("credit", "against", "most_against", "misconception")
EXPONENT: dict[str, float] = {"lenient": 0.8, "normal": 1.0, "strict": 1.25}
GAMED = frozenset({"echo", "keyword_list"})
GAMED_CAP = 10.0
NOTHING_SAID_CAP = 15.0
MAX_POINTS = 30
BELIEF_FROM = 0.55
"""How surely a sentence must state a misconception to be called one."""
BELIEF_MARGIN = 0.02
"""How much nearer (cosine) a sentence must lie to a misconception than to the key points it is read for, to be called one."""
BELIEF_NEAR = 0.88
"""The nearness to key points of a sentence that was read for none."""
CREDIT: dict[str, float] = {"hit": 1.0, "partial": 0.5, "missed": 0.0}


def key_points_of(rows: Sequence[Mapping[str, Any]]) -> list[KeyPoint]:
    """Key points of one language, as they come from a file: id, text, weight. Weights (1 where there is none) become shares of 100.

    Raises:
        UserInputError: a row without text, or a weight that is no number above 0.
    """
    weights: list[float] = []
    for n, row in enumerate(rows, 1):
        weight = row.get("weight", 1)
        if not isinstance(row.get("text"), str) or not row["text"].strip():
            raise UserInputError(f"grade: key point {n}: field 'text' must be a string, got {row.get('text')!r:.60}")
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < 1e9:
            raise UserInputError(f"grade: key point {n}: field 'weight' must be a number above 0, got {weight!r:.60}")
        weights.append(float(weight))
    shares = [100 * w / sum(weights) for w in weights]
    whole = [int(s) for s in shares]
    for n in sorted(range(len(shares)), key=lambda n: (whole[n] - shares[n], n))[: 100 - sum(whole)]:
        whole[n] += 1
    texts = [str(row["text"]).strip() for row in rows]
    both = [Bilingual(t, "") if language_of(t) == "zh" else Bilingual("", t) for t in texts]
    return [KeyPoint(str(row.get("id", f"k{n}")), w, b) for n, (row, w, b) in enumerate(zip(rows, whole, both, strict=True), 1)]


class Grader:
    """Grades replies. Stateless between calls; safe to share between threads.

    Args:
        encoder: measures nearness.
        judge: reads key point and reply together; without one grades rest on words and nearness alone.
        strictness: how a score is bent: lenient and strict move what lies between 0 and 100 up or down.
    """

    def __init__(self, encoder: Encoder, judge: Judge | None = None, strictness: Strictness = "normal") -> None:
        self.encoder = encoder
        self.judge = judge
        self.strictness = strictness

    def grade(
        self,
        question: str,
        key_points: Sequence[KeyPoint],
        reply: str,
        *,
        reference: str | Sequence[str] | None = None,
        misconceptions: Sequence[Bilingual | str] = (),
        language: Language | None = None,
    ) -> Grade:
        """The grade of a reply to a question.

        Args:
            question: as it was asked.
            key_points: what a good reply says; weights are relative to each other.
            reply: the candidate's words.
            reference: a good reply, or several; used where there are no key points.
            misconceptions: false statements to look for.
            language: of the feedback; by default the question's.

        Raises:
            UserInputError: neither key points nor a reference.
        """
        language = language or language_of(question)
        read_reply = Reply.of(reply)
        references = [reference] if isinstance(reference, str) else list(reference or ())
        references = [r for r in references if r.strip()]
        if not key_points and not references:
            raise UserInputError("grade: give key points or a reference text, one of the two at least")
        flags = self._flags(read_reply, question)
        if key_points:
            return self._by_points(question, list(key_points)[:MAX_POINTS], read_reply, flags, misconceptions, language)
        return self._by_reference(question, references, read_reply, flags, language)

    def prepare(self, question: str, key_points: Sequence[KeyPoint], misconceptions: Sequence[Bilingual | str], language: Language) -> None:
        """Compute ahead what grading a reply in a language will want to know of a question, while the candidate still writes."""
        spoken = [m if isinstance(m, str) else m.in_language(language) for m in misconceptions]
        self.encoder.passages([question, *(p.text.in_language(language) for p in key_points), *spoken])

    @property
    def _fitted(self) -> Fitted:
        return Fitted.shipped(judged=self.judge is not None)

    @staticmethod
    def _flags(reply: Reply, question: str) -> list[str]:
        out = ["instructions"] if reply.orders else []
        if is_empty(reply):
            return [*out, "empty"]
        if does_not_know(reply):
            return [*out, "dont_know"]
        if is_keyword_list(reply):
            out.append("keyword_list")
        elif is_echo(reply, question):
            out.append("echo")
        if is_padded(reply):
            out.append("padding")
        if reply.language != language_of(question):
            out.append("other_language")
        return out

    def _by_points(
        self, question: str, points: list[KeyPoint], reply: Reply, flags: list[str], misconceptions: Sequence[Bilingual | str], language: Language
    ) -> Grade:
        texts = [p.text.in_language(reply.language) for p in points]
        if {"empty", "dont_know"} & set(flags):
            missed = tuple(PointGrade(p.id, t, p.weight, "missed") for p, t in zip(points, _shown(points, language), strict=True))
            return self._finished(question, 0.0, missed, (), flags, language)
        spoken = [m if isinstance(m, str) else m.in_language(reply.language) for m in misconceptions]
        believed = beliefs(spoken, reply, self.encoder, self.judge)
        readings, shares = self.point_shares(question, texts, reply, believed)
        fitted = self._fitted
        # Whatever the trees make of it: the letters of a misconception make no key point.
        recited = {b.part.start for b in believed if b.share >= 1.0}
        for n, reading in enumerate(readings):
            if reading.best is not None and reading.best.start in recited:
                shares[n] = [0.0, 0.0, 1.0, 0.0]
        right = rightly_said(readings, shares, fitted.hit_from)
        false = [b for b in believed if b.part.start not in right]
        doubted = [] if GAMED & set(flags) else self._doubted(readings, believed, right)
        if GAMED & set(flags):
            shares = np.tile([0.0, 0.0, 1.0, 0.0], (len(points), 1))
        verdicts = [cast("Verdict", verdict(row, fitted.hit_from, fitted.partial_from)) for row in shares.tolist()]
        row = score_features(np.array([float(p.weight) for p in points]), shares, verdicts, [b.share for b in false])
        score = float(fitted.score(row[None, :])[0])
        graded = tuple(
            PointGrade(p.id, shown, p.weight, v, r.best.text if r.best is not None and v != "missed" else "", _strength(s))
            for p, shown, v, r, s in zip(points, _shown(points, language), verdicts, readings, shares.tolist(), strict=True)
        )
        wrong = self._wrong(graded, doubted, readings, false)
        if not any(v != "missed" for v in verdicts):
            score = min(score, NOTHING_SAID_CAP)
            if not wrong and not GAMED & set(flags) and "instructions" not in flags:
                flags = [*flags, "off_topic"]
        if GAMED & set(flags):
            score = min(score, GAMED_CAP)
        return self._finished(question, score, graded, wrong, flags, language)

    def point_shares(self, question: str, texts: Sequence[str], reply: Reply, believed: Sequence[Belief] = ()) -> tuple[list[Reading], Floats]:
        """Readings, and the probabilities (n, 4) over hit, partial, missed and contradicted, of key points in a reply."""
        crossed = bool(texts) and language_of(texts[0]) != reply.language
        readings = read(question, texts, reply, self.encoder, self.judge, believed, crossed=crossed)
        return readings, self._fitted.points(np.stack([r.values for r in readings]))

    def _doubted(self, readings: Sequence[Reading], believed: Sequence[Belief], right: Container[int]) -> list[tuple[float, Suspect]]:
        """The parts that make no key point, with the probability that each is wrong; none without a judge, for words alone do not tell a denial."""
        if self.judge is None:
            return []
        seen = [s for s in suspects(readings, believed) if s.part.start not in right]
        if not seen:
            return []
        return list(zip(self._fitted.wrong_shares(np.stack([s.values for s in seen])).tolist(), seen, strict=True))

    def _wrong(
        self, graded: Sequence[PointGrade], doubted: Sequence[tuple[float, Suspect]], readings: Sequence[Reading], false: Sequence[Belief]
    ) -> tuple[WrongStatement, ...]:
        """What was said against key points and what states a misconception, surest first, each part of the reply once."""
        sure = sorted((d for d in doubted if d[0] >= self._fitted.wrong_from), key=lambda d: -d[0])
        found = [WrongStatement(s.part.text, graded[s.against].text) for _, s in sure]
        believed = [WrongStatement(b.part.text, b.misconception, "misconception") for b in false if self._shown_as_belief(b, readings)]
        once: dict[str, WrongStatement] = {}
        for statement in [*found, *believed]:
            once.setdefault(statement.said, statement)
        return tuple(once.values())

    def _shown_as_belief(self, belief: Belief, readings: Sequence[Reading]) -> bool:
        """Whether a belief is told to the candidate: it must be likely, and its words nearer to the misconception than to any key point."""
        nearest = max((r.near for r in readings if r.best is not None and r.best.start == belief.part.start), default=BELIEF_NEAR)
        return belief.share >= BELIEF_FROM and belief.near >= nearest + BELIEF_MARGIN

    def _by_reference(self, question: str, references: list[str], reply: Reply, flags: list[str], language: Language) -> Grade:
        if {"empty", "dont_know"} & set(flags):
            points = statements_of(references[0])
            missed = tuple(PointGrade(p.id, t, p.weight, "missed") for p, t in zip(points, _shown(points, language), strict=True))
            return self._finished(question, 0.0, missed, (), flags, language)
        row, nearest = measure(question, references, reply, self.encoder)
        score = 100.0 * float(self._fitted.reference(row[None, :])[0])
        points = statements_of(nearest)
        shown = _shown(points, language)
        readings, shares = self.point_shares(question, shown, reply)
        fitted = self._fitted
        verdicts = [cast("Verdict", verdict(s, fitted.hit_from, fitted.partial_from)) for s in shares.tolist()]
        graded = tuple(
            PointGrade(p.id, text, p.weight, v, r.best.text if r.best is not None and v != "missed" else "", _strength(s))
            for p, text, v, r, s in zip(points, shown, verdicts, readings, shares.tolist(), strict=True)
        )
        doubted = self._doubted(readings, (), rightly_said(readings, shares, fitted.hit_from))
        wrong = self._wrong(graded, doubted, readings, ())
        if "keyword_list" in flags and len(reply.terms) < 4:
            flags = [f for f in flags if f != "keyword_list"]
        return self._finished(question, score, graded, wrong, flags, language)

    def _finished(
        self, question: str, score: float, points: tuple[PointGrade, ...], wrong: tuple[WrongStatement, ...], flags: Sequence[str], language: Language
    ) -> Grade:
        share = min(1.0, max(0.0, score / 100.0))
        bent = round(100.0 * share ** EXPONENT[self.strictness], 1)
        return Grade(question, bent, points, wrong, tuple(flags), feedback(points, wrong, flags, language), language)


def score_features(weights: Floats, shares: Floats, verdicts: Sequence[str], believed: Sequence[float]) -> Floats:
    """What the score is made of, named by SCORE_FEATURES; weights are those of the key points, ``believed`` how surely misconceptions are stated."""
    mass = weights / max(1e-9, float(weights.sum()))
    probable = float(mass @ (shares[:, 0] + 0.5 * shares[:, 1]))
    told = float(mass @ np.array([CREDIT[v] for v in verdicts]))
    # Probabilities alone agree with people best; half of the credit is what the verdicts say, so that a score can be read off them.
    return np.array([(probable + told) / 2, float(mass @ shares[:, 3]), float(shares[:, 3].max()), max(believed, default=0.0)])


def _shown(points: Sequence[KeyPoint], language: Language) -> list[str]:
    return [p.text.in_language(language) for p in points]


def _strength(shares: Sequence[float]) -> float:
    return round(min(1.0, shares[0] + 0.5 * shares[1]), 4)
