"""Text of documents to HTML: nothing becomes markup, nothing is lost."""

from __future__ import annotations

import re
import time
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.ui.typeset import Look, Mark, inline, pieces, span

PARTS = [*"ab 中文。\n$`\\()[]<>&\"'#*{}:~|", "$$", "```", "\\(", "\\)", "<img src=x>", "**", "\n- ", "![", "](", "\n---\n", "[a](b)"]
TEXT = st.lists(st.sampled_from(PARTS), max_size=80).map("".join)
TAGS = re.compile(r"</?(?:span|code|mark|b|a)(?: [^<>]*)?>")


def _shown(html: str) -> str:
    return unescape(TAGS.sub("", html))


@given(TEXT)
def test_pieces_cover_the_text(text: str) -> None:
    found = pieces(text)
    assert [p.start for p in found[1:]] == [p.end for p in found[:-1]]
    assert "".join(text[p.start : p.end] for p in found) == text


@given(TEXT)
def test_no_tag_but_ours(text: str) -> None:
    assert "<" not in TAGS.sub("", inline(text))
    assert ">" not in TAGS.sub("", inline(text))


@given(TEXT, st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)), max_size=4))
def test_spans_keep_every_character_of_plain_text(text: str, cuts: list[tuple[int, int]]) -> None:
    marks = [Mark(min(c), max(c), (n,)) for n, c in enumerate(cuts, 1) if min(c) < max(c) <= len(text)]
    html = span(text, 0, len(text), marks)
    assert "<" not in TAGS.sub("", html)
    if all(p.kind == "text" for p in pieces(text)):
        numbers = re.compile(r'<span class="mark-n" aria-hidden="true">.*?</span>')
        assert _shown(numbers.sub("", html)) == text


def test_formulas_and_code_are_kept() -> None:
    assert inline("设 $a<b$，`x<y`，\\(z\\)") == '设 <span class="tex">a&lt;b</span>，<code>x&lt;y</code>，<span class="tex">z</span>'
    assert inline("$$\\frac{1}{2}$$") == '<span class="tex tex-display">\\frac{1}{2}</span>'
    assert inline("costs $5 and $6") == "costs $5 and $6"
    assert inline("```py\nx = 1\n```") == ('<code class=\'fence\'><span class="markup">```py\n</span>x = 1<span class="markup">\n```</span></code>')


def test_nothing_of_a_document_becomes_markup() -> None:
    assert inline('<img src=x onerror="alert(1)"> ![a](https://b) **c**') == "&lt;img src=x onerror=&quot;alert(1)&quot;&gt; ![a](https://b) **c**"
    assert inline("$<script>alert(1)</script>$") == '<span class="tex">&lt;script&gt;alert(1)&lt;/script&gt;</span>'


def test_a_highlight_holds_a_formula_whole() -> None:
    html = span("ab $x+y$ cd", 0, 11, [Mark(1, 5, (7,), here=True)])
    assert html == 'a<mark class="here first n7"><span class="mark-n" aria-hidden="true"><b>7</b></span>b <span class="tex">x+y</span></mark> cd'


def test_highlights_that_overlap_become_one() -> None:
    html = span("abcdef", 0, 6, [Mark(0, 3, (1,)), Mark(2, 5, (2,))])
    assert html.count("<mark") == 1
    assert "<b>1</b><b>2</b>" in html


def test_headings_and_anchors() -> None:
    html = span("# T\nx", 0, 5, (), [Look(0, 3, "title")], [(0, "section-0")])
    assert html == '<span class="look-title"><a class="anchor" id="section-0"></a><span class="markup"># </span>T</span>\nx'


def test_signs_of_markdown_are_there_but_out_of_sight() -> None:
    source = "- **甲** [名](https://x)\n![image](a.png) 和 ![图 1](b.png)\n\n---\n减 - 号"
    html = span(source, 0, len(source))
    assert _shown(html) == source
    seen = re.sub(r'<span class="markup">.*?</span>', "", html, flags=re.DOTALL)
    assert _shown(seen) == "甲 名\n 和 \n\n\n减 - 号"
    nested = "- 甲\n  - 乙 - 丙"
    assert span(nested, 0, len(nested), [Mark(6, 13)]).count('class="bullet"') == 2
    assert html.count('class="bullet"') == html.count('class="rule"') == 1
    assert re.findall(r'data-told="([^"]*)"', html) == ["", ": 图 1"]


@pytest.mark.parametrize("part", ["$", "`a", "$$ a ", "```a\n", "\\(", "\\[ a", "$a ", "~~~\nx\n", "$\\a", "{:", "\n "])
def test_time_is_bounded(part: str) -> None:
    text = part * (60_000 // len(part))
    begun = time.perf_counter()
    span(text, 0, len(text))
    assert time.perf_counter() - begun < 20
