"""What lines of a note are, on small texts: questions, lists, tables, pointers, asides, noise."""

from __future__ import annotations

import pytest

from rag.chunk import passages_of, units_of
from rag.corpus import document_from_text
from rag.corpus.lines import asks, clean, is_pages, is_reference, signature, strip_number
from rag.corpus.markdown import front_title, platform_tail
from rag.records import Passage, Unit


def read(text: str) -> list[Passage]:
    return passages_of(document_from_text("note.md", text))


def units(text: str) -> list[Unit]:
    document = document_from_text("note.md", text)
    return [unit for passage in passages_of(document) for unit in units_of(document, passage)]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("**粗** 与 *斜* 与 `码`", "粗 与 斜 与 `码`"),
        ("见[论文](http://a.b/c_d)。", "见论文。"),
        ("<http://a.b/c>", "http://a.b/c"),
        ("![图](a.png)文字", "文字"),
        ("文字<br>下文<br/>", "文字 下文"),
        ('<span id="x">文字</span>', "文字"),
        ("文字{:.warning}", "文字"),
        (r"$a_1 * b * c$ 与 **d**", r"$a_1 * b * c$ 与 d"),
        pytest.param(r"\*不是斜体\*", "*不是斜体*", marks=pytest.mark.xfail(strict=True, reason="escapes are undone after emphasis is taken away")),
        (r"4 \* 4", "4 * 4"),
        ("> 引用", "引用"),
        ("snake_case_name", "snake_case_name"),
        ("a\u2028b", "a b"),
        ("3 * 4 * 5", "3 * 4 * 5"),
        ("a < b 且 c > d", "a < b 且 c > d"),
        ("若 a<b 且 c>d，则训练收敛。", "若 a<b 且 c>d，则训练收敛。"),
        ("starts with <s> and stops at </s>; <pad>", "starts with <s> and stops at </s>; <pad>"),
        ("<mask> 与 <unk>、<eos>、<bos>", "<mask> 与 <unk>、<eos>、<bos>"),
        ("<a href=\"x\" class=y>文</a><IMG src='a.png' /><h2>题</h2>H<sub>2</sub>O", "文题H2O"),
        ("<details open><summary>答</summary></details>", "答"),
        ("甲\x000\x00乙", "甲 0 乙"),
        ("甲\x007\x00 与 `码`", "甲 7 与 `码`"),
    ],
)
def test_clean_text_is_what_a_reader_sees(raw: str, text: str) -> None:
    assert clean(raw) == text


@pytest.mark.parametrize(
    "text", ["什么是卷积？", "为什么使用 3×3 卷积核", "对比 CNN 与 RNN，区别", "Why does dropout work", "Q12: 说明 BP 的推导", "**", "解释梯度消失"]
)
def test_questions(text: str) -> None:
    assert asks(text) is (text != "**")


@pytest.mark.parametrize("text", ["卷积是一种运算。", "Dropout", "因为它减少了参数；", "The network is deep.", "", "？" * 200])
def test_statements(text: str) -> None:
    assert not asks(text)


@pytest.mark.parametrize(
    ("text", "rest"), [("12 什么", "什么"), ("Q3: 什么", "什么"), ("4. What", "What"), ("3x3 是什么", "3x3 是什么"), ("1×1 卷积", "1×1 卷积"), ("7", "7")]
)
def test_running_numbers(text: str, rest: str) -> None:
    assert strip_number(text) == rest


@pytest.mark.parametrize("text", ["p86-p92", "p82;", "P134-P139", "答：p198", "AdaGrad:p307; Adam:p308-p309", "《深度学习》2.5 范数", "p605,p606 第一段"])
def test_page_lines(text: str) -> None:
    assert is_pages(text)


@pytest.mark.parametrize(
    "text", ["概率 p=0.5 的神经元被丢弃", "p230-p268；包括：Parameter Norm Penalties（参数范数惩罚）、数据增强、提前终止等等方法。", "正文"]
)
def test_lines_that_say_more_than_pages(text: str) -> None:
    assert not is_pages(text)


@pytest.mark.parametrize(
    "text", ["https://a.b/c", "<https://a.b>", "[论文](http://a.b)", "* [a](http://a.b), [b](http://c.d)", "Deep Sparse Rectifier Neural Networks"]
)
def test_references(text: str) -> None:
    assert is_reference(text, in_chinese=True)


def test_an_english_title_is_a_reference_only_among_chinese() -> None:
    assert not is_reference("Deep Sparse Rectifier Neural Networks", in_chinese=False)


@pytest.mark.parametrize(("text", "name"), [("jiayangqing", "jiayangqing"), ("—— 张三", "张三"), ("两个词 a", None), ("ok", None)])
def test_signatures(text: str, name: str | None) -> None:
    assert signature(text) == name


def test_front_matter_gives_the_title_alone() -> None:
    text = '---\nlayout: a\ntitle:  "标题"\n---\n\n# 问？\n\n答。\n'
    assert front_title(text) == "标题"
    assert document_from_text("x.md", text).title == "标题"
    assert [p.question for p in read(text)] == ["问？"]


def test_a_footer_needs_several_lines_of_a_platform() -> None:
    notes = "# 标题\n\n正文说点赞功能怎么设计。\n"
    assert platform_tail(notes) == len(notes)
    assert platform_tail(notes + "\n点赞\n收藏\n评论\n分享\n") <= len(notes) + 1


@pytest.mark.parametrize(
    "said",
    [
        "自注意力关注序列内部的关系。\n交叉注意力关注另一个序列。\n多任务学习分享底层参数。\n情感分析判断评论的褒贬。\n推荐系统预测收藏与登录。",
        "- 自注意力关注全局\n- 参数分享减少计算\n- 评论分类\n- 收藏用户兴趣\n- 登录特征",
        "关注：看哪里\n分享：同一参数\n评论：情感分析\n收藏：隐式反馈",
        "用户的行为有：\n\n- 点赞\n- 收藏\n- 评论\n- 分享",
        "# 点赞\n# 收藏\n# 评论\n# 分享",
    ],
)
def test_what_a_writer_says_is_no_footer(said: str) -> None:
    text = f"# 注意力\n\n正文。\n\n{said}\n"
    assert platform_tail(text) == len(text)


def test_a_footer_of_labels_and_fixed_phrases_is_left_out() -> None:
    notes = "# 标题\n\n正文。\n"
    footer = "• 3\n点赞\n2 收藏\n觉得还不错? 一键收藏\n提交评论\n“相关推荐”对你有帮助么?\n成就一亿技术人!\n"
    assert [u.text for u in units(notes + footer)] == ["标题", "正文。"]


def test_a_footer_never_eats_a_heading_or_a_question() -> None:
    text = "正文。\n\n# 标题\n点赞\n收藏\n评论\n分享\n"
    assert "# 标题" in text[: platform_tail(text)]


def test_a_heading_question_and_its_answer() -> None:
    found = read("# 笔记\n\n## 1. 为什么用 ReLU？\n\n- 快\n- 稀疏\n\n## 小结\n\n就这些。\n")
    assert [(p.kind, p.question, p.heading_path) for p in found] == [
        ("qa", "为什么用 ReLU？", ("笔记", "1. 为什么用 ReLU？")),
        ("prose", None, ("笔记", "小结")),
    ]


def test_a_comment_each_between_rules() -> None:
    found = read("# 题\n\n问？\n\n---\n\n一楼。\n\n---\n\n二楼。\n\n还有。\n\nzhangsan\n\n---\n\n三楼。\n\n---\n\n四楼。\n")
    replies = [p for p in found if p.kind == "comment"]
    assert [p.author for p in replies] == [None, "zhangsan", None, None]
    assert "还有" in replies[1].text


def test_rules_between_sections_make_no_comments() -> None:
    found = read("".join(f"## 节 {n}\n\n文字 {n}。\n\n---\n\n" for n in range(6)))
    assert {p.kind for p in found} == {"prose"}


def test_a_table_row_says_its_header() -> None:
    rows = [u.text for u in units("# 表\n\n| 名 | 公式 | 场景 |\n|---|---|---|\n| sigmoid | s(x) | 二分类 |\n| tanh | | 循环 |\n") if u.kind == "row"]
    assert rows == ["sigmoid：公式：s(x)；场景：二分类", "tanh：场景：循环"]


@pytest.mark.xfail(strict=True, reason="the row's empty text is replaced by its markup")
def test_an_empty_table_row_says_nothing() -> None:
    assert [u.text for u in units("# 表\n\n| 名 | 公式 |\n|---|---|\n| a | b |\n| | |\n") if u.kind == "row"] == ["a：公式：b"]


def test_a_table_of_links_is_a_reference() -> None:
    found = read("# 链接\n\n| 名 |\n|---|\n| [a](http://a.b) |\n| [b](http://c.d) |\n")
    assert {u.kind for u in units("# 链接\n\n| 名 |\n|---|\n| [a](http://a.b) |\n") if u.kind != "head"} == {"reference"}
    assert len(found) == 1


def test_code_and_formulas_stay_whole() -> None:
    found = units("# 题\n\n```python\nx = 1. * y\n# 注。\n```\n\n$$\na = 1。\nb = 2\n$$\n")
    assert [(u.kind, u.text) for u in found if u.kind != "head"] == [("code", "x = 1. * y\n# 注。"), ("formula", "a = 1。\nb = 2")]


def test_an_answer_label_without_its_question_stands_alone() -> None:
    found = read("**1 什么是甲**\n{:.warning}\np1-p2\n\n答：p198\n\n**3 什么是乙**\n{:.warning}\np5\n")
    assert [(p.question, p.pages) for p in found] == [("什么是甲", "p1-p2"), (None, "答：p198"), ("什么是乙", "p5")]


def test_an_aside_label_is_no_question() -> None:
    assert [p.question for p in read("## 什么是甲？\n\n甲是乙。\n\n**追问**：为什么？\n\n**出处**：某书。\n")] == ["什么是甲？"]


def test_plain_text_without_any_markup() -> None:
    found = passages_of(document_from_text("a.txt", "面试题\n\n什么是过拟合?\n训练误差小而测试误差大。\n什么是欠拟合?\n训练误差也大。\n"))
    assert [(p.question, p.heading_path) for p in found] == [("什么是过拟合?", ("面试题", "什么是过拟合?")), ("什么是欠拟合?", ("面试题", "什么是欠拟合?"))]


def test_a_note_of_one_line_is_a_passage() -> None:
    assert [p.text for p in read("卷积就是滑动窗口的加权求和。\n")] == ["卷积就是滑动窗口的加权求和。"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(end: str) -> None:
    text = "# 题\n\n## 为什么？\n\n- 一\n- 二\n\n正文。\n"
    changed = text.replace("\n", end)
    assert [(p.kind, p.question, p.heading_path) for p in read(changed)] == [(p.kind, p.question, p.heading_path) for p in read(text)]
    assert [u.text for u in units(changed)] == [u.text for u in units(text)]
    for passage in read(changed):
        assert changed[passage.start : passage.end] == passage.text


def test_a_long_answer_is_cut_between_items_under_one_question() -> None:
    text = "# 题\n\n## 为什么？\n\n" + "".join(f"- 第 {n} 点，{'理由' * 40}。\n" for n in range(30))
    found = read(text)
    assert len(found) > 3
    assert {p.question for p in found} == {"为什么？"}
    assert all(len(p.text) < 900 for p in found)
    assert sum(p.text.count("- 第 ") for p in found) == 30


@pytest.mark.parametrize(
    "hidden",
    [
        "<!--\nOld draft\n-->",
        "<!-- 旧稿\n\n还是旧稿 -->",
        "<script>\nlet x = 1;\n</script>",
        "<style>\n.a { color: red }\n</style>",
        "<div>\n<!--\n旧\n-->\n</div>",
    ],
)
def test_hidden_html_is_not_said(hidden: str) -> None:
    text = f"# 题\n\n前文。\n\n{hidden}\n\n后文。\n"
    assert [u.text for u in units(text)] == ["题", "前文。", "后文。"]


def test_text_beside_a_comment_is_said_and_quoted_exactly() -> None:
    text = "# 题\n\n<!--\n旧\n-->正文。\n"
    unit = units(text)[-1]
    assert (unit.text, text[unit.start : unit.end]) == ("正文。", "正文。")


def test_a_comment_without_an_end_hides_nothing() -> None:
    assert "正文。" in [u.text for u in units("# 题\n\n<!-- 忘了\n\n正文。\n")]


def test_a_nul_keeps_every_offset() -> None:
    text = "# 题\n\n甲\x003\x00乙，`码` 在此。\n"
    unit = units(text)[-1]
    assert (unit.text, text[unit.start : unit.end]) == ("甲 3 乙，`码` 在此。", "甲\x003\x00乙，`码` 在此。")


def test_a_long_paragraph_is_cut_at_sentence_ends() -> None:
    sentences = [f"第 {n} 句说的是卷积核在输入上滑动并求加权和。" for n in range(120)]
    text = "# 题\n\n" + "".join(sentences) + "\n"
    found = read(text)
    assert len(found) > 3
    assert all(p.text == text[p.start : p.end] and p.text.endswith("。") for p in found)
    assert [u.text for u in units(text) if u.kind == "text"] == sentences


def test_a_sentence_too_long_is_cut_at_spaces() -> None:
    text = "# Title\n\n" + "gradient " * 400 + "\n"
    assert {word for p in read(text) for word in p.text.removeprefix("# Title").split()} == {"gradient"}
    assert sum(p.text.count("gradient") for p in read(text)) == 400


def test_a_long_code_block_is_cut_at_line_ends_and_each_part_says_itself() -> None:
    rows = [f"    x{n} = layer_{n}(x{n - 1}) + bias_{n}" for n in range(1, 101)]
    text = "# 题\n\n```python\n" + "\n".join(["def f(x0):", *rows]) + "\n```\n"
    found = [u for u in units(text) if u.kind == "code"]
    assert len(found) > 3
    assert "\n".join(u.text for u in found) == "\n".join(["def f(x0):", *rows])
    assert all(u.text in text[u.start : u.end] for u in found)
