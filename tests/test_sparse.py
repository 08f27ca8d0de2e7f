"""BM25: against its formula, against bm25s called plainly, and through a file."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.sparse import K1, B, Bm25
from rag.text import tokenize

TEXTS = ["卷积神经网络的参数共享", "dropout 防止过拟合", "梯度消失与 sigmoid 的导数", "为什么使用 3×3 卷积核", "batch normalization 与 dropout", ""]
LISTS = [tokenize(text) for text in TEXTS]
WORDS = st.lists(st.sampled_from(["甲", "乙", "丙", "a", "b", "§c"]), max_size=8)


def by_formula(lists: list[list[str]], query: list[str]) -> list[float]:
    """The sum over query tokens of idf * tf / (tf + k1 (1 - b + b |d| / mean)); Robertson and Zaragoza (2009), Lucene's idf."""
    mean = sum(map(len, lists)) / len(lists)
    out = []
    for tokens in lists:
        counts, total = Counter(tokens), 0.0
        for token in query:
            df = sum(token in other for other in lists)
            if df:
                idf = math.log(1 + (len(lists) - df + 0.5) / (df + 0.5))
                tf = counts[token]
                total += idf * tf / (tf + K1 * (1 - B + B * len(tokens) / mean))
        out.append(total)
    return out


@pytest.mark.parametrize("query", ["dropout 为什么", "卷积核", "梯度", "没有的词 xyz", "", "dropout dropout"])
def test_scores_are_those_of_the_formula_and_of_bm25s(query: str) -> None:
    tokens = tokenize(query)
    found = Bm25(LISTS).scores(tokens)
    assert found.tolist() == pytest.approx(by_formula(LISTS, tokens), abs=1e-5)
    plain = bm25s.BM25(method="lucene", k1=K1, b=B)
    plain.index(LISTS, show_progress=False)
    known = [t for t in tokens if any(t in tokens for tokens in LISTS)]
    assert found.tolist() == pytest.approx(plain.get_scores(known).tolist() if known else [0.0] * len(LISTS), abs=1e-6)


@settings(max_examples=60)
@given(st.lists(WORDS, min_size=1, max_size=8), WORDS)
def test_any_texts_and_query(lists: list[list[str]], query: list[str]) -> None:
    index = Bm25(lists)
    found = index.scores(query)
    assert found.shape == (len(lists),)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert index.ceiling(query) > 0
    for score, tokens in zip(found, lists, strict=True):
        assert (score > 0) == bool(set(query) & set(tokens))


def test_what_is_known() -> None:
    index = Bm25(LISTS)
    assert "dropout" in index
    assert "xyz" not in index
    assert index.vocabulary == {token for tokens in LISTS for token in tokens}
    assert index.idf("xyz") > index.idf("网络") > index.idf("dropout") > 0


def test_nothing_at_all() -> None:
    assert Bm25([]).scores(["a"]).tolist() == []
    assert Bm25([[], []]).scores(["a"]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("lists", [LISTS, [], [[], []], [["§x", "a\u2028b", "\u3000"], ["a"]]])
def test_a_folder_holds_the_whole_index(tmp_path: Path, lists: list[list[str]]) -> None:
    index = Bm25(lists)
    index.save(tmp_path / "bm25")
    again = Bm25.load(tmp_path / "bm25")
    assert again.vocabulary == index.vocabulary
    for query in ("dropout 卷积", "a §x", ""):
        assert again.scores(tokenize(query)).tolist() == pytest.approx(index.scores(tokenize(query)).tolist(), abs=1e-6)
        assert again.ceiling(tokenize(query)) == pytest.approx(index.ceiling(tokenize(query)))
