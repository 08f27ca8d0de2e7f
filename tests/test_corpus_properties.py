"""Whatever a file holds, it parses, and every span is exact."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.chunk import passages_of, units_of
from rag.corpus import document_from_text
from rag.records import Block

PIECES = st.sampled_from(
    [
        "---", "===", "***", "# 标题", "## Why?", "#", "#hash", "标题\n---", "- item", "  * 子项", "1. 第一", "12) b", "> 引用", ">> p12",
        "| a | b |", "|---|---|",
        "| 1 | 2 |", "|  |  |", "$$", "$x = 1$", "$$y$$", "```", "```python", "`code`", "`", "**粗体？**", "**为什么** : 因为", "**",
        "{:.warning}", "{:", "<br>",
        "<span id='a'>", "</span>", "<!-- 注", "-->", "![图](a.png)", "[链接](http://a.b/c)", "<http://a.b>", "https://a.b/c", "p86-p92",
        "答：p67", "《深度学习》 3.10",
        "Q1: 什么是卷积？", "问：为什么", "A: because", "什么是 dropout？", "说明如何推导", "Dropout. 怎么做,解释。", "jiayangqing",
        "—— 张三", "求面试求蹭饭", "• 0", "点赞",
        "收藏 12", "评论", "添加红包", "当前余额3.43", "参考资料", "title: x", "\t", "    四格", "\u2028", "\u202f", "\x00", "\x0b",
        "\x0c", "\x85", "\ud800", "\ufeff", "🙂", "正文。第二句！",
        "A sentence. Another one.", "**追问**：x", "*本文*", "_", "\\*", "\\", "&amp;", "&#0;",
    ]
)  # fmt: skip
ENDS = st.sampled_from(["\n", "\n\n", "\r\n", "\r", " ", ""])
NOTES = st.lists(st.tuples(st.one_of(PIECES, st.text(max_size=12)), ENDS), max_size=25).map(lambda parts: "".join(a + b for a, b in parts))


def check(text: str) -> None:
    document = document_from_text("a/b.md", text)
    assert document.source == text
    at = 0
    for block in document.blocks:
        assert isinstance(block, Block)
        assert at <= block.start < block.end <= len(text)
        at = block.start
    for section in document.sections:
        assert 0 <= section.start <= section.end <= len(text)
    passages = passages_of(document)
    assert len({p.id for p in passages}) == len(passages)
    for passage in passages:
        assert passage.text == text[passage.start : passage.end]
        assert passage.text.strip()
        last = passage.start
        for unit in units_of(document, passage):
            assert passage.start <= unit.start < unit.end <= passage.end
            assert unit.start >= last
            last = unit.start
            assert unit.text.strip()
            assert unit.passage_id == passage.id


@settings(max_examples=400)
@given(NOTES)
def test_any_note_parses(text: str) -> None:
    check(text)


@given(st.text(max_size=300))
@example("")
@example("\ufeff")
@example("---\n")
@example("---\ntitle: x\n---")
@example("- " * 200)
@example("> " * 200 + "x")
@example("| a |\n|--|\n" + "| b |\n" * 50)
@example("$$\n")
@example("```\n")
@example("1. a\n\n       b\n")
@example("* **a** `{:` \n{:.b}\n")
def test_any_text_parses(text: str) -> None:
    check(text)


@settings(max_examples=60)
@given(NOTES, NOTES)
def test_a_passage_id_is_of_its_place_and_text_alone(one: str, other: str) -> None:
    first = [p.id for p in passages_of(document_from_text("a.md", one))]
    assert first == [p.id for p in passages_of(document_from_text("a.md", one))]
    if first:
        assert set(first).isdisjoint(p.id for p in passages_of(document_from_text("b.md", one)))


def test_a_very_long_paragraph_is_cut_and_stays_exact() -> None:
    check("这是一句很长的话，" * 3000)
    check("word " * 8000)
    check("- " + "条目，" * 4000)
    check("长" * 5000 + " " * 900 + "句")
    check("```\n" + " " * 900 + "x = 1\n" * 600 + "y" * 3000 + "\n```\n")
    check("- ~~~\n  " + "y" * 3000 + "\n  ~~~\n")
    check("$$\n" + "a + b \\\\\n" * 400 + "$$\n")


def test_many_small_blocks_take_no_quadratic_time() -> None:
    document = document_from_text("a.md", "\n\n".join(f"## 问题 {n}？\n\n答案 {n}。" for n in range(3000)))
    assert len(passages_of(document)) == 3000
