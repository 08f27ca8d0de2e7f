"""Normalisation folds what must match alike; the language of a text is what a person would say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text import language_of, normalise


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＣＮＮ", "cnn"),
        ("Ｌ２　正則化", "L2 正则化"),
        ("梯度彌散與過擬合", "梯度弥散与过拟合"),
        ("什麽樣的資料集", "什么样的数据集"),
        ("3×3 卷积", "3x3 卷积"),
        ("3 * 3", "3x3"),
        ("224 ✕ 224", "224x224"),
        (r"$224 \times 224$", "$224x224$"),
        (r"$L_{\infty}$", "$l∞$"),
        ("L_1", "l1"),
        ("a\u3000 \t\n b", "a b"),
        ("ﬁlter", "filter"),
    ],
)
def test_what_matches_alike(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


def test_numbers_that_are_no_sizes_stay() -> None:
    assert normalise("1.5x3") == "1.5x3"
    assert normalise("p86-p92") == "p86-p92"


@given(st.text(max_size=80))
def test_any_text_folds_to_one_line_and_stays(text: str) -> None:
    once = normalise(text)
    assert once == once.strip()
    assert "\n" not in once
    assert "  " not in once
    assert normalise(text) == once


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("为什么 dropout 能防止过拟合？", "zh"),
        ("VGG 相比 AlexNet 做了哪些改进", "zh"),
        ("Why does dropout prevent overfitting?", "en"),
        ("What do the notes on deep learning say about the term 池化?", "en"),
        pytest.param("What does 梯度弥散 mean here?", "en", marks=pytest.mark.xfail(strict=True, reason="each ideograph of one quoted term counts as a word")),
        ("LSTM", "en"),
        ("", "en"),
        ("🙂", "en"),
        ("卷积", "zh"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language
