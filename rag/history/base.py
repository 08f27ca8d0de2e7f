"""Transactions, and what all parts of the history need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DataError, OperationalError, StatementError

from rag.errors import UserInputError
from rag.history.engine import WRITE, reason, where
from rag.history.tables import profiles


class Base:
    """A database and its transactions: all of one, or nothing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(**WRITE)

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._said_plainly(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._said_plainly(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def _said_plainly(self) -> Iterator[None]:
        try:
            yield
        except StatementError as error:
            if isinstance(error.orig, UserInputError):  # a time without a zone
                raise error.orig from None
            if isinstance(error, OperationalError | DataError):
                raise UserInputError(f"history: {where(self.engine)}: {reason(error)}") from error
            raise

    def _forget(self) -> None:
        """Empty SQLite's write-ahead log, where deleted rows would stay readable."""
        if self.engine.dialect.name != "sqlite":
            return
        connection = self.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()


def hold(connection: Connection, profile: int) -> None:
    """Make other writers of this profile wait until the transaction ends (SQLite lets only one write anyway).

    Raises:
        UserInputError: there is no such profile.
    """
    if connection.execute(select(profiles.c.id).where(profiles.c.id == profile).with_for_update()).first() is None:
        known = ", ".join(f"{row.id} ({row.name})" for row in connection.execute(select(profiles.c.id, profiles.c.name).order_by(profiles.c.id)))
        raise UserInputError(f"history: there is no profile {profile}; there are: {known or 'none'}", "no_profile")
