"""What the history takes and gives. All times are aware and in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from rag.errors import UserInputError
from rag.records import Grade

SessionStatus = Literal["open", "finished", "abandoned"]
AttemptKind = Literal["reply", "retry", "follow_up"]
FeedbackKind = Literal["helpful", "wrong_source", "wrong_answer"]


@dataclass(frozen=True, slots=True)
class Profile:
    """A person who practises on this machine."""

    id: int
    name: str
    created: datetime


@dataclass(frozen=True, slots=True)
class SessionState:
    """An interview to be saved. ``step`` must be higher than the one saved before: of two pages that play one interview, one is refused."""

    id: str
    step: int
    state: Mapping[str, Any]
    status: SessionStatus = "open"


@dataclass(frozen=True, slots=True)
class SavedSession:
    """An interview as it was saved last."""

    id: str
    profile: int
    status: SessionStatus
    step: int
    state: Mapping[str, Any]
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One graded reply. ``session`` is None for practice outside an interview."""

    question_id: str
    area: str
    kind: AttemptKind
    reply: str
    grade: Grade
    at: datetime
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """What a list of replies needs to know of one; the whole of it is an :class:`Attempt`."""

    question_id: str
    area: str
    kind: AttemptKind
    score: float


@dataclass(frozen=True, slots=True)
class DueCard:
    """A question with the time its review is due."""

    question_id: str
    due: datetime
    last_score: float
    reviews: int


@dataclass(frozen=True, slots=True)
class DayScore:
    """The mean score, 0..100, of ``count`` first replies on one day."""

    day: date
    mean: float
    count: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Daily means of everything and of each area, by day; days without a reply are absent."""

    overall: tuple[DayScore, ...]
    areas: Mapping[str, tuple[DayScore, ...]]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reader said about an answer."""

    kind: FeedbackKind
    question: str
    answer: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose conversation it is: a profile's, or that of a browser which holds a key.

    Raises:
        UserInputError: on construction, when not exactly one of the two is given.
    """

    profile: int | None = None
    browser: str | None = None

    def __post_init__(self) -> None:
        if (self.profile is None) == (not self.browser):
            raise UserInputError(f"history: a conversation belongs to a profile or to a browser, got profile {self.profile!r} and browser {self.browser!r}")


@dataclass(frozen=True, slots=True)
class ConversationHead:
    """A line of the list of conversations."""

    id: str
    title: str
    messages: int
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with its messages in order, each as the page keeps it."""

    id: str
    title: str
    messages: tuple[Mapping[str, Any], ...]
    created: datetime
    updated: datetime
