"""The state of one mock interview, its derived views, and what a follow-up or a retry does to a grade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from rag.interview.plan import InterviewPlan
from rag.records import AskedQuestion, FollowUpAsked, Grade, KeyPoint, PointGrade, Question, Verdict

Phase = Literal["question", "graded", "follow_up", "over", "finished"]
NOTHING_SAID = frozenset({"empty", "dont_know", "echo", "keyword_list", "off_topic"})
"""Flags that say that a reply makes no key point."""
CREDIT: Mapping[Verdict, float] = {"missed": 0.0, "partial": 0.5, "hit": 1.0}


@dataclass(frozen=True, slots=True)
class Correction:
    """A verdict that the candidate set: on one key point, of the grade of reply number ``after``, from 0."""

    point_id: str
    after: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Exchange:
    """What happened on one question. ``grades`` are aligned with ``replies``, each as the grader gave it."""

    question_id: str
    replies: tuple[str, ...] = ()
    grades: tuple[Grade, ...] = ()
    follow_ups: tuple[FollowUpAsked, ...] = ()
    hints: int = 0
    skipped: bool = False
    corrections: tuple[Correction, ...] = ()

    @property
    def retries(self) -> int:
        """How many times the question was answered again."""
        return max(0, len(self.replies) - 1)

    @property
    def lifted(self) -> tuple[Grade, ...]:
        """The grades with what the follow-ups to each reply lifted and the candidate corrected."""
        grades = list(self.grades)
        for asked in self.follow_ups:
            if asked.grade is not None:
                grades[asked.after] = lift(grades[asked.after], asked.grade, asked.point_id)
        return tuple(corrected(own, grade, self.verdicts(n)) for n, (own, grade) in enumerate(zip(self.grades, grades, strict=True)))

    def verdicts(self, after: int) -> dict[str, Verdict]:
        """What the candidate set in the grade of reply number ``after``, by the id of the key point."""
        return {c.point_id: c.verdict for c in self.corrections if c.after == after}

    @property
    def score(self) -> float | None:
        """The best grade, 0..100; None while there is none."""
        return max((grade.score for grade in self.lifted), default=None)


@dataclass(frozen=True, slots=True)
class Interview:
    """One mock interview at one moment. ``started`` and ``finished`` are ISO times; ``exchanges`` are aligned with ``questions``."""

    id: str
    plan: InterviewPlan
    questions: tuple[Question, ...]
    exchanges: tuple[Exchange, ...]
    started: str
    position: int = 0
    phase: Phase = "question"
    finished: str | None = None
    step: int = 0

    @property
    def question_ids(self) -> tuple[str, ...]:
        """The questions in the order they are asked."""
        return tuple(question.id for question in self.questions)

    @property
    def question(self) -> Question | None:
        """The question at hand; None once all were asked."""
        return self.questions[self.position] if self.position < len(self.questions) else None

    @property
    def exchange(self) -> Exchange | None:
        """What happened so far on the question at hand."""
        return self.exchanges[self.position] if self.position < len(self.exchanges) else None

    @property
    def pending(self) -> FollowUpAsked | None:
        """The follow-up that waits for a reply."""
        return self.exchanges[self.position].follow_ups[-1] if self.phase == "follow_up" else None

    @property
    def pending_point(self) -> KeyPoint | None:
        """The key point the pending follow-up is graded against."""
        pending, question = self.pending, self.question
        if pending is None or question is None:
            return None
        return next(point for point in question.key_points if point.id == pending.point_id)

    @property
    def prompt(self) -> str | None:
        """What the candidate is asked now, in the language of the plan."""
        question = self.question
        if question is None or self.phase not in {"question", "follow_up"}:
            return None
        return self.pending.text if self.pending else question.text.in_language(self.plan.language)

    @property
    def hints(self) -> tuple[str, ...]:
        """The hints given so far on the question at hand, in the language of the plan."""
        question, exchange = self.question, self.exchange
        if question is None or exchange is None:
            return ()
        return tuple(text.in_language(self.plan.language) for text in question.hints[: exchange.hints])

    @property
    def score(self) -> float | None:
        """The live score: the mean over the answered questions, 0..100; None before the first grade."""
        scores = [exchange.score for exchange in self.exchanges if exchange.score is not None]
        return sum(scores) / len(scores) if scores else None


@dataclass(frozen=True, slots=True)
class Change:
    """What a retry changed: the ids of key points whose verdict rose or fell, and the difference of the scores in points."""

    gained: tuple[str, ...]
    lost: tuple[str, ...]
    difference: float


def lift(grade: Grade, answer: Grade, point_id: str) -> Grade:
    """The grade after the follow-up on one of its points was answered: the better verdict stands, with its evidence.

    The score rises by the point's share of all weights times the credit won (hit 1, partial 1/2, missed 0), to 100 at most. It never
    falls, and a follow-up reply that says something wrong lifts nothing.
    """
    new = next((point for point in answer.points if point.point_id == point_id), None)
    old = next((point for point in grade.points if point.point_id == point_id), None)
    if new is None or old is None or answer.wrong or CREDIT[new.verdict] <= CREDIT[old.verdict]:
        return grade
    better = replace(old, verdict=new.verdict, evidence=new.evidence, strength=new.strength, citations=new.citations or old.citations)
    share = old.weight / (sum(point.weight for point in grade.points) or 1)
    won = 100.0 * share * (CREDIT[new.verdict] - CREDIT[old.verdict])
    points = tuple(better if point.point_id == point_id else point for point in grade.points)
    return replace(grade, points=points, score=max(grade.score, min(100.0, grade.score + won)))


def corrected(own: Grade, grade: Grade, verdicts: Mapping[str, Verdict]) -> Grade:
    """A grade (``own``, lifted by follow-ups or not) with the verdicts that the candidate sets on points, by id, marked as theirs.

    The score of ``own`` moves by each point's share of all weights times the credit won or lost, within 0 and 100; it is 100 where every point is made and
    nothing wrong is left, and 0 where none is. What was held against a point that now counts is no longer held, nor is what the whole reply was called.
    """
    changed = {point.point_id: verdicts[point.point_id] for point in grade.points if verdicts.get(point.point_id, point.verdict) != point.verdict}
    if not changed:
        return grade
    points = tuple(replace(p, verdict=changed[p.point_id], corrected=True) if p.point_id in changed else p for p in grade.points)
    moved = sum(new.weight * (CREDIT[new.verdict] - CREDIT[old.verdict]) for new, old in zip(points, own.points, strict=True))
    score = max(0.0, min(100.0, own.score + 100.0 * moved / (sum(point.weight for point in points) or 1)))
    made = {point.text for point in points if point.corrected and point.verdict != "missed"}
    wrong = tuple(w for w in grade.wrong if w.against not in made)
    if all(point.verdict == "missed" for point in points):
        score = 0.0
    elif not wrong and all(point.verdict == "hit" for point in points):
        score = 100.0
    flags = tuple(flag for flag in grade.flags if not (made and flag in NOTHING_SAID))
    return replace(grade, points=points, wrong=wrong, flags=flags, score=score)


def compare(before: Grade, after: Grade) -> Change:
    """What changed between two grades of one question, in the order of the later grade's points."""
    was = {point.point_id: CREDIT[point.verdict] for point in before.points}

    def rise(point: PointGrade) -> float:
        return CREDIT[point.verdict] - was.get(point.point_id, 0.0)

    gained = tuple(point.point_id for point in after.points if rise(point) > 0)
    lost = tuple(point.point_id for point in after.points if rise(point) < 0)
    return Change(gained, lost, after.score - before.score)


def change(state: Interview) -> Change | None:
    """What the last retry of the question at hand changed against the reply before it; None when there was none."""
    exchange = state.exchange
    if exchange is None or len(exchange.grades) < 2:
        return None
    return compare(*exchange.lifted[-2:])


def asked_questions(state: Interview) -> tuple[AskedQuestion, ...]:
    """The questions answered or skipped so far, as a report takes them."""
    asked = []
    for question, exchange in zip(state.questions, state.exchanges, strict=True):
        if exchange.grades or exchange.skipped:
            text = question.text.in_language(state.plan.language)
            head = (question.id, text, question.area, question.difficulty)
            asked.append(AskedQuestion(*head, exchange.replies, exchange.lifted, exchange.follow_ups, exchange.hints, exchange.skipped))
    return tuple(asked)
