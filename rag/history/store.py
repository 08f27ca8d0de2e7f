"""The history as one object."""

from __future__ import annotations

from types import TracebackType

from rag.config import Settings
from rag.history.chats import Chats
from rag.history.engine import open_engine
from rag.history.practice import Practice
from rag.history.profiles import Profiles


class History(Profiles, Practice, Chats):
    """What is kept of people, in one database; safe to use from several threads and processes at once.

    Every method is one transaction. It raises ``UserInputError`` when the database cannot be used, and for a time without a zone.
    """

    @classmethod
    def open(cls, settings: Settings) -> History:
        """The history at ``settings.history_url``, or in ``settings.data_dir``; made, or brought to the newest version, when it is not.

        Raises:
            UserInputError: the database cannot be opened; the message says why.
            MissingPackage: its driver is not installed.
        """
        return cls(open_engine(settings.history_url, settings.data_dir))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def __enter__(self) -> History:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
