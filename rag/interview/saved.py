"""The state as JSON and back, so that an interview survives the process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rag.errors import UserInputError
from rag.interview.state import Exchange, Interview
from rag.jsonable import from_json, to_json
from rag.records import Question

FORMAT = 1


def dump(state: Interview) -> dict[str, Any]:
    """The state as JSON values; ``load(dump(state)) == state``."""
    return {"format": FORMAT, "interview": to_json(state)}


def load(data: Mapping[str, Any]) -> Interview:
    """The state that :func:`dump` wrote.

    Raises:
        UserInputError: another format, a field that does not fit, or a state no interview can be in.
    """
    if data.get("format") != FORMAT:
        raise UserInputError(f"interview: saved in format {data.get('format')!r}, this version reads {FORMAT}")
    return checked(from_json(Interview, data.get("interview")))


def checked(state: Interview) -> Interview:
    """The state itself.

    Raises:
        UserInputError: no interview can be in it; every fault is named.
    """
    ids = state.question_ids
    current = state.exchange
    faults = {
        "an interview needs an id": not state.id,
        "there is no question": not ids,
        "a question stands twice": len(set(ids)) < len(ids),
        "the exchanges are not those of the questions": tuple(e.question_id for e in state.exchanges) != ids,
        "the position is out of range": not 0 <= state.position <= len(ids),
        "the phase does not fit the position": (state.phase == "over" and current is not None)
        or (state.phase in {"question", "graded", "follow_up"} and current is None),
        "a grade is missing": state.phase in {"graded", "follow_up"} and current is not None and not current.grades,
        "no follow-up is pending": state.phase == "follow_up" and current is not None and not _awaits(state.questions[state.position], current),
        "only a finished interview has an end": (state.phase == "finished") != (state.finished is not None),
        "replies and grades differ in number": any(len(e.replies) != len(e.grades) for e in state.exchanges),
        "a correction belongs to no reply": any(not 0 <= c.after < len(e.grades) for e in state.exchanges for c in e.corrections),
        "a follow-up belongs to no reply": any(not 0 <= f.after < len(e.grades) for e in state.exchanges for f in e.follow_ups),
    }
    if found := [text for text, fault in faults.items() if fault]:
        raise UserInputError(f"interview: {'; '.join(found)}")
    return state


def _awaits(question: Question, exchange: Exchange) -> bool:
    last = exchange.follow_ups[-1] if exchange.follow_ups else None
    return last is not None and last.grade is None and last.point_id in {point.id for point in question.key_points}
