"""Questions completed from a conversation."""

from __future__ import annotations

import pytest

from rag.answer.followup import standalone


def turns(*said: str) -> list[dict[str, object]]:
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(said)]


@pytest.mark.parametrize(
    ("first", "then", "meant"),
    [
        ("Which paper is lecun_uniform from?", "what about he_normal?", "Which paper is he_normal from?"),
        ("What did VGG improve?", "and for GoogLeNet?", "What did GoogLeNet improve?"),
        ("VGG 做了哪些改进？", "那 ResNet 呢？", "ResNet 做了哪些改进？"),
    ],
)
def test_a_bare_name_takes_the_place_of_the_old_one(first: str, then: str, meant: str) -> None:
    read = standalone(then, turns(first, "…"))
    assert read.followed
    assert read.text == meant


def test_an_ordinal_names_an_item_of_the_last_answer_and_keeps_what_was_said() -> None:
    answer = "一是数据集太小，二是没有局部相关特性的数据集。"
    read = standalone("第二种举个例子", turns("什么样的数据集不适合深度学习？", answer))
    assert "没有局部相关特性的数据集" in read.text
    assert "数据集太小" not in read.text
    assert read.said == answer


def test_a_question_with_a_topic_of_its_own_starts_anew() -> None:
    assert not standalone("批归一化在推理时用什么统计量？", turns("dropout 为什么能防止过拟合？", "…")).followed
