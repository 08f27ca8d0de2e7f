"""Opening the tutor in the background while the page already answers."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from rag.config import Settings
from rag.errors import MianjingError
from rag.ui import kept

if TYPE_CHECKING:
    from rag.history import History
    from rag.tutor import Tutor


@dataclass(frozen=True, slots=True)
class Stage:
    """How far the opening is: ``name`` is model, read, embed, write, ready or failed; ``fault`` is the reason of a failure, if it has one."""

    name: str = "model"
    done: int = 0
    total: int = 0
    fault: str = ""


class Opening:
    """One tutor and one history, opened once in a thread of their own; safe to ask from several threads.

    ``given`` are the settings of file, environment and command line, ``settings`` those with what was set on the page.

    Without a history the page works but keeps nothing; ``history_fault`` then says why.
    """

    def __init__(self, settings: Settings) -> None:
        self.given = settings
        self.kept = kept.load(settings.data_dir)
        self.settings = self.kept.over(settings)
        self._lock = Lock()
        self._thread: Thread | None = None
        self._finished = Event()
        self._stage = Stage()
        self._tutor: Tutor | None = None
        self._history: History | None = None
        self.history_fault = ""

    def start(self) -> None:
        """Begin; a second call changes nothing."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="opening", daemon=True)
                self._thread.start()

    def keep(self, wanted: kept.Kept) -> None:
        """Keep what was set on the page and use it from the next question on.

        Raises:
            UserInputError: it cannot be written.
        """
        kept.save(self.given.data_dir, wanted)
        self.kept = wanted
        self.settings = wanted.over(self.given)
        if self._tutor is not None:
            self._tutor.settings = self.settings

    @property
    def stage(self) -> Stage:
        """How far it is."""
        return self._stage

    @property
    def tutor(self) -> Tutor | None:
        """The tutor once it is ready."""
        return self._tutor

    @property
    def history(self) -> History | None:
        """What is kept of readers, once it is open."""
        return self._history

    def wait(self, seconds: float) -> Tutor | None:
        """The tutor, waiting for it; None when the time is over or it failed to open."""
        self._finished.wait(seconds)
        return self._tutor

    def _run(self) -> None:
        try:
            self._open_history()
            from rag.tutor import Tutor

            tutor = Tutor.open(self.settings, progress=self._hear, mend=True)
            tutor.warm()
            tutor.settings = self.settings
            self._tutor = tutor
            self._stage = Stage("ready")
        except MianjingError as error:
            self._stage = Stage("failed", fault=str(error))
        finally:
            if self._tutor is None and self._stage.name != "failed":
                self._stage = Stage("failed")
            self._finished.set()

    def _open_history(self) -> None:
        from rag.history import History

        try:
            self._history = History.open(self.settings)
        except MianjingError as error:
            self.history_fault = str(error)

    def _hear(self, stage: str, done: int, total: int) -> None:
        self._stage = Stage("model" if stage == "write" and done == total else stage, done, total)
