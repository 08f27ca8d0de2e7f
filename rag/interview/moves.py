"""The transitions of one mock interview: frozen states, pure transitions; no I/O, no clock, no chance but the plan's seed.

    question   --reply-->  graded       a hint, or a skip to the next question, is possible before the reply
    graded     --retry-->  question     the same question again; a skip there keeps the grade
    graded     --follow_up--> follow_up --reply--> graded      at most two a question; a skip declines it
    graded     --correct-->  graded     the candidate sets a verdict, or takes that back
    graded     --advance-->  question   of the next one, or `over` after the last
    any        --finish-->  finished

Every state holds its questions in full and converts to JSON and back exactly (:func:`dump`, :func:`load`), so that an interview goes
on after a restart even when the bank was edited meanwhile. ``step`` counts the transitions: a later state has a higher one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from rag.errors import UserInputError
from rag.interview.plan import InterviewPlan
from rag.interview.saved import checked
from rag.interview.state import CREDIT, Correction, Exchange, Interview, Phase
from rag.records import FollowUp, FollowUpAsked, Grade, Question, Verdict

Action = Literal["reply", "hint", "skip", "retry", "follow_up", "correct", "advance", "finish"]
MAX_FOLLOW_UPS = 2


def start(plan: InterviewPlan, questions: Sequence[Question], interview_id: str, at: datetime) -> Interview:
    """A new interview over these questions, in this order, waiting for the reply to the first.

    Raises:
        UserInputError: no question, one of them twice, or no id.
    """
    exchanges = tuple(Exchange(question.id) for question in questions)
    return checked(Interview(interview_id, plan, tuple(questions), exchanges, at.isoformat()))


def reply(state: Interview, text: str, grade: Grade) -> Interview:
    """The reply to the question or the follow-up at hand, with its grade (for a follow-up: of its one key point).

    Raises:
        UserInputError: nothing was asked, or the grade is of other key points.
    """
    question, exchange = _require(state, "reply")
    graded = {point.point_id for point in grade.points}
    if (pending := state.pending) is not None:
        if graded != {pending.point_id}:
            raise UserInputError(f"interview: the follow-up is about key point {pending.point_id}, the grade is of {_names(graded)}")
        answered = replace(pending, reply=text, grade=grade)
        # What the candidate had set on this point before stands unless this answer earns more.
        earned = 0.0 if grade.wrong else max(CREDIT[point.verdict] for point in grade.points)
        stale = {(c.point_id, c.after) for c in exchange.corrections if CREDIT[c.verdict] < earned} & {(pending.point_id, pending.after)}
        corrections = tuple(c for c in exchange.corrections if (c.point_id, c.after) not in stale)
        return _moved(state, replace(exchange, follow_ups=(*exchange.follow_ups[:-1], answered), corrections=corrections), "graded")
    expected = {point.id for point in question.key_points}
    if expected and graded != expected:
        raise UserInputError(f"interview: question {question.id} has the key points {_names(expected)}, the grade is of {_names(graded)}")
    return _moved(state, replace(exchange, replies=(*exchange.replies, text), grades=(*exchange.grades, grade)), "graded")


def hint(state: Interview) -> Interview:
    """One hint more; :attr:`~rag.interview.state.Interview.hints` has its text.

    Raises:
        UserInputError: no question waits for a reply, or all its hints were given.
    """
    _, exchange = _require(state, "hint")
    return _moved(state, replace(exchange, hints=exchange.hints + 1), "question")


def skip(state: Interview) -> Interview:
    """Leave what was asked: a follow-up or a retry goes back to the grade there is, an unanswered question is passed over.

    Raises:
        UserInputError: nothing was asked.
    """
    _, exchange = _require(state, "skip")
    if exchange.grades:
        return _moved(state, exchange, "graded")
    return _next(_moved(state, replace(exchange, skipped=True), "question"))


def retry(state: Interview) -> Interview:
    """The same question once more; after the reply :func:`change` tells what it brought.

    Raises:
        UserInputError: the question at hand has no grade yet.
    """
    _, exchange = _require(state, "retry")
    return _moved(state, exchange, "question")


def follow_up(state: Interview) -> Interview:
    """Put the follow-up that :func:`next_follow_up` names.

    Raises:
        UserInputError: there is no grade yet, two were put already, or none in the bank fits what was missed.
    """
    _, exchange = _require(state, "follow_up")
    chosen = next_follow_up(state)
    assert chosen is not None  # _require has seen it
    asked = FollowUpAsked(chosen.point, chosen.text.in_language(state.plan.language), len(exchange.grades) - 1)
    return _moved(state, replace(exchange, follow_ups=(*exchange.follow_ups, asked)), "follow_up")


def correct(state: Interview, point_id: str, verdict: Verdict | None) -> Interview:
    """A verdict set by the candidate on a key point of the last reply, or with None the grader's again; the last word is theirs.

    Raises:
        UserInputError: the question at hand has no grade, or no such key point.
    """
    _, exchange = _require(state, "correct")
    last = len(exchange.grades) - 1
    known = {point.point_id for point in exchange.grades[last].points}
    if point_id not in known:
        raise UserInputError(f"interview: the reply was graded against the key points {_names(known)}, not {point_id!r:.60}")
    kept = tuple(c for c in exchange.corrections if (c.point_id, c.after) != (point_id, last))
    new = () if verdict is None else (Correction(point_id, last, verdict),)
    return _moved(state, replace(exchange, corrections=(*kept, *new)), "graded")


def advance(state: Interview) -> Interview:
    """On to the next question; after the last one only :func:`finish` is left.

    Raises:
        UserInputError: the question at hand has no grade yet (it can be skipped).
    """
    _, exchange = _require(state, "advance")
    return _next(_moved(state, exchange, "graded"))


def finish(state: Interview, at: datetime) -> Interview:
    """End the interview. A question that waits for its first reply counts as skipped; later ones were never asked.

    Raises:
        UserInputError: it is finished already.
    """
    if "finish" not in legal(state):
        raise _illegal(state, "finish")
    exchange = state.exchange
    if exchange is not None and not exchange.grades:
        state = _moved(state, replace(exchange, skipped=True), state.phase, steps=0)
    return replace(state, phase="finished", finished=at.isoformat(), step=state.step + 1)


def legal(state: Interview) -> tuple[Action, ...]:
    """The transitions that are possible now."""
    question, exchange = state.question, state.exchange
    if state.phase == "finished":
        return ()
    if state.phase == "over" or question is None or exchange is None:
        return ("finish",)
    if state.phase == "graded":
        more: tuple[Action, ...] = ("follow_up",) if next_follow_up(state) else ()
        known: tuple[Action, ...] = ("correct",) if exchange.grades[-1].points else ()
        return ("retry", *more, *known, "advance", "finish")
    hints: tuple[Action, ...] = ("hint",) if state.phase == "question" and exchange.hints < len(question.hints) else ()
    return ("reply", *hints, "skip", "finish")


def next_follow_up(state: Interview) -> FollowUp | None:
    """The follow-up to put now: at the heaviest missed key point the bank has one for, else at the heaviest half-said one.

    A point is followed up once a question, and a question has at most two follow-ups; None when there is none to put.
    """
    question, exchange = state.question, state.exchange
    if state.phase != "graded" or question is None or exchange is None or len(exchange.follow_ups) >= MAX_FOLLOW_UPS:
        return None
    done = {asked.point_id for asked in exchange.follow_ups}
    bank: dict[str, FollowUp] = {}
    for candidate in question.follow_ups:
        bank.setdefault(candidate.point, candidate)
    known = {point.id for point in question.key_points}
    open_points = [p for p in exchange.lifted[-1].points if p.verdict != "hit" and p.point_id in bank and p.point_id in known - done]
    open_points.sort(key=lambda p: (CREDIT[p.verdict], -p.weight))
    return bank[open_points[0].point_id] if open_points else None


def _names(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))


def _illegal(state: Interview, action: Action) -> UserInputError:
    phase = {
        "question": "the question waits for a reply",
        "graded": "the reply is graded",
        "follow_up": "the follow-up waits for a reply",
        "over": "all questions were asked",
        "finished": "the interview is finished",
    }[state.phase]
    return UserInputError(f"interview: cannot {action} now: {phase}; possible: {', '.join(legal(state)) or 'nothing'}", "not_now")


def _require(state: Interview, action: Action) -> tuple[Question, Exchange]:
    if action not in legal(state):
        raise _illegal(state, action)
    return state.questions[state.position], state.exchanges[state.position]


def _moved(state: Interview, exchange: Exchange, phase: Phase, steps: int = 1) -> Interview:
    exchanges = (*state.exchanges[: state.position], exchange, *state.exchanges[state.position + 1 :])
    return replace(state, exchanges=exchanges, phase=phase, step=state.step + steps)


def _next(state: Interview) -> Interview:
    position = state.position + 1
    return replace(state, position=position, phase="question" if position < len(state.questions) else "over")
