"""Profiles: several people on one machine, each with the right to take or delete what is kept of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from rag.errors import UserInputError
from rag.history.base import Base, hold
from rag.history.rows import Profile
from rag.history.tables import conversations, feedback, metadata, profiles

EXPORT_FORMAT = 1
MAX_NAME = 80


class Profiles(Base):
    """The part of the history that knows people."""

    def profiles(self) -> tuple[Profile, ...]:
        """All profiles, by name."""
        with self._read() as connection:
            rows = connection.execute(select(profiles).order_by(profiles.c.name)).all()
        return tuple(Profile(row.id, row.name, row.created) for row in rows)

    def profile(self, name: str, at: datetime) -> Profile:
        """The profile of that name, made at ``at`` when there is none.

        Raises:
            UserInputError: the name is empty, too long or holds control characters.
        """
        name = _name(name)
        found = self._by_name(name)
        if found is None:
            try:
                with self._write() as connection:
                    connection.execute(insert(profiles).values(name=name, created=at))
            except IntegrityError:
                pass  # another process made it meanwhile
            found = self._by_name(name)
        assert found is not None
        return found

    def rename_profile(self, profile: int, name: str) -> None:
        """Give a profile another name.

        Raises:
            UserInputError: no such profile, or the name is taken or unfit.
        """
        name = _name(name)
        try:
            with self._write() as connection:
                hold(connection, profile)
                connection.execute(update(profiles).where(profiles.c.id == profile).values(name=name))
        except IntegrityError as error:
            raise UserInputError(f"history: there is a profile named {name!r} already", "profile_taken", {"name": name}) from error

    def export_all(self, profile: int, browser: str | None = None) -> dict[str, Any]:
        """Everything kept of a profile, as JSON values: one list of rows a table, times in ISO format.

        With the key of a ``browser`` also the feedback that was given there before anybody had a profile.

        Raises:
            UserInputError: no such profile.
        """
        with self._read() as connection:
            hold(connection, profile)
            tables = {
                table.name: [
                    {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
                    for row in connection.execute(select(table).where(_owned(table, profile, browser)).order_by(*table.primary_key)).mappings()
                ]
                for table in metadata.sorted_tables
            }
        return {"format": EXPORT_FORMAT, **tables}

    def delete_all(self, profile: int, browser: str | None = None) -> dict[str, int]:
        """Delete a profile with everything that :meth:`export_all` gives; on SQLite its bytes are overwritten too. Returns the rows deleted, by table.

        Raises:
            UserInputError: no such profile.
        """
        with self._write() as connection:
            hold(connection, profile)
            counts = {
                table.name: connection.execute(select(func.count()).select_from(table).where(_owned(table, profile, browser))).scalar_one()
                for table in metadata.sorted_tables
            }
            connection.execute(delete(feedback).where(_owned(feedback, profile, browser)))
            connection.execute(delete(profiles).where(profiles.c.id == profile))
        self._forget()
        return counts

    def _by_name(self, name: str) -> Profile | None:
        with self._read() as connection:
            row = connection.execute(select(profiles).where(profiles.c.name == name)).first()
        return None if row is None else Profile(row.id, row.name, row.created)


def _owned(table: Table, profile: int, browser: str | None) -> ColumnElement[bool]:
    if table is profiles:
        return profiles.c.id == profile
    if table is feedback and browser is not None:
        there = feedback.c.conversation_id.in_(select(conversations.c.id).where(conversations.c.browser == browser))
        return or_(feedback.c.profile_id == profile, and_(feedback.c.profile_id.is_(None), there))
    if "profile_id" in table.c:
        return table.c.profile_id == profile
    return table.c.conversation_id.in_(select(conversations.c.id).where(conversations.c.profile_id == profile))


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        told = f"history: a profile name has 1 to {MAX_NAME} printable characters, got {name!r}"
        raise UserInputError(told, "profile_name", {"most": str(MAX_NAME)})
    return name
