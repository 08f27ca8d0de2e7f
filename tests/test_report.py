"""The report and its exports."""

from __future__ import annotations

import csv
import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from practice_samples import Q_TEXTS, START, at, grade, point_grade, question

from rag import interview
from rag.errors import UserInputError
from rag.interview import InterviewPlan
from rag.jsonable import clean
from rag.records import AskedQuestion, Asking, Grade, Language, PointGrade, Reading, Report, WrongStatement
from rag.report import make_report, report_from_json, report_to_json, to_anki, to_markdown

BANK = {q.id: q for q in (question("bn"), question("cnn"), question("vc", area="theory"), question("gan"))}
NASTY = [
    "<script>alert(1)</script>",
    "![x](https://evil.example/a.png)",
    "[a](javascript:x)",
    "# 大标题",
    "| a | b |",
    "```\ncode",
    "$x$ **粗** &amp; ~~x~~",
    "1. a\n2. b",
    "\x00 \ud800",
]


def played(language: Language = "zh") -> Report:
    """A report on an interview with a follow-up, a retry, a skipped question and one never reached."""
    state = interview.start(InterviewPlan(number=4, language=language), tuple(BANK.values()), "s1", START)
    state = interview.reply(state, "先说 <b>一半</b>", grade(BANK["bn"], "missed", "hit", "missed", wrong=(WrongStatement("它很慢", "它更快"),)))
    state = interview.reply(interview.follow_up(state), "补一句", point_grade(BANK["bn"], "k1", "partial"))
    state = interview.advance(state)
    state = interview.reply(state, "差", grade(BANK["cnn"], "partial", "missed", "missed"))
    state = interview.reply(interview.retry(state), "好", grade(BANK["cnn"], "hit", "hit", "hit"))
    state = interview.finish(interview.skip(interview.advance(state)), at(1))
    asked = interview.asked_questions(state)[:3]
    return make_report("s1", language, state.started, state.finished or "", asked, BANK, unasked=1)


def answered(name: str, score: float, area: str = "vision") -> AskedQuestion:
    """A question with one reply."""
    return AskedQuestion(name, name, area, 1, ("x",), (Grade(name, score, ()),))


def test_the_figures_are_means_over_answered_questions() -> None:
    asked = [answered("bn", 50), answered("cnn", 100), answered("vc", 30, "theory"), AskedQuestion("gan", "gan", "theory", 1, skipped=True)]
    report = make_report("s", "zh", "a", "b", asked, BANK)
    assert (report.total, report.areas, report.skipped) == (60, {"theory": 30, "vision": 75}, 1)


def test_nothing_answered_has_no_total() -> None:
    report = make_report("s", "zh", "a", "b", [AskedQuestion("gan", "gan", "theory", 1, skipped=True)], BANK)
    assert (report.total, report.areas, report.skipped) == (None, {}, 1)
    assert "没有作答" in to_markdown(report)


def test_the_worst_questions_are_read_up_first() -> None:
    asked = [answered("bn", 84), answered("cnn", 90), AskedQuestion("gan", "gan", "vision", 1, skipped=True), answered("vc", 10)]
    assert make_report("s", "en", "a", "b", asked, BANK).to_read == (
        Reading("handbook/en/vision.md", "What is gan?", "gan"),
        Reading("handbook/en/vision.md", "What is vc?", "vc"),
        Reading("handbook/en/vision.md", "What is bn?", "bn"),
    )


def test_three_places_at_most_and_none_twice() -> None:
    bare = {name: replace(q, handbook=None, asked=(Asking("my.md", "同一处"),)) for name, q in BANK.items()}
    asked = [answered(name, 10) for name in BANK]
    assert make_report("s", "zh", "a", "b", asked, bare).to_read == (Reading("my.md", "同一处", "bn"),)
    assert len(make_report("s", "zh", "a", "b", asked, BANK).to_read) == 3
    assert make_report("s", "zh", "a", "b", asked, {n: replace(q, asked=()) for n, q in bare.items()}).to_read == ()
    assert make_report("s", "zh", "a", "b", asked, {}).to_read == ()


def test_json_comes_back_exactly() -> None:
    for report in (played(), hostile("\x00 \ud800 题")):
        text = report_to_json(report)
        assert report_from_json(text.encode().decode()) == report
        assert "\\u4e" not in text


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "report": 3}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(UserInputError, match=r"^(report|Report): "):
        report_from_json(text)


def test_markdown_for_people() -> None:
    text = to_markdown(played(), {"vision": "视觉"})
    assert "**总分：78 / 100**" in text
    assert "答了 2 题，跳过 1 题，没问到 1 题" in text
    assert "| 视觉 | 78 |" in text
    assert "1. vc 是什么？ (handbook/zh/vision.md)" in text
    assert "- ◐ 说到一半 (50 分)：bn 要点 1" in text
    assert "**你的回答：55 / 100** (含追问)" in text
    assert "**追问：** bn 追问 k1\n\n> 补一句\n\n要点：\n\n- ◐ 说到一半：bn 要点 1" in text
    assert "**第 2 次回答：100 / 100**" in text
    assert "这题跳过了。" in text
    assert "- 它很慢\n  - 要点是：它更快" in text


def test_markdown_in_english_has_no_chinese_words_of_its_own() -> None:
    asked = [replace(answered("bn", 40), follow_ups=()), AskedQuestion("gan", "gan", "vision", 1, skipped=True)]
    text = to_markdown(make_report("s", "en", START.isoformat(), at(1).isoformat(), asked, BANK))
    assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", text)
    assert "1 answered, 1 skipped, 0 not reached" in text
    assert "2026-11-21 10:00" in text


def hostile(words: str) -> Report:
    """A report in which everybody says these words everywhere."""
    point = PointGrade("k1", words, 100, "partial", words, 0.5, ())
    graded = Grade(words, 50, (point,), (WrongStatement(words, words),), (), words)
    return make_report("s", "zh", "a", "b", [AskedQuestion("q", words, words, 1, (words,), (graded,))], {})


@given(st.sampled_from(NASTY) | st.text(max_size=30) | st.text("#-+*_[]()!<>&`|~$\\=1.:/ \n\taw", max_size=20))
def test_no_words_act_as_markup(words: str) -> None:
    markdown = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    tokens = [t for token in markdown.parse(to_markdown(hostile(words))) for t in (token, *(token.children or ()))]
    kinds = {token.type for token in tokens}
    assert not kinds & {"html_block", "html_inline", "image", "link_open", "code_inline", "fence", "code_block", "s_open", "em_open", "hr"}
    assert [t.tag for t in tokens if t.type == "heading_open"] == ["h1", "h2", "h2", "h3"]
    plain = "".join(t.content for t in tokens if t.type in {"text", "text_special"})
    assert "".join(clean(words).split()) in "".join(plain.split())


@given(st.sampled_from(NASTY) | Q_TEXTS)
def test_every_anki_line_is_a_note_of_four_fields(words: str) -> None:
    text = to_anki(hostile(words), {})
    lines = text.removesuffix("\n").split("\n")
    assert [line for line in lines if line.startswith("#")] == lines[:7]
    (row,) = csv.reader(lines[7:], delimiter="\t", strict=True)
    assert len(row) == 4
    assert " ".join(html.unescape(row[1].replace("<br>", " ")).split()) == " ".join(clean(words).split())
    assert not re.search(r"<(?!/?(ul|li|b|div|br)>)", row[1] + row[2])


def test_anki_notes_show_what_was_missed_and_keep_their_identity() -> None:
    rows = [line.split("\t") for line in to_anki(played(), BANK).splitlines()[7:]]
    assert [row[0] for row in rows] == ["mianjing-zh-bn", "mianjing-zh-cnn", "mianjing-zh-vc"]
    assert rows[0][1:] == [
        "bn 是什么？",
        "<ul><li><b>bn 要点 1</b></li><li>bn 要点 2</li><li><b>bn 要点 3</b></li></ul><div>读：bn 是什么？ (handbook/zh/vision.md)</div>",
        "mianjing mianjing::vision",
    ]
    assert "<b>" not in rows[1][2]
    assert rows[2][2].count("<b>") == 3
