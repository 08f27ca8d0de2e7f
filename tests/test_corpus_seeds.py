"""The real seeds: their noise does not become passages, their structure survives. The traps are those found by reading them."""

from __future__ import annotations

from collections import Counter

import pytest
from places import CORPUS

from rag.chunk import passages_of, units_of
from rag.corpus import document_from_text, load_corpus
from rag.records import Document, Passage, Unit
from rag.text import tokenize

Seeds = dict[str, Document]


def passages(seeds: Seeds, number: str) -> list[Passage]:
    return passages_of(seeds[number])


def units(document: Document) -> list[Unit]:
    return [unit for passage in passages_of(document) for unit in units_of(document, passage)]


def holding(found: list[Passage], text: str) -> list[Passage]:
    return [p for p in found if text in p.text]


def only(found: list[Passage], text: str) -> Passage:
    held = holding(found, text)
    assert len(held) == 1, [p.text[:60] for p in held]
    return held[0]


def said(document: Document, passage: Passage) -> str:
    """What a reader sees of a passage."""
    return "\n".join(unit.text for unit in units_of(document, passage))


def test_each_seed_is_read_with_its_title(seeds: Seeds) -> None:
    assert {number: document.title for number, document in seeds.items()} == {
        "000": "conv的用处",
        "001": "如果你是面试官，你怎么去判断一个面试者的深度学习水平？",
        "002": "理解CNN",
        "003": "深度学习面经",
        "004": "「DL」 深度学习问答",
    }
    assert {document.language for document in seeds.values()} == {"zh"}


@pytest.mark.parametrize("noise", ["点赞", "收藏", "相关推荐", "红包", "余额", "3.43", "扫码支付", "钱包", "付费专栏", "抵扣说明", "成就一亿"])
def test_the_platform_footer_is_gone(seeds: Seeds, noise: str) -> None:
    assert noise in seeds["003"].source
    assert holding(passages(seeds, "003"), noise) == []


def test_the_last_note_above_the_footer_stays(seeds: Seeds) -> None:
    assert passages(seeds, "003")[-1].text.rstrip().endswith("ImageNet Classification")
    assert "Sigmond / ReLU /PReLU" in passages(seeds, "003")[-1].text


@pytest.mark.parametrize("noise", ["layout: article", "key: dl-question", "nav: INTERVIEW", "aside:", "<!--more-->"])
def test_the_front_matter_is_gone(seeds: Seeds, noise: str) -> None:
    assert noise in seeds["004"].source
    assert holding(passages(seeds, "004"), noise) == []


@pytest.mark.parametrize("noise", ["{:.warning}", "{:", "<span", "</span>", "<br", "![", "**"])
def test_markup_is_never_said(seeds: Seeds, noise: str) -> None:
    assert any(noise in document.source for document in seeds.values())
    assert [unit for document in seeds.values() for unit in units(document) if noise in unit.text] == []


@pytest.mark.parametrize("separator", ["\u202f", "\u2028", "\u2029", "\x85"])
def test_a_separator_inside_a_line_is_no_line_end(seeds: Seeds, separator: str) -> None:
    """The seed holds U+202F; files of the kind hold the others, at which str.splitlines() would cut."""
    source = seeds["004"].source
    assert "\u202f" in source
    document = document_from_text("004.txt", source.replace("\u202f", separator))
    passage = only(passages_of(document), "1606.07792")
    assert passage.question == "wide&deep 模型中的 wide 和 deep 介绍"
    assert separator in passage.text
    assert "论文图 1 有详细的介绍" in passage.text
    assert len(passages_of(document)) == len(passages(seeds, "004"))
    if separator in "\u2028\u2029":
        assert not any(separator in unit.text for unit in units(document))


@pytest.mark.parametrize(
    ("line", "above"),
    [
        ("答：p67：3.10 上面那一段", "简单介绍一下贝叶斯概率与频率派概率"),
        ("答：p198", "梯度爆炸的一些解决办法"),
        ("答：p595-p598", "受限玻尔兹曼机广泛应用的原因"),
        ("答：p599", "受限玻尔兹曼机广泛应用的原因"),
    ],
)
def test_an_orphan_answer_belongs_to_no_question(seeds: Seeds, line: str, above: str) -> None:
    found = passages(seeds, "004")
    orphan = next(p for p in found if p.text == line)
    assert (orphan.kind, orphan.question, orphan.heading_path) == ("pointer", None, ())
    question = next(p for p in found if p.question and p.question.startswith(above))
    assert line not in question.text


def test_two_questions_under_one_anchor_are_two(seeds: Seeds) -> None:
    assert seeds["004"].source.count('id="input_channel"') == 2
    asked = [p.question for p in passages(seeds, "004")]
    assert "图像领域卷积神经网络大行其道，传统的图像处理还有意义吗" in asked
    assert "深度学习算法的输入,必须是 RGB 三通道吗" in asked


def test_every_numbered_question_is_there_once(seeds: Seeds) -> None:
    found = Counter(p.question for p in passages(seeds, "004") if p.question)
    assert [question for question, count in found.items() if count > 1] == []
    numbered = [p for p in passages(seeds, "004") if p.text.startswith("**") and p.text[2].isdigit()]
    numbers = [int("".join(c for c in p.text[2:4] if c.isdigit())) for p in numbered]
    assert numbers == [n for n in range(1, 62) if n not in {3, 21, 48, 49}]


def test_a_number_is_no_part_of_a_question(seeds: Seeds) -> None:
    assert [p.question for p in passages(seeds, "004") if p.question and p.question[0].isdigit()] == []


def test_a_page_reference_is_a_pointer_with_its_pages(seeds: Seeds) -> None:
    passage = next(p for p in passages(seeds, "004") if p.question and p.question.startswith("自适应学习率算法"))
    assert (passage.kind, passage.pages) == ("pointer", "AdaGrad:p307; RMSProp:p307-p308; Adam:p308-p309")
    assert [u.kind for u in units_of(seeds["004"], passage)] == ["head", "pages"]


@pytest.mark.parametrize(
    ("number", "question"),
    [
        ("003", "用贝叶斯机率说明Dropout的原理"),
        ("003", "为什么网络够深(Neurons 足够多)的时候,总是可以避开较差Local Optima?"),
        ("003", "Dropout。 怎么做,有什么用处,解释。"),
        ("004", "简单介绍一下贝叶斯概率与频率派概率，以及在统计中对于真实参数的假设。"),
        ("004", "KTT 方法与约束优化问题，活跃约束的定义"),
        ("004", "LSTM 结构推导，为什么比 RNN 好？"),
        ("004", "图像领域卷积神经网络大行其道，传统的图像处理还有意义吗"),
    ],
)
def test_what_only_names_a_source_is_a_pointer(seeds: Seeds, number: str, question: str) -> None:
    passage = next(p for p in passages(seeds, number) if p.heading_path and p.heading_path[-1] == question)
    assert passage.kind == "pointer"


@pytest.mark.parametrize(
    ("number", "question", "answer"),
    [
        ("004", "过拟合在深度学习中的常见的一些解决方案或结构设计", "Batch Normalization"),
        ("004", "受限玻尔兹曼机广泛应用的原因", "See M"),
        ("002", "为什么不使用 2×2 卷积核", "边缘检测器"),
    ],
)
def test_a_question_line_and_its_answer_are_one_passage(seeds: Seeds, number: str, question: str, answer: str) -> None:
    passage = only([p for p in passages(seeds, number) if p.question == question], answer)
    assert passage.kind == "qa"


def test_an_author_who_does_not_know_gives_no_answer(seeds: Seeds) -> None:
    passage = only(passages(seeds, "003"), "这个不太会")
    assert passage.question == "说明如何用支持向量机实现深度学习(列出相关数学公式)"
    assert passage.kind == "pointer"


def comments(seeds: Seeds) -> list[Passage]:
    return [p for p in passages(seeds, "000") if p.kind == "comment"]


def test_forum_replies_are_one_comment_each(seeds: Seeds) -> None:
    parts = [part.strip() for part in seeds["000"].source.split("\n---")[1:]]
    found = comments(seeds)
    assert len(found) == len(parts)
    for passage, part in zip(found, parts, strict=True):
        assert passage.text.strip() in part
        assert passage.heading_path == ("conv的用处",)


def test_the_signed_comment_has_its_author_and_no_other_has_one(seeds: Seeds) -> None:
    signed = [p for p in passages(seeds, "000") if p.author]
    assert [p.author for p in signed] == ["jiayangqing"]
    assert "biologically inspired" in signed[0].text
    assert sum(u.kind == "item" for u in units_of(seeds["000"], signed[0])) == 4


def test_who_asked_and_the_reward_are_no_comments(seeds: Seeds) -> None:
    for text in ("Naiyan Wang", "直接进入面试流程", "著作权归作者所有"):
        assert only(passages(seeds, "000"), text).kind == "prose"


def test_the_repeated_sentence_keeps_its_verdict(seeds: Seeds) -> None:
    twice = holding(passages(seeds, "000"), "cnn容忍扭曲能力逐层增强")
    assert len(twice) == 2
    assert twice[0].id != twice[1].id
    assert [p for p in twice if "接近了，但不准确" in p.text] == [twice[1]]


def test_chatter_is_not_said(seeds: Seeds) -> None:
    assert "求面试求蹭饭" in seeds["000"].source
    assert [u for u in units(seeds["000"]) if "求蹭饭" in u.text] == []


def test_a_short_opinion_is_a_passage(seeds: Seeds) -> None:
    assert {"局部相关性", "不就是一个条件概率么", "局部特征+组合抽象"} <= {p.text for p in comments(seeds)}


def test_table_rows_come_with_their_header(seeds: Seeds) -> None:
    document = seeds["004"]
    norms = next(p for p in passages(seeds, "004") if p.question == "列举常见的范数及其应用")
    assert norms.kind == "table"
    found = units_of(document, norms)
    head = next(u for u in found if u.kind == "head" and "|" in u.text)
    names = [cell.strip() for cell in head.text.split("|")]
    rows = [u for u in found if u.kind == "row"]
    assert len(rows) >= 4
    for row in rows:
        assert any(f"{name}：" in row.text for name in names[1:])


def test_an_empty_table_row_says_nothing_it_does_not_hold(seeds: Seeds) -> None:
    activations = next(p for p in passages(seeds, "004") if p.question and p.question.startswith("简单介绍一下 sigmoid"))
    rows = [u.text for u in units_of(seeds["004"], activations) if u.kind == "row"]
    assert any("softplus" in row.lower() for row in rows)
    assert [row for row in rows if row.rstrip().endswith("：")] == []


def test_lost_images_leave_no_marks(seeds: Seeds) -> None:
    document = seeds["001"]
    assert "![" in document.source
    assert [u for u in units(document) if "images/" in u.text] == []


def test_formulas_stay_as_written(seeds: Seeds) -> None:
    assert any(r"$224 \times 224$" in (p.question or "") for p in passages(seeds, "004"))
    assert any("$" in u.text and "\\" in u.text for u in units(seeds["004"]))


def test_lists_keep_their_items(seeds: Seeds) -> None:
    pooling = next(p for p in passages(seeds, "002") if p.heading_path[-1] == "Pooling")
    texts = [u.text for u in units_of(seeds["002"], pooling) if u.kind == "item"]
    assert texts[0] == "Max Pooling"
    assert len(texts) == 6


@pytest.mark.parametrize("name", ["ResNeXt", "DenseNet", "SENet"])
def test_an_empty_heading_makes_no_passage(seeds: Seeds, name: str) -> None:
    assert name.lower() in seeds["002"].source.lower()
    assert [p for p in passages(seeds, "002") if p.heading_path and p.heading_path[-1].lower() == name.lower()] == []


def test_numbers_survive(seeds: Seeds) -> None:
    assert "1. 降低计算量" not in said(seeds["002"], passages(seeds, "002")[0])
    threes = next(p for p in passages(seeds, "002") if p.question == "为什么使用 3×3 卷积核")
    assert "3×3" in said(seeds["002"], threes)
    assert "3x3" in tokenize(said(seeds["002"], threes))


def test_passages_do_not_overlap_and_come_in_reading_order(seeds: Seeds) -> None:
    for document in seeds.values():
        at = 0
        for passage in passages_of(document):
            assert passage.start >= at
            at = passage.end


@pytest.mark.parametrize("folder", ["seeds", "handbook"])
def test_every_span_is_exact(folder: str) -> None:
    documents, skipped = load_corpus(CORPUS / folder)
    assert documents
    assert skipped == []
    for document in documents:
        found = passages_of(document)
        assert len({p.id for p in found}) == len(found)
        for passage in found:
            assert document.source[passage.start : passage.end] == passage.text
            own = units_of(document, passage)
            assert own
            for unit in own:
                assert passage.start <= unit.start < unit.end <= passage.end
                assert unit.text.strip()
        for section in document.sections:
            assert 0 <= section.start < section.end <= len(document.source)
