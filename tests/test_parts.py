"""Questions of several parts: taken apart by what they name, each part told in short or said to be missing."""

from __future__ import annotations

import pytest

from rag.answer.parts import split_parts
from rag.records import Answer
from rag.tutor import Tutor


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("VGG 和 ResNet 的区别", ("什么是 VGG", "什么是 ResNet")),
        ("What is the difference between ReLU and sigmoid?", ("What is ReLU", "What is sigmoid")),
        ("比较 VGG、GoogLeNet 和 ResNet", ("什么是 VGG", "什么是 GoogLeNet", "什么是 ResNet")),
        ("dropout 是什么？ 梯度消失怎么解决？", ("dropout 是什么？", "梯度消失怎么解决？")),
        ("为什么 dropout 能防止过拟合？", ()),
        ("区别是什么", ()),
        ("batch norm 训练和推理有什么不同", ()),
        ("How does dropout differ between training and inference?", ()),
        ("全卷积和 Local-Conv 有什么区别", ("什么是 全卷积", "什么是 Local-Conv")),
        ("Bi-LSTM 和 LSTM 有什么区别", ("什么是 Bi-LSTM", "什么是 LSTM")),
        ("L1 正则化和 L2 正则化的区别", ("什么是 L1 正则化", "什么是 L2 正则化")),
        ("What is the difference between pre-norm and post-norm?", ("What is pre-norm", "What is post-norm")),
        ("VGG 的卷积层和全连接层有什么区别", ("什么是 VGG", "什么是 卷积层", "什么是 全连接层")),
        ("比较 VGG 和 ResNet 的参数量", ("VGG 的参数量", "ResNet 的参数量")),
        ("Compare the parameter count of VGG and ResNet", ("parameter count VGG", "parameter count ResNet")),
    ],
)
def test_a_question_is_taken_apart_by_what_it_names(question: str, parts: tuple[str, ...]) -> None:
    assert tuple(part for _, part in split_parts(question).items) == parts


def blocks(answer: Answer) -> dict[str, str]:
    """The text under each heading of an answer in parts."""
    out: dict[str, str] = {}
    name = ""
    for sentence in answer.sentences:
        if sentence.kind == "frame" and sentence.text.startswith("**"):
            name = sentence.text.strip("*")
            out[name] = ""
        elif name:
            out[name] += sentence.text
    return out


def test_a_comparison_of_things_the_notes_treat_apart(tutor: Tutor) -> None:
    found = blocks(tutor.ask("比较 VGG 和 ResNet"))
    assert list(found) == ["VGG", "ResNet"]
    assert "3×3" in found["VGG"]
    assert "residual" in found["ResNet"]


def test_a_row_of_a_table_stands_for_its_own_name_only(tutor: Tutor) -> None:
    told = blocks(tutor.ask("ReLU 和 dropout 有什么区别"))["ReLU"]
    assert r"\max (0, x)" in told
    assert r"\exp" not in told


def test_a_part_the_notes_do_not_hold_is_said_to_be_missing(tutor: Tutor) -> None:
    answer = tutor.ask("dropout 和 boosting 的区别")
    assert answer.abstained or "没有" in blocks(answer)["boosting"]


def test_a_passage_on_both_answers_for_both(tutor: Tutor) -> None:
    answer = tutor.ask("CNN 和 RNN 的区别")
    assert not answer.abstained
    assert not blocks(answer)


def test_what_no_note_names_is_refused(tutor: Tutor) -> None:
    assert tutor.ask("What is the difference between precision and recall?").abstained


def test_different_that_only_describes_is_no_comparison() -> None:
    for question in ("GoogLeNet 为什么在同一层里用不同大小的卷积核", "Why does GoogLeNet use different kernel sizes in one convolution layer?"):
        assert not split_parts(question).compares
    for question in (
        "VGG 和 ResNet 有什么不同？",
        "VGG 和 ResNet 不一样在哪",
        "VGG 和 ResNet 的不同点",
        "How is VGG different from ResNet?",
        "How do VGG and ResNet differ?",
    ):
        assert split_parts(question).compares, question
