"""Mock interviews: a plan, the questions it chooses, and a pure state machine that can be resumed at any point."""

from rag.interview.moves import Action, advance, correct, finish, follow_up, hint, legal, next_follow_up, reply, retry, skip, start
from rag.interview.plan import InterviewPlan, Mode, choose_questions
from rag.interview.saved import dump, load
from rag.interview.state import Change, Correction, Exchange, Interview, Phase, asked_questions, change, compare, corrected, lift

__all__ = [
    "Action",
    "Change",
    "Correction",
    "Exchange",
    "Interview",
    "InterviewPlan",
    "Mode",
    "Phase",
    "advance",
    "asked_questions",
    "change",
    "choose_questions",
    "compare",
    "correct",
    "corrected",
    "dump",
    "finish",
    "follow_up",
    "hint",
    "legal",
    "lift",
    "load",
    "next_follow_up",
    "reply",
    "retry",
    "skip",
    "start",
]
