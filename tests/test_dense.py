"""The dense engines: one contract, and FAISS against plain numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.dense import DenseIndex, FaissIndex

ENGINES = [FaissIndex]


def unit_rows(count: int, dimension: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def filled(engine: type[FaissIndex], ids: list[int], vectors: np.ndarray) -> FaissIndex:
    index = engine(vectors.shape[1])
    index.add(np.asarray(ids, np.int64), vectors)
    return index


@pytest.mark.parametrize("engine", ENGINES)
class TestContract:
    """Every engine passes these."""

    def test_it_is_what_the_protocol_says(self, engine: type[FaissIndex]) -> None:
        index: DenseIndex = engine(4)
        assert len(index) == 0
        ids, scores = index.search(np.zeros(4, np.float32), 3)
        assert (ids.shape, scores.shape) == ((0,), (0,))

    def test_best_first_and_no_more_than_there_are(self, engine: type[FaissIndex]) -> None:
        index = filled(engine, [10, 20, 30], np.eye(3, dtype=np.float32))
        ids, scores = index.search(np.asarray([0.6, 0.8, 0.0], np.float32), 10)
        assert ids.tolist() == [20, 10, 30]
        assert scores == pytest.approx([0.8, 0.6, 0.0], abs=1e-6)
        assert index.search(np.ones(3, np.float32), 0)[0].tolist() == []

    def test_ties_go_by_id(self, engine: type[FaissIndex]) -> None:
        index = filled(engine, [7, 3, 9, 1], np.tile(np.asarray([1, 0], np.float32), (4, 1)))
        assert index.search(np.asarray([1, 0], np.float32), 4)[0].tolist() == [1, 3, 7, 9]

    def test_removed_ids_are_gone_and_may_come_back(self, engine: type[FaissIndex]) -> None:
        index = filled(engine, [1, 2, 3], np.eye(3, dtype=np.float32))
        index.remove(np.asarray([2, 99], np.int64))
        assert len(index) == 2
        assert 2 not in index.search(np.asarray([0, 1, 0], np.float32), 3)[0].tolist()
        index.add(np.asarray([2], np.int64), np.asarray([[0, 1, 0]], np.float32))
        assert index.search(np.asarray([0, 1, 0], np.float32), 1)[0].tolist() == [2]

    @pytest.mark.parametrize(("ids", "rows"), [([1], 1), ([5, 5], 2), ([8], 2)])
    def test_wrong_additions_change_nothing(self, engine: type[FaissIndex], ids: list[int], rows: int) -> None:
        index = filled(engine, [1], unit_rows(1, 4))
        with pytest.raises(ValueError, match=r"ids must be|shape"):
            index.add(np.asarray(ids, np.int64), unit_rows(rows, 4))
        assert len(index) == 1


@settings(max_examples=40)
@given(st.integers(1, 80), st.integers(2, 24), st.integers(1, 90), st.integers(0, 10_000))
def test_faiss_equals_brute_force(count: int, dimension: int, k: int, seed: int) -> None:
    vectors, query = unit_rows(count, dimension, seed), unit_rows(1, dimension, seed + 1)[0]
    ids, scores = filled(FaissIndex, list(range(count)), vectors).search(query, k)
    exact = vectors @ query
    assert len(ids) == min(k, count)
    assert scores == pytest.approx(exact[ids], abs=1e-5)
    assert list(scores) == sorted(scores, reverse=True)
    assert float(scores[-1]) >= float(np.sort(exact)[::-1][len(ids) - 1]) - 1e-5


def test_a_file_holds_the_whole_index(tmp_path: Path) -> None:
    vectors = unit_rows(20, 8)
    index = filled(FaissIndex, list(range(100, 120)), vectors)
    index.remove(np.asarray([105], np.int64))
    index.save(tmp_path / "dense.faiss")
    again = FaissIndex.load(tmp_path / "dense.faiss")
    assert len(again) == 19
    for row in vectors[:3]:
        assert again.search(row, 5)[0].tolist() == index.search(row, 5)[0].tolist()
    with pytest.raises(ValueError, match="ids must be new"):
        again.add(np.asarray([100], np.int64), vectors[:1])


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "dense.faiss").write_bytes(b"not an index")
    with pytest.raises(RuntimeError):
        FaissIndex.load(tmp_path / "dense.faiss")
