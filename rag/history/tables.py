"""The tables, in portable types. What changes here needs a new script in ``migrations/versions``; a test compares the two."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, DateTime, Dialect, Double, ForeignKey, Index, Integer, MetaData, String, Table, Text, TypeDecorator

from rag.errors import UserInputError
from rag.jsonable import clean


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept and given back in UTC (SQLite would give it back without its zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CleanText(TypeDecorator[str]):
    """Text as people type it; NUL and lone surrogates, which no database takes, become U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else clean(value)


class Json(TypeDecorator[Any]):
    """JSON as ASCII text, exact for any string on any database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return json.dumps(value, allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def utc(moment: datetime) -> datetime:
    """The same moment in UTC.

    Raises:
        UserInputError: it has no time zone.
    """
    if moment.tzinfo is None:
        raise UserInputError(f"history: the time {moment.isoformat()} has no time zone; give an aware one")
    return moment.astimezone(UTC)


def _profile(nullable: bool = False) -> Column[int]:
    return Column("profile_id", Integer, ForeignKey("profiles.id", ondelete="CASCADE"), nullable=nullable)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

profiles = Table(
    "profiles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("created", UtcTime, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    _profile(),
    Column("status", String(16), nullable=False),
    Column("step", Integer, nullable=False),
    Column("state", Json, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("updated", UtcTime, nullable=False),
    Index(None, "profile_id", "updated"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    _profile(),
    Column("session_id", String(64), ForeignKey("sessions.id", ondelete="SET NULL"), index=True),
    Column("question_id", String(200), nullable=False),
    Column("area", String(80), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reply", CleanText, nullable=False),
    Column("score", Double, nullable=False),
    Column("grade", Json, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(None, "profile_id", "at"),
    Index(None, "profile_id", "question_id"),
)

cards = Table(
    "cards",
    metadata,
    Column("profile_id", Integer, ForeignKey("profiles.id", ondelete="CASCADE"), primary_key=True),
    Column("question_id", String(200), primary_key=True),
    Column("state", Json, nullable=False),
    Column("due", UtcTime, nullable=False),
    Column("last_score", Double, nullable=False),
    Column("last_asked", UtcTime, nullable=False),
    Column("reviews", Integer, nullable=False),
    Index(None, "profile_id", "due"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("conversation_id", String(64), ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _profile(nullable=True),
    Column("kind", String(16), nullable=False),
    Column("question", CleanText, nullable=False),
    Column("answer", Json, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(None, "profile_id", "at"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(64), primary_key=True),
    _profile(nullable=True),
    Column("browser", String(64)),
    Column("title", CleanText, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("updated", UtcTime, nullable=False),
    Index(None, "profile_id", "updated"),
    Index(None, "browser", "updated"),
)

messages = Table(
    "messages",
    metadata,
    Column("conversation_id", String(64), ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("message", Json, nullable=False),
    Column("at", UtcTime, nullable=False),
)
