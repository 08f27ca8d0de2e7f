"""What the program remembers of a person: profiles, interviews, attempts, the schedule, feedback and conversations."""

from rag.history.rows import Attempt, Conversation, ConversationHead, DayScore, DueCard, Feedback, Owner, Profile, Progress, SavedSession, Scored, SessionState
from rag.history.schedule import rating_for
from rag.history.store import History

__all__ = [
    "Attempt",
    "Conversation",
    "ConversationHead",
    "DayScore",
    "DueCard",
    "Feedback",
    "History",
    "Owner",
    "Profile",
    "Progress",
    "SavedSession",
    "Scored",
    "SessionState",
    "rating_for",
]
