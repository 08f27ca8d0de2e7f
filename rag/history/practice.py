"""Interviews, graded replies, the schedule and the progress they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from rag.errors import UserInputError
from rag.history import schedule
from rag.history.base import Base, hold
from rag.history.rows import Attempt, AttemptKind, DayScore, DueCard, Progress, SavedSession, Scored, SessionState, SessionStatus
from rag.history.tables import attempts, cards, sessions, utc
from rag.jsonable import from_json, to_json
from rag.records import Grade, Remembered


class Practice(Base):
    """The part of the history that knows what was practised."""

    def save_session(self, profile: int, session: SessionState, at: datetime) -> None:
        """Save an interview, new or gone on.

        Raises:
            UserInputError: no such profile, the interview is another profile's, or a state as late was saved already.
        """
        with self._write() as connection:
            hold(connection, profile)
            _save(connection, profile, session, at)

    def record_attempt(self, profile: int, attempt: Attempt, session: SessionState | None = None) -> datetime | None:
        """Save a graded reply together with the state of its interview and the schedule: all three, or nothing.

        Only a first reply (kind ``reply``) moves the schedule: a retry or the reply to a follow-up comes after the feedback.
        Returns when the question is due again, None for the other kinds.

        Raises:
            UserInputError: as :meth:`save_session`; then nothing is saved.
        """
        with self._write() as connection:
            hold(connection, profile)
            if session is not None:
                _save(connection, profile, session, attempt.at)
            connection.execute(
                insert(attempts).values(
                    profile_id=profile,
                    session_id=session.id if session else attempt.session,
                    question_id=attempt.question_id,
                    area=attempt.area,
                    kind=attempt.kind,
                    reply=attempt.reply,
                    score=attempt.grade.score,
                    grade=to_json(attempt.grade),
                    at=attempt.at,
                )
            )
            return _schedule(connection, profile, attempt) if attempt.kind == "reply" else None

    def correct_attempt(self, profile: int, session: SessionState, question_id: str, kind: AttemptKind, grade: Grade, at: datetime) -> None:
        """Give the last reply of a kind to a question of an interview another grade, and save that interview with it.

        Where it is a first reply the question is scheduled anew, from all its first replies.

        Raises:
            UserInputError: as :meth:`save_session`; then nothing is saved.
        """
        with self._write() as connection:
            hold(connection, profile)
            _save(connection, profile, session, at)
            wanted = (attempts.c.profile_id == profile, attempts.c.question_id == question_id, attempts.c.kind == kind, attempts.c.session_id == session.id)
            found = connection.execute(select(attempts.c.id).where(*wanted).order_by(attempts.c.id.desc()).limit(1)).scalar()
            if found is None:
                return
            connection.execute(update(attempts).where(attempts.c.id == found).values(score=grade.score, grade=to_json(grade)))
            if kind == "reply":
                _schedule_anew(connection, profile, question_id)

    def session(self, profile: int, session_id: str) -> SavedSession:
        """An interview as saved last.

        Raises:
            UserInputError: this profile has none of that id.
        """
        with self._read() as connection:
            row = connection.execute(select(sessions).where(sessions.c.id == session_id, sessions.c.profile_id == profile)).first()
        if row is None:
            raise UserInputError(f"history: profile {profile} has no interview {session_id!r}", "no_interview")
        return _session(row)

    def sessions(self, profile: int, status: SessionStatus | None = None, limit: int = 100) -> tuple[SavedSession, ...]:
        """The interviews of a profile, the one played last first; those of one status if it is given."""
        query = select(sessions).where(sessions.c.profile_id == profile).order_by(sessions.c.updated.desc(), sessions.c.id).limit(limit)
        if status is not None:
            query = query.where(sessions.c.status == status)
        with self._read() as connection:
            return tuple(_session(row) for row in connection.execute(query))

    def attempts(self, profile: int, question_id: str | None = None, session_id: str | None = None, limit: int = 1000) -> tuple[Attempt, ...]:
        """The graded replies of a profile, newest first; of one question or one interview if it is given."""
        query = select(attempts).where(attempts.c.profile_id == profile).order_by(attempts.c.at.desc(), attempts.c.id.desc()).limit(limit)
        if question_id is not None:
            query = query.where(attempts.c.question_id == question_id)
        if session_id is not None:
            query = query.where(attempts.c.session_id == session_id)
        with self._read() as connection:
            return tuple(_attempt(row) for row in connection.execute(query))

    def scores(self, profile: int) -> tuple[Scored, ...]:
        """The scores of all graded replies of a profile, newest first; quick also where there are thousands, as no grade is read."""
        wanted = (attempts.c.question_id, attempts.c.area, attempts.c.kind, attempts.c.score)
        query = select(*wanted).where(attempts.c.profile_id == profile).order_by(attempts.c.at.desc(), attempts.c.id.desc())
        with self._read() as connection:
            return tuple(Scored(*row) for row in connection.execute(query))

    def texts(self, profile: int, question_ids: Iterable[str]) -> dict[str, str]:
        """How questions were put when they were answered last, by question id."""
        ids = list(question_ids)
        if not ids:
            return {}
        mine = (attempts.c.profile_id == profile, attempts.c.kind != "follow_up", attempts.c.question_id.in_(ids))
        newest = select(func.max(attempts.c.id)).where(*mine).group_by(attempts.c.question_id)
        with self._read() as connection:
            rows = connection.execute(select(attempts.c.question_id, attempts.c.grade).where(attempts.c.id.in_(newest))).all()
        return {row.question_id: from_json(Grade, row.grade).question for row in rows}

    def memory(self, profile: int) -> dict[str, Remembered]:
        """What is known of each question this profile was asked, by question id."""
        with self._read() as connection:
            rows = connection.execute(select(cards).where(cards.c.profile_id == profile).order_by(cards.c.question_id)).all()
        return {row.question_id: Remembered(row.question_id, row.last_score, row.reviews, row.last_asked, row.due) for row in rows}

    def due(self, profile: int, now: datetime) -> tuple[DueCard, ...]:
        """The questions whose review is due at ``now``, longest overdue first; for "due today" pass the end of the person's day."""
        query = select(cards).where(cards.c.profile_id == profile, cards.c.due <= utc(now)).order_by(cards.c.due, cards.c.question_id)
        with self._read() as connection:
            return tuple(DueCard(row.question_id, row.due, row.last_score, row.reviews) for row in connection.execute(query))

    def streak(self, profile: int, today: date, zone: tzinfo = UTC) -> int:
        """Days in a row with a graded reply, up to today, or up to yesterday while today has none; days are those of ``zone``."""
        with self._read() as connection:
            times = connection.execute(select(attempts.c.at).where(attempts.c.profile_id == profile)).scalars()
            days = {time.astimezone(zone).date() for time in times}
        day = today if today in days else today - timedelta(days=1)
        count = 0
        while day in days:
            count += 1
            day -= timedelta(days=1)
        return count

    def progress(self, profile: int, zone: tzinfo = UTC, since: datetime | None = None) -> Progress:
        """Daily mean scores, overall and by area. First replies count only, so that retrying after the feedback draws no finer curve."""
        query = select(attempts.c.at, attempts.c.area, attempts.c.score).where(attempts.c.profile_id == profile, attempts.c.kind == "reply")
        if since is not None:
            query = query.where(attempts.c.at >= utc(since))
        overall: dict[date, list[float]] = {}
        areas: dict[str, dict[date, list[float]]] = {}
        with self._read() as connection:
            for row in connection.execute(query.order_by(attempts.c.at, attempts.c.id)):
                day = row.at.astimezone(zone).date()
                overall.setdefault(day, []).append(row.score)
                areas.setdefault(row.area, {}).setdefault(day, []).append(row.score)
        return Progress(_curve(overall), {area: _curve(areas[area]) for area in sorted(areas)})


def _save(connection: Connection, profile: int, session: SessionState, at: datetime) -> None:
    row = connection.execute(select(sessions.c.profile_id, sessions.c.step).where(sessions.c.id == session.id).with_for_update()).first()
    values = {"status": session.status, "step": session.step, "state": dict(session.state), "updated": at}
    if row is None:
        connection.execute(insert(sessions).values(id=session.id, profile_id=profile, created=at, **values))
    elif row.profile_id != profile:
        raise UserInputError(f"history: profile {profile} has no interview {session.id!r}", "no_interview")
    elif row.step >= session.step:
        told = f"history: interview {session.id!r} went on elsewhere (step {row.step}, this is {session.step}); load it again"
        raise UserInputError(told, "went_on")
    else:
        connection.execute(update(sessions).where(sessions.c.id == session.id).values(**values))


def _schedule(connection: Connection, profile: int, attempt: Attempt) -> datetime:
    this = (cards.c.profile_id == profile, cards.c.question_id == attempt.question_id)
    row = connection.execute(select(cards).where(*this)).first()
    state, due = schedule.review(None if row is None else row.state, attempt.grade.score, utc(attempt.at))
    values = {"state": state, "due": due, "last_score": attempt.grade.score, "last_asked": attempt.at}
    if row is None:
        connection.execute(insert(cards).values(profile_id=profile, question_id=attempt.question_id, reviews=1, **values))
    else:
        connection.execute(update(cards).where(*this).values(reviews=row.reviews + 1, **values))
    return due


def _schedule_anew(connection: Connection, profile: int, question_id: str) -> None:
    """The card of a question as its first replies leave it, one after the other."""
    first = (attempts.c.profile_id == profile, attempts.c.question_id == question_id, attempts.c.kind == "reply")
    rows = connection.execute(select(attempts.c.score, attempts.c.at).where(*first).order_by(attempts.c.at, attempts.c.id)).all()
    state: Mapping[str, Any] | None = None
    values: dict[str, Any] = {}
    for row in rows:
        state, due = schedule.review(state, row.score, utc(row.at))
        values = {"state": state, "due": due, "last_score": row.score, "last_asked": row.at, "reviews": values.get("reviews", 0) + 1}
    connection.execute(update(cards).where(cards.c.profile_id == profile, cards.c.question_id == question_id).values(**values))


def _session(row: Row[tuple[object, ...]]) -> SavedSession:
    return SavedSession(row.id, row.profile_id, row.status, row.step, row.state, row.created, row.updated)


def _attempt(row: Row[tuple[object, ...]]) -> Attempt:
    return Attempt(row.question_id, row.area, row.kind, row.reply, from_json(Grade, row.grade), row.at, row.session_id)


def _curve(days: Mapping[date, list[float]]) -> tuple[DayScore, ...]:
    return tuple(DayScore(day, sum(scores) / len(scores), len(scores)) for day, scores in sorted(days.items()))
