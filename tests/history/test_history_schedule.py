"""Grades to ratings, ratings to days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fsrs import Rating
from hypothesis import given
from hypothesis import strategies as st
from practice_samples import START

from rag.history import rating_for
from rag.history.schedule import review

RATINGS = [(0, "Again"), (39.9, "Again"), (40, "Hard"), (64.9, "Hard"), (65, "Good"), (84.9, "Good"), (85, "Easy"), (100, "Easy")]


@pytest.mark.parametrize(("score", "rating"), RATINGS)
def test_the_rating_of_a_grade(score: float, rating: str) -> None:
    assert rating_for(score) == Rating[rating]


def test_a_better_first_grade_comes_back_later() -> None:
    days = [(review(None, score, START)[1] - START).days for score in (10, 50, 70, 90)]
    assert days == [1, 1, 2, 8]


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 60)), min_size=1, max_size=8))
def test_reviews_are_reproducible_and_a_question_is_never_due_within_the_day(replies: list[tuple[float, int]]) -> None:
    ends = []
    for _ in range(2):
        state, now = None, START
        for score, wait in replies:
            now += timedelta(hours=wait)
            state, due = review(state, score, now)
            assert due >= now + timedelta(days=1)
        ends.append((state, due))
    assert ends[0] == ends[1]
