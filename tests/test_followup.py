"""Questions completed from a conversation."""

from __future__ import annotations

import pytest

from rag.answer.followup import depends, in_language, standalone


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


@pytest.mark.parametrize("question", ["批归一化在推理时用什么统计量？", "How do the gates of a GRU differ from those of an LSTM?"])
def test_a_question_with_a_topic_of_its_own_starts_anew(question: str) -> None:
    assert not standalone(question, turns("dropout 为什么能防止过拟合？", "…")).followed


@pytest.mark.parametrize("question", ["东京和大阪之间的新干线要坐多久？", "best time of year to visit Iceland", "分页和分段的区别", "怎么挑选一把二手吉他？"])
def test_a_topic_of_another_field_is_one_too(question: str) -> None:
    assert not standalone(question, turns("dropout 为什么能防止过拟合？", "…")).followed


@pytest.mark.parametrize(
    "question", ["缺点是什么", "公式怎么推导", "有哪些应用场景", "代码怎么写", "What is the complexity?", "Who proposed it?", "实际项目里也得这么设吗"]
)
def test_a_question_after_an_aspect_alone_goes_on_with_the_topic(question: str) -> None:
    read = standalone(question, turns("dropout 为什么能防止过拟合？", "…"))
    assert read.followed
    assert "dropout" in read.search


KNOWN = frozenset({"dropout", "复杂度", "缺点"})


@pytest.mark.parametrize("question", ["怎么做红烧肉", "asdfgh"])
def test_what_the_corpus_never_names_is_no_aspect_of_what_was_asked(question: str) -> None:
    history = turns("dropout 为什么能防止过拟合？", "…")
    assert standalone(question, history).followed
    assert not standalone(question, history, KNOWN).followed


@pytest.mark.parametrize("question", ["复杂度呢", "那它有什么缺点？"])
def test_an_aspect_stays_one(question: str) -> None:
    assert standalone(question, turns("dropout 为什么能防止过拟合？", "…"), KNOWN).followed


@pytest.mark.parametrize(
    ("question", "left", "language"),
    [
        ("用英文回答", "dropout 为什么能防止过拟合？", "en"),
        ("Why does ReLU help? 用中文回答", "Why does ReLU help", "zh"),
        ("请用英语解释一下什么是池化", "什么是池化", "en"),
        ("什么是池化？请用英文", "什么是池化", "en"),
        ("in Chinese please", "dropout 为什么能防止过拟合？", "zh"),
        ("How does dropout work in detail?", "How does dropout work in detail?", None),
        ("How is tokenisation done in English?", "How is tokenisation done in English?", None),
        ("可以用中文 BERT 吗", "可以用中文 BERT 吗", None),
    ],
)
def test_a_wish_for_a_language_is_no_part_of_the_question(question: str, left: str, language: str | None) -> None:
    assert in_language(question, turns("dropout 为什么能防止过拟合？", "…")) == (left, language)


@pytest.mark.parametrize("question", ["What is a saddle point and why does it matter?", "什么是鞍点，它有什么影响？", "如何用 dropout，它有什么缺点？"])
def test_a_pronoun_for_what_the_question_itself_asks_about_needs_no_history(question: str) -> None:
    assert not depends(question)


@pytest.mark.parametrize("question", ["跟 SGD 比，它好在哪？", "为什么它比 ReLU 好，用在哪？", "Why is that and how does dropout help?"])
def test_a_pronoun_for_something_else_still_does(question: str) -> None:
    assert depends(question)
