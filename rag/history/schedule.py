"""When a question comes back: FSRS, deterministic, in whole days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from fsrs import Card, Rating, Scheduler
from fsrs.card import CardDict

# Fuzz would make equal histories differ, and steps of minutes would bring a question back within the interview it was just graded in.
_SCHEDULER = Scheduler(enable_fuzzing=False, learning_steps=(), relearning_steps=())


def rating_for(score: float) -> Rating:
    """The FSRS rating of a grade of 0..100: below 40 Again, below 65 Hard, below 85 Good, else Easy."""
    if score < 40:
        return Rating.Again
    if score < 65:
        return Rating.Hard
    return Rating.Good if score < 85 else Rating.Easy


def review(state: Mapping[str, Any] | None, score: float, at: datetime) -> tuple[dict[str, Any], datetime]:
    """The card's next state and due time (UTC) after a reply graded ``score`` at ``at`` (UTC); ``state`` is None the first time."""
    at = at.astimezone(UTC)
    card = Card(card_id=0, due=at) if state is None else Card.from_dict(cast(CardDict, dict(state)))
    card, _ = _SCHEDULER.review_card(card, rating_for(score), at)
    return dict(card.to_dict()), card.due
