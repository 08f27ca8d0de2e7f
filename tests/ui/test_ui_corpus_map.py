"""The map's geometry, without a browser: deterministic, bounded, and neighbours stay neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from rag.tutor import Tutor
from rag.ui.corpus_map import FEW, NEAR, Atlas, centred, laid_out, map_html


def groups(count: int, size: int, dimension: int = 24) -> np.ndarray:
    random = np.random.default_rng(7)
    middles = 3.0 * np.eye(count, dimension)
    rows = np.concatenate([middle + 0.2 * random.standard_normal((size, dimension)) for middle in middles])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_groups_stay_together() -> None:
    places = laid_out(groups(4, 30))
    assert places.shape == (120, 2)
    assert places.min() >= 0.0
    assert places.max() <= 1.0
    own = np.repeat(np.arange(4), 30)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = apart.argsort(axis=1)[:, :5]
    assert (own[nearest] == own[:, None]).mean() > 0.95


@pytest.mark.parametrize("count", [FEW, 13, 60])
def test_the_same_vectors_give_the_same_map(count: int) -> None:
    rows = groups(1, count)
    assert np.array_equal(laid_out(rows), laid_out(rows))
    assert np.isfinite(laid_out(np.ones((count, 8)) / 8**0.5)).all()


def test_languages_are_centred_apart() -> None:
    rows = np.concatenate([groups(2, 20) + 1.0, groups(2, 20) - 1.0])
    made = centred(rows, ["zh"] * 40 + ["en"] * 40)
    assert np.allclose(np.linalg.norm(made, axis=1), 1.0)
    assert (made[:20] @ made[40:60].T).mean() > 0.8


def test_passages_that_ask_a_bank_question_have_one_near(tutor: Tutor) -> None:
    chart = Atlas().chart(tutor)
    assert [spot.number for spot in chart.spots] == list(range(len(tutor.index.passages)))
    assert chart.judged
    asking = [spot for spot in chart.spots if tutor.index.passages[spot.number].question]
    assert sum(spot.near is not None for spot in asking) > 0.85 * len(asking)
    assert 0.0 < NEAR < 1.0
    for language in ("zh", "en"):
        html = map_html(chart, language)
        assert html.count("<circle") == len(chart.spots)
        assert "<script" not in html
