"""HTML, PDF and DOCX become source texts that offsets hold in; what cannot be read is refused in a sentence that helps."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from format_samples import ANSWER_EN, ANSWER_ZH, QUESTION_EN, QUESTION_ZH, docx, html, pdf, scan, zipped
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_encoder import BigramEncoder

from rag.chunk import passages_of, units_of
from rag.corpus import document_from_text, load_corpus
from rag.corpus.docx import docx_text
from rag.corpus.html import html_text
from rag.corpus.pdf import pdf_text
from rag.corpus.refusals import REASONS
from rag.errors import Refused
from rag.store import build_index, load_index
from rag.store.disk import known_sources

MAKERS = {".pdf": pdf_text, ".docx": docx_text, ".html": html_text}


def refused(make: Callable[[bytes, str], str], data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        make(data, "笔记")
    message = str(caught.value)
    assert message.startswith("笔记: ")
    assert "\n" not in message
    assert caught.value.why in REASONS
    return caught.value.why


def check(text: str) -> None:
    """Passages and units of a text are exact spans of it."""
    document = document_from_text("a", text)
    for passage in passages_of(document):
        assert passage.text == text[passage.start : passage.end]
        assert all(passage.start <= u.start < u.end <= passage.end for u in units_of(document, passage))


def read_or_refused(make: Callable[[bytes, str], str], data: bytes) -> Refused | None:
    """The refusal of a file; where it is read instead, its spans are checked."""
    try:
        text = make(data, "a")
    except Refused as error:
        return error
    check(text)
    return None


@pytest.mark.parametrize(("suffix", "data"), [(".pdf", pdf()), (".docx", docx()), (".html", html().encode())])
def test_a_question_of_every_format_heads_its_answer(tmp_path: Path, suffix: str, data: bytes) -> None:
    (tmp_path / f"note{suffix}").write_bytes(data)
    documents, skipped = load_corpus(tmp_path)
    assert skipped == []
    (document,) = documents
    assert (document.title, document.language) == ("知识蒸馏笔记", "zh")
    passages = passages_of(document)
    answering = [p for p in passages if QUESTION_ZH in (*p.heading_path, p.question)]
    assert len(answering) == 1
    assert ANSWER_ZH in answering[0].text
    check(document.source)


def test_lines_of_a_pdf_are_joined_and_page_numbers_left_out() -> None:
    text = pdf_text(pdf(parts=((QUESTION_ZH, ANSWER_ZH * 6), (QUESTION_EN, " ".join([ANSWER_EN] * 60)))), "a.pdf")
    assert ANSWER_ZH * 6 in text
    assert f"## {QUESTION_EN}\n\n" in text
    assert ANSWER_EN in text
    assert not any(line.strip().isdigit() for line in text.splitlines())


def test_running_heads_of_a_pdf_are_left_out() -> None:
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    for n in range(4):
        canvas.drawString(72, 800, "Deep Learning Notes, lecture 7")
        canvas.drawString(72, 700, f"Statement {'abcd'[n]} says that pooling makes features robust.")
        canvas.drawString(72, 684, "It also makes the maps smaller.")
        canvas.drawString(280, 30, f"Page {n + 1} of 4")
        canvas.showPage()
    canvas.save()
    text = pdf_text(out.getvalue(), "a.pdf")
    assert "lecture" not in text
    assert "Page" not in text
    assert text.count("robust. It also makes the maps smaller.") == 4


def test_what_a_pdf_may_not_be() -> None:
    assert refused(pdf_text, pdf(password="secret")) == "password"
    assert refused(pdf_text, scan()) == "scanned"
    assert refused(pdf_text, b"%PDF-1.7\nbroken") == "damaged"
    assert refused(pdf_text, b"just text") == "damaged"
    assert refused(pdf_text, pdf()[:900]) == "damaged"
    assert refused(pdf_text, b"") == "damaged"


def test_a_word_document_keeps_its_structure() -> None:
    text = docx_text(docx(), "a.docx")
    assert text.startswith("# 知识蒸馏笔记\n\n## 什么是知识蒸馏的温度？\n\n温度把")
    assert "- 软标签含有类别之间的关系\n- 损失是" in text
    assert "| 方法 | 温度 |\n| --- | --- |\n| 蒸馏 | 2 到 20 |" in text


def test_what_a_word_document_may_not_be() -> None:
    assert refused(docx_text, b"\xd0\xcf\x11\xe0" + b"\x00" * 600) == "password"
    assert refused(docx_text, pdf()) == "wrong_suffix"
    assert refused(docx_text, b"PK\x03\x04 cut") == "damaged"
    assert refused(docx_text, zipped({"a.txt": b"x"})) == "damaged"
    assert refused(docx_text, zipped({"word/document.xml": b"<a>"})) == "damaged"
    space = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p/></w:body></w:document>'
    assert refused(docx_text, zipped({"word/document.xml": space})) == "empty"


def test_a_word_document_that_unpacks_to_too_much() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w", force_zip64=True) as stream:
        for _ in range(90):
            stream.write(b" " * 2**20)
    assert refused(docx_text, out.getvalue()) == "bomb"


def test_entities_of_a_word_document_are_not_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("秘密", encoding="utf-8")
    xml = (
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}"><!ENTITY a "aaaa">]>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>正文。&x;</w:t></w:r></w:p></w:body></w:document>'
    )
    assert "秘密" not in docx_text(zipped({"word/document.xml": xml.encode()}), "a.docx")


def test_a_page_loses_menus_scripts_and_footers() -> None:
    text = html_text(html().encode(), "a.html")
    assert text == f"# 知识蒸馏笔记\n\n## {QUESTION_ZH}\n\n{ANSWER_ZH}\n"


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("<ul><li>一<ol><li>甲</li><li>乙</li></ol></li><li>二</li></ul>", "- 一\n  1. 甲\n  2. 乙\n- 二"),
        ("<table><tr><th>名</th><th>值</th></tr><tr><td>a|b</td><td>1</td></tr></table>", "| 名 | 值 |\n| --- | --- |\n| a\\|b | 1 |"),
        ("<pre><code class='language-python'>x = 1\nif x:\n    y</code></pre>", "```python\nx = 1\nif x:\n    y\n```"),
        ("<p>一行<br>二行</p>", "一行\n二行"),
        ("<p># 不是标题</p>", "\\# 不是标题"),
        ("<p><b>粗</b>和<code>code</code>和<a href='https://a.b/c'>链接</a></p>", "**粗**和`code`和[链接](https://a.b/c)"),
        ("<p><a href='javascript:alert(1)'>点</a></p>", "点"),
        ("<p>x<sup>2</sup> H<sub>2</sub>O</p>", "x^2 H_2O"),
        ("<script type='math/tex; mode=display'>a^2</script>", "$$a^2$$"),
        ("<p>损失 <math><semantics><mi>x</mi><annotation encoding='application/x-tex'>\\sum x</annotation></semantics></math></p>", "损失 $\\sum x$"),
        ("<p>损失 <span class='ztext-math' data-tex='y=x'>y=x</span></p>", "损失 $y=x$"),
        ("<blockquote><p>引</p><p>文</p></blockquote>", "> 引\n>\n> 文"),
        ("<div>甲<div>乙</div>丙</div>", "甲\n\n乙\n\n丙"),
        ("<details><summary>为什么？</summary>因为。</details>", "**为什么？**\n\n因为。"),
        ("<p onclick='x()'>安全</p><iframe src='http://a'></iframe><img src=x onerror=alert(1)>", "安全"),
        ("<table><tr><td><p>版式</p><p>表格</p></td></tr></table>", "版式\n\n表格"),
    ],
)
def test_html_as_markdown(inner: str, expected: str) -> None:
    assert html_text(f"<html><body>{inner}</body></html>".encode()).strip() == expected


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "gbk", "utf-16", "big5"])
def test_a_page_is_read_in_its_encoding(encoding: str) -> None:
    page = f"<html><head><meta charset={encoding}></head><body><p>卷積神經網絡</p></body></html>"
    assert html_text(page.encode(encoding)) == "卷積神經網絡\n"


def test_a_page_that_declares_the_wrong_encoding() -> None:
    assert html_text('<meta charset="ascii"><p>为什么用卷积</p>'.encode()) == "为什么用卷积\n"
    assert html_text('<meta charset="no-such-thing"><p>为什么用卷积</p>'.encode("gbk")) == "为什么用卷积\n"


def test_a_page_without_text() -> None:
    assert refused(html_text, b"") == "empty"
    assert refused(html_text, b"<html><script>alert(1)</script></html>") == "empty"
    assert refused(html_text, pdf()) == "wrong_suffix"


@pytest.mark.parametrize(
    "page",
    ["甲<p>" + "<div>" * 5000 + "<b>" * 5000 + "深", "甲" + "<ul><li>" * 2000 + "深", "<span>" * 3000 + "<table><tr><td>" * 300, "甲" + "<b>" * 90 + "深"],
)
def test_a_page_nested_without_end(page: str) -> None:
    refusal = read_or_refused(html_text, page.encode())
    assert refusal is None or refusal.why == "empty"


@pytest.mark.parametrize("suffix", sorted(MAKERS))
def test_another_format_under_a_wrong_name(suffix: str) -> None:
    for other, data in ((".pdf", pdf()), (".docx", docx())):
        if other != suffix:
            assert refused(MAKERS[suffix], data) in {"wrong_suffix", "damaged"}


TAGS = st.sampled_from(
    "p div b i ul ol li table tr td th pre code h1 h3 br a sup math script style blockquote details summary dl dt dd span article nav img hr".split()
)
TREES = st.recursive(
    st.one_of(st.text(max_size=12), st.sampled_from(["# x", "| a |", "$x$", "```", "---", "1. 题？", "\x0b", "\x00", "&amp;&#0;", "<!--", "]]>"])),
    lambda inner: st.tuples(TAGS, st.lists(inner, max_size=4)).map(lambda t: f"<{t[0]} class=x href=http://a.b/c>{''.join(t[1])}</{t[0]}>"),
    max_leaves=25,
)


@given(TREES)
def test_any_page_is_read_or_refused_and_its_spans_hold(page: str) -> None:
    try:
        text = html_text(page.encode("utf-8", "surrogatepass"), "a.html")
    except Refused:
        return
    assert "<script" not in text.lower() or "<script" in page.lower()
    check(text)


@settings(max_examples=100)
@given(st.binary(max_size=400), st.sampled_from(sorted(MAKERS)))
def test_any_bytes_are_read_or_refused(data: bytes, suffix: str) -> None:
    for body in (data, b"%PDF-1.4\n" + data, b"PK\x03\x04" + data):
        refusal = read_or_refused(MAKERS[suffix], body)
        assert refusal is None or "\n" not in str(refusal)


WHOLE = {".pdf": pdf(), ".docx": docx()}


@settings(max_examples=60)
@given(st.sampled_from(sorted(WHOLE)), st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=40))
def test_a_file_with_flipped_bytes_is_read_or_refused(suffix: str, flips: list[tuple[float, int]]) -> None:
    damaged = bytearray(WHOLE[suffix])
    for share, bits in flips:
        damaged[int(share * len(damaged))] ^= bits
    refusal = read_or_refused(MAKERS[suffix], bytes(damaged))
    assert refusal is None or refusal.why in REASONS


def test_a_converted_file_that_did_not_change_is_not_converted_again(tmp_path: Path) -> None:
    corpus, index, toy = tmp_path / "corpus", tmp_path / "index", BigramEncoder()
    corpus.mkdir()
    (corpus / "a.html").write_text(html(), encoding="utf-8")
    (corpus / "b.md").write_text("# 卷积\n\n为什么用卷积？参数少。\n", encoding="utf-8")
    build_index(corpus, index, toy)
    known = known_sources(index)
    page = (corpus / "a.html").read_bytes()
    assert known == {(".html", hashlib.sha256(page).hexdigest()): html_text(page)}
    taken, _ = load_corpus(corpus, dict.fromkeys(known, "# 已知\n\n以前转好的文字。\n"))
    assert [d.title for d in taken] == ["已知", "卷积"]
    assert build_index(corpus, index, BigramEncoder()).embedded == 0
    assert load_index(index, toy).documents["a.html"].source == html_text(page)
