"""Metrics against values worked out by hand."""

from __future__ import annotations

import math

import pytest

from rag.measure import auroc, hit_at, ndcg, pearson, reciprocal_rank


def test_ndcg() -> None:
    assert ndcg(["a", "b", "c"], {"a": 1}) == 1.0
    assert ndcg(["b", "a"], {"a": 1}) == pytest.approx(1 / math.log2(3))
    assert ndcg(["b", "a"], {"a": 3, "b": 1}) == pytest.approx((1 + 7 / math.log2(3)) / (7 + 1 / math.log2(3)))
    assert ndcg(["x"] * 10 + ["a"], {"a": 1}, k=10) == 0.0
    assert ndcg(["a"], {}) == 0.0


def test_hits_and_ranks() -> None:
    assert [hit_at([False, True], k) for k in (0, 1, 2)] == [0.0, 0.0, 1.0]
    assert reciprocal_rank([False, False, True]) == pytest.approx(1 / 3)
    assert reciprocal_rank([]) == 0.0


def test_auroc() -> None:
    assert auroc([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert auroc([0.1], [0.9]) == 0.0
    assert auroc([0.5], [0.5]) == 0.5
    assert auroc([0.8, 0.4], [0.6, 0.2]) == 0.75
    assert math.isnan(auroc([], [0.1]))


def test_pearson() -> None:
    assert pearson([1, 2, 3], [2, 4, 6]) == pytest.approx(1.0)
    assert pearson([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)
    assert math.isnan(pearson([1, 1], [1, 2]))
    assert math.isnan(pearson([1], [1]))
