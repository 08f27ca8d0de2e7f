"""Questions that the program draws from documents without a bank."""

from __future__ import annotations

from pathlib import Path

import pytest
from bank_forms import QUIET
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.bank import Bank, automatic_questions
from rag.bank.automatic import weights_of
from rag.chunk import passages_of, units_of
from rag.corpus import document_from_text
from rag.records import Asking, Bilingual, Question

NOTES = """# 循环网络

## 为什么 LSTM 比 RNN 更容易训练？

LSTM 用加法更新细胞状态，梯度可以沿它几乎不变地传回去。遗忘门决定保留多少旧状态。例如遗忘门接近一时长程信息得以保留。

## 门的种类

* 输入门
  * 决定写入多少新内容
* 遗忘门
  * 决定保留多少旧内容
* 还有什么门？

## 谁提出了 GRU？

见 p411-p412

## 参考资料

[colah](http://colah.github.io/posts/2015-08-Understanding-LSTMs/)
"""


def drawn(doc_id: str, text: str) -> list[Question]:
    document = document_from_text(doc_id, text)
    passages = passages_of(document)
    return automatic_questions(document, passages, [u for p in passages for u in units_of(document, p)])


def test_questions_drawn_from_notes() -> None:
    why, gates = drawn("notes.md", NOTES)
    assert (why.text, why.kind, why.area, why.difficulty) == (Bilingual("为什么 LSTM 比 RNN 更容易训练？", ""), "why", "循环网络", 2)
    assert why.asked == (Asking("notes.md", "为什么 LSTM 比 RNN 更容易训练？"),)
    assert [p.text.zh for p in why.key_points][:2] == ["LSTM 用加法更新细胞状态，梯度可以沿它几乎不变地传回去。", "遗忘门决定保留多少旧状态。"]
    assert gates.text.zh == "请讲讲“循环网络”中的“门的种类”。"
    assert [p.text.zh for p in gates.key_points] == ["输入门：决定写入多少新内容", "遗忘门：决定保留多少旧内容"]
    assert gates.asked == (Asking("notes.md", "## 门的种类"),)
    assert [p.weight for p in gates.key_points] == [50, 50]
    assert why.automatic
    assert gates.automatic


def test_questions_drawn_from_english_notes() -> None:
    text = "# Pooling\n\n## Max pooling\n\nMax pooling keeps the largest value of a window. It reports whether a feature is present at all.\n"
    (drawn_question,) = drawn("pool.md", text)
    assert drawn_question.text == Bilingual("", "Please explain “Max pooling” (in “Pooling”).")
    assert [p.text.en for p in drawn_question.key_points] == [
        "Max pooling keeps the largest value of a window.",
        "It reports whether a feature is present at all.",
    ]


def test_ids_do_not_change_with_edits_elsewhere() -> None:
    before = {q.id for q in drawn("notes.md", NOTES)}
    assert before == {q.id for q in drawn("notes.md", "# 循环网络\n\n## 新的一节\n\n这里写一句很短的话。\n" + NOTES.split("\n", 1)[1])}
    assert before.isdisjoint(q.id for q in drawn("other.md", NOTES))


def check_drawn(doc_id: str, text: str) -> None:
    questions = drawn(doc_id, text)
    assert len({q.id for q in questions}) == len(questions)
    for q in questions:
        assert q.automatic
        assert 2 <= len(q.key_points) <= 6
        assert sum(p.weight for p in q.key_points) == 100
        assert all(8 <= len(p.text.zh or p.text.en) <= 200 for p in q.key_points)
        assert all(a.quote in text and a.quote for a in q.asked)
    assert len(Bank(questions)) == len(questions)


@pytest.mark.parametrize("path", sorted((Path(__file__).parent.parent / "corpus").rglob("*.txt")), ids=lambda p: p.stem[:3])
def test_questions_drawn_from_the_seeds(path: Path) -> None:
    check_drawn(path.name, path.read_bytes().decode("utf-8"))


MARKS = st.sampled_from(
    [
        "# ",
        "## ",
        "- ",
        "  - ",
        "1. ",
        "\n",
        "\n\n",
        "**",
        "？",
        "。",
        "为什么池化有效",
        "Why does it work?",
        "$x$",
        "|a|b|\n|-|-|\n|1|2|\n",
        "p86-p92",
        "答：",
        "---\n",
    ]
)


@settings(QUIET, max_examples=100)
@given(st.lists(MARKS | st.text(max_size=30), max_size=30).map("".join))
def test_questions_drawn_from_any_text(text: str) -> None:
    check_drawn("any.md", text)


@QUIET
@given(st.lists(st.text(min_size=1, max_size=200), min_size=1, max_size=12))
def test_weights_are_whole_bounded_and_sum_to_100(texts: list[str]) -> None:
    weights = weights_of(texts)
    assert sum(weights) == 100
    assert max(weights) <= 3 * min(weights) + 4
