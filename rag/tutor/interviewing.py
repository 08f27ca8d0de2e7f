"""Mock interviews held: questions chosen, replies graded, every step kept for the candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

from rag import interview as moves
from rag.errors import UserInputError
from rag.grade.feedback import feedback
from rag.history import Attempt, History, SessionState
from rag.history.rows import AttemptKind, SessionStatus
from rag.interview import Exchange, Interview, InterviewPlan
from rag.records import Grade, Question, Remembered, Report, Verdict
from rag.report import make_report
from rag.tutor.grading import MAX_REPLY, Grading


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who is interviewed: a profile of a history, in which every step is kept."""

    history: History
    profile: int


class Interviewing(Grading):
    """Interviews over the library.

    An interview is a frozen state: every method takes one and gives the next, so that any number of people can be interviewed at once. With a
    candidate each step is saved as it happens; the process may die at any point, and :meth:`resume_interview` goes on from the last step.
    """

    def start_interview(self, plan: InterviewPlan, candidate: Candidate | None = None, first: str | None = None) -> Interview:
        """A new interview, waiting for the reply to its first question, which is the one of id ``first`` if that is given and known.

        Mode ``document`` and areas of one's own documents ask what was drawn from them; otherwise the bank is asked, where there is one.

        Raises:
            UserInputError: nothing fits the plan; the message says what to change.
        """
        now = datetime.now(UTC)
        memory: Mapping[str, Remembered] = candidate.history.memory(candidate.profile) if candidate else {}
        moment = end_of_today() if plan.mode == "due" else now
        chosen = moves.choose_questions(self._askable(plan, memory), plan, memory, moment)
        wanted = [question for question in self.pool if question.id == first]
        chosen = (*wanted, *(question for question in chosen if question.id != first))[: plan.number]
        state = moves.start(plan, chosen, uuid4().hex, now)
        _keep(state, candidate, now)
        return state

    def resume_interview(self, interview_id: str, candidate: Candidate) -> Interview:
        """An interview as it stood after its last step.

        Raises:
            UserInputError: the candidate has none of that id.
        """
        return moves.load(candidate.history.session(candidate.profile, interview_id).state)

    def reply(self, state: Interview, text: str, candidate: Candidate | None = None, *, probe: bool = False) -> Interview:
        """Grade the reply to the question or follow-up at hand. With ``probe`` the next follow-up is asked at once where one fits.

        The graded reply, the schedule and the state of the interview are saved together or not at all.

        Raises:
            UserInputError: the reply is empty, nothing was asked, or the interview went on elsewhere.
        """
        question, exchange, prompt = state.question, state.exchange, state.prompt
        if question is None or exchange is None or prompt is None:
            raise UserInputError(f"interview: nothing is asked now; possible: {', '.join(moves.legal(state)) or 'nothing'}", "not_now")
        text = text.strip()[:MAX_REPLY]
        if not text:
            raise UserInputError("interview: the reply is empty; write an answer, or skip the question", "no_reply")
        kind: AttemptKind = "follow_up" if state.pending else "retry" if exchange.grades else "reply"
        graded = self.grade_question(question, text, state.plan.language, state.pending_point, prompt)
        state = moves.reply(state, text, graded)
        if probe and moves.next_follow_up(state):
            state = moves.follow_up(state)
        if candidate is not None:
            attempt = Attempt(question.id, question.area, kind, text, graded, datetime.now(UTC), state.id)
            candidate.history.record_attempt(candidate.profile, attempt, _saved(state))
        return state

    def hint(self, state: Interview, candidate: Candidate | None = None) -> Interview:
        """One hint more on the question at hand."""
        return _keep(moves.hint(state), candidate)

    def skip(self, state: Interview, candidate: Candidate | None = None) -> Interview:
        """Leave what was asked."""
        return _keep(moves.skip(state), candidate)

    def retry(self, state: Interview, candidate: Candidate | None = None) -> Interview:
        """The same question once more."""
        return _keep(moves.retry(state), candidate)

    def follow_up(self, state: Interview, candidate: Candidate | None = None) -> Interview:
        """The follow-up at the most important point that was missed."""
        return _keep(moves.follow_up(state), candidate)

    def correct(self, state: Interview, point_id: str, verdict: Verdict | None, candidate: Candidate | None = None) -> Interview:
        """The candidate's own verdict on a key point of the last reply, or with None the grader's again.

        The kept score of that reply, and with it when the question comes back, follow; saved together with the interview or not at all.
        """
        state = moves.correct(state, point_id, verdict)
        question, exchange = state.question, state.exchange
        if candidate is not None and question is not None and exchange is not None:
            last = len(exchange.grades) - 1
            own = exchange.grades[last]
            grade = moves.corrected(own, own, exchange.verdicts(last))
            candidate.history.correct_attempt(candidate.profile, _saved(state), question.id, "retry" if last else "reply", grade, datetime.now(UTC))
        return state

    def advance(self, state: Interview, candidate: Candidate | None = None) -> Interview:
        """On to the next question."""
        return _keep(moves.advance(state), candidate)

    def finish(self, state: Interview, candidate: Candidate | None = None) -> Report:
        """End the interview."""
        return self.report(_keep(moves.finish(state, datetime.now(UTC)), candidate))

    def abandon(self, state: Interview, candidate: Candidate) -> None:
        """Give an interview up: it is offered no more and has no report; graded replies stay.

        Raises:
            UserInputError: it is finished.
        """
        if state.finished:
            raise UserInputError("interview: it is finished, and its report stays", "not_now")
        given_up = replace(state, step=state.step + 1)
        candidate.history.save_session(candidate.profile, _saved(given_up, "abandoned"), datetime.now(UTC))

    @staticmethod
    def grades(exchange: Exchange) -> tuple[Grade, ...]:
        """The grades of a question with what follow-ups lifted and the candidate corrected; where either did, the feedback is said anew."""
        return tuple(
            lifted if lifted.points == own.points else replace(lifted, feedback=feedback(lifted.points, lifted.wrong, lifted.flags, lifted.language))
            for own, lifted in zip(exchange.grades, exchange.lifted, strict=True)
        )

    def report(self, state: Interview) -> Report:
        """The report on a finished interview, or on what there is of one that goes on."""
        grades = {exchange.question_id: self.grades(exchange) for exchange in state.exchanges}
        asked = [replace(item, grades=grades[item.question_id]) for item in moves.asked_questions(state)]
        questions = {question.id: question for question in state.questions}
        finished = state.finished or datetime.now(UTC).isoformat()
        return make_report(state.id, state.plan.language, state.started, finished, asked, questions, len(questions) - len(asked))

    def _askable(self, plan: InterviewPlan, memory: Mapping[str, Remembered]) -> list[Question]:
        """The questions a plan chooses from: drawn ones only where they are meant, were asked before, or there are no others."""
        pool = self.pool
        if plan.mode == "document" or plan.areas or all(question.automatic for question in pool):
            return list(pool)
        return [question for question in pool if not question.automatic or question.id in memory]


def end_of_today() -> datetime:
    """The end of the day it is on this machine, in UTC: what is due by then is due today."""
    local = datetime.now().astimezone()
    return datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo).astimezone(UTC)


def _saved(state: Interview, status: SessionStatus | None = None) -> SessionState:
    return SessionState(state.id, state.step, moves.dump(state), status or ("finished" if state.finished else "open"))


def _keep(state: Interview, candidate: Candidate | None, at: datetime | None = None) -> Interview:
    if candidate is not None:
        candidate.history.save_session(candidate.profile, _saved(state), at or datetime.now(UTC))
    return state
