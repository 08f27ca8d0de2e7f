"""Which units are chosen, and in which order they are told."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from rag.answer import choose
from rag.answer.prefer import prefer
from rag.records import Asked, Evidence, Hit, Passage, Unit
from rag.store import Index

NONE = cast("Index", None)
"""Passages without a question line have no siblings to look up."""
FILL = "Filler that makes the passage too long to be told whole. " * 4


def asked(text: str = "why residual") -> Asked:
    return Asked(text, "en", tuple(text.split()))


def evidence(name: str, start: int, raw: float, parts: list[tuple[str, float]]) -> Evidence:
    units, at = [], start
    for text, _ in parts:
        units.append(Unit(name, at, at + len(text), text, "text"))
        at += len(text) + 1
    text = " ".join(text for text, _ in parts)
    passage = Passage(name, "d.md", start, start + len(text), text, "prose", ("Residual nets",), None)
    return Evidence(Hit(passage, 0.9, {}), tuple(units), tuple(r for _, r in parts), -9.0, raw)


def test_a_short_sentence_is_not_broken_at_its_semicolons() -> None:
    for first, last in (("The remedy adds the input to the output;", "doing nothing becomes easy."), ("残差把输入加到输出上；", "什么都不做变得容易。")):
        found = evidence("p", 0, 5.0, [(FILL, 0.0), (first, 1.0), (last, 4.0), (FILL, 0.0)])
        assert [u.text for u in choose(asked(), [found], NONE)[0].units] == [first, last]


def test_the_clauses_of_a_long_chinese_sentence_stand_for_themselves() -> None:
    first = "残差把输入加到输出上，" * 16 + "于是层数可以增加；"
    found = evidence("p", 0, 5.0, [(FILL, 0.0), (first, 1.0), ("什么都不做变得容易。", 4.0), (FILL, 0.0)])
    assert [u.text for u in choose(asked(), [found], NONE)[0].units] == ["什么都不做变得容易。"]


def test_pieces_of_one_entry_are_told_in_the_order_they_were_written() -> None:
    claim = evidence("claim", 0, 4.8, [("Residual connections ease optimisation.", 4.0), (FILL, 0.0)])
    example = evidence("example", 900, 5.0, [("For example, 110 layers beat 56.", 4.2), (FILL, 0.0)])
    assert [c.evidence.hit.passage.id for c in choose(asked(), [example, claim], NONE)] == ["claim", "example"]


def test_a_few_words_that_name_something_give_way_to_what_is_said_of_it() -> None:
    label = evidence("label", 0, 5.0, [("局部结构", 4.5)])
    saying = evidence("saying", 900, 4.0, [("相邻的词彼此相关，所以一句话也有局部结构。", 3.0)])
    assert [c.evidence.hit.passage.id for c in choose(asked("文本有没有局部结构"), [label, saying], NONE)] == ["saying"]
    assert [c.evidence.hit.passage.id for c in choose(asked("文本有没有局部结构"), [label], NONE)] == ["label"]


def test_a_short_formula_is_no_label() -> None:
    formula = evidence("formula", 0, 5.0, [("$y = wx + b$", 4.5)])
    assert choose(asked(), [formula, evidence("other", 900, 4.9, [(FILL, 4.0)])], NONE)[0].evidence is formula


def test_who_asks_why_gets_the_clause_that_says_because() -> None:
    first, reason = "特征图可以取三种大小；" + "这几种都有人用过，" * 10, "其中七最合理，因为太小会丢信息；"
    found = evidence("p", 0, 5.0, [(FILL, 0.0), (first + "各有道理；", 4.0), (reason, 1.0), (FILL, 0.0)])
    assert reason in [u.text for u in choose(asked("为什么选七"), [found], NONE)[0].units]
    assert reason not in [u.text for u in choose(asked("有几种大小"), [found], NONE)[0].units]


def test_a_note_that_only_names_things_or_found_no_answer_gives_way_to_the_handbook() -> None:
    def under(question: str, found: Evidence, folder: str) -> Evidence:
        passage = replace(found.hit.passage, doc_id=folder, question=question, language="zh", heading_path=(question,))
        return replace(found, hit=replace(found.hit, passage=passage), question=2.0)

    names = under("损失函数有哪些？", evidence("names", 0, 5.0, [("Cross-Entropy / MSE / KL", 4.5)]), "notes.md")
    saying = under("损失函数有哪些？", evidence("saying", 0, 5.0, [("分类常用交叉熵，因为它的梯度不会饱和；回归常用均方误差。", 4.5)]), "notes.md")
    entry = under("分类为什么用交叉熵？", evidence("entry", 900, 4.5, [("均方误差配 sigmoid 时梯度会饱和。", 4.0)]), "handbook/zh/theory.md")
    question = Asked("为什么不用 MSE 做分类的损失", "zh", ("mse", "分类", "损失"))
    assert prefer(question, [names, entry])[0][0].hit.passage.id == "entry"
    assert prefer(question, [saying, entry])[0][0].hit.passage.id == "saying"
    sought = under("损失函数有哪些？", evidence("sought", 0, 5.0, [("这个问题没找到答案，我去看了几篇论文。分类常用交叉熵。", 4.5)]), "notes.md")
    assert prefer(question, [sought, entry])[0][0].hit.passage.id == "entry"
