"""Answers and conversations as HTML."""

from __future__ import annotations

from dataclasses import replace

from rag.records import Answer, Citation, Document, Hit, Passage, Section, Sentence
from rag.ui.sources import document_html, sources_html
from rag.ui.talk import answer_html, conversation_html, plain_text
from rag.ui.turns import Conversation, numbered

SOURCE = "# 标题 <b>\n\n第一句。第二句 <script>。\n\n## 二\n\n尾声。"
DOCUMENT = Document("a/b.md", SOURCE, "0" * 64, "标题 <b>", "zh", (Section("标题 <b>", 1, 0, len(SOURCE)), Section("二", 2, 27, len(SOURCE))))
FIRST = Citation("a/b.md", 10, 14, SOURCE[10:14])
SECOND = Citation("a/b.md", 14, 27, SOURCE[14:27])
PASSAGE = Passage("p", "a/b.md", 10, 30, SOURCE[10:30], "prose", ("标题 <b>", "小节"))
ANSWER = Answer(
    "问？",
    "问？",
    "zh",
    (
        Sentence("资料说：", kind="frame"),
        Sentence("第一句。", (FIRST,), "paragraph"),
        Sentence("第二句 <script>。", (SECOND, FIRST), "claim"),
        Sentence("甲", (FIRST,), "item"),
        Sentence("乙", (SECOND,), "item"),
        Sentence("2. 丙", (SECOND,), "step"),
        Sentence("$$x<1$$", (SECOND,), "formula"),
        Sentence("注意", (SECOND,), "erratum"),
    ),
    confidence=0.5,
    hits=(Hit(PASSAGE, 0.5, {"dense": 0.5}),),
)


def test_numbers_follow_the_order_of_appearance() -> None:
    assert list(numbered(ANSWER).values()) == [1, 2]


def test_every_sentence_with_a_source_has_its_numbers() -> None:
    html = answer_html(ANSWER, 3, "zh")
    assert html.count('href="#cite-3-1"') == 3
    assert html.count('href="#cite-3-2"') == 5
    assert "<ul><li>甲" in html
    assert '<li value="2">丙' in html
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert html.count("<p") == html.count("</p>")
    assert html.count("<ul") == html.count("</ul>") == 1
    assert '<span class="tex tex-display">x&lt;1</span>' in html


def test_answers_grow_without_changing_what_stands() -> None:
    whole = answer_html(ANSWER, 0, "zh")
    for n in range(1, len(ANSWER.sentences)):
        part = answer_html(replace(ANSWER, sentences=ANSWER.sentences[:n]), 0, "zh")
        assert part.count("<") <= whole.count("<")


def test_a_conversation_remembers_what_was_answered() -> None:
    said = Conversation().ask("一").reply(ANSWER).end().ask("二")
    assert said.busy
    assert said.history() == [{"role": "user", "content": "一"}, {"role": "assistant", "content": ANSWER.text}]
    assert said.cited(0, 1) == FIRST
    assert said.cited(0, 9) is None
    assert said.cited(1, 1) is None
    assert said.cited(7, 1) is None
    assert not said.end().busy
    stopped = conversation_html(said.end(), "zh", documents=1)
    assert "没有答完" in stopped
    assert stopped.count("data-again") == 2
    limited = conversation_html(said.end().ask("三", ["a/b.md", "gone.md"]), "en", documents=1, titles={"a/b.md": "标题 <b>"})
    assert "Searched only in: 标题 &lt;b&gt;, gone.md" in limited
    assert "模型还在载入" in conversation_html(said, "zh", documents=None)


def test_a_long_conversation_is_folded() -> None:
    said = Conversation()
    for n in range(200):
        said = said.ask(f"问{n}").reply(ANSWER).end()
    html = conversation_html(said, "en", documents=1)
    assert "160 earlier questions" in html
    assert html.count("<article") == 40
    assert "问199" in html


def test_sources_gather_quotes_by_passage() -> None:
    html = sources_html(ANSWER, 0, "zh", {"a/b.md": DOCUMENT}.get)
    assert html.count('<section class="card">') == 1
    assert 'class="first n1"' in html
    assert "标题 &lt;b&gt;" in html
    assert "<script" not in html
    assert "不在资料里" in sources_html(ANSWER, 0, "zh", {}.get)


def test_a_document_opens_at_its_span() -> None:
    html = document_html(DOCUMENT, (14, 27), "zh")
    assert '<mark class="here first">第二句 &lt;script&gt;。</mark>' in html
    assert 'href="#section-1"' in html
    assert html.count('aria-current="true"') == 1


def test_a_huge_document_is_shown_around_its_span() -> None:
    huge = replace(DOCUMENT, source="字" * 1_000_000, sections=())
    html = document_html(huge, (500_000, 500_010), "zh")
    assert len(html) < 200_000
    assert 'class="here' in html
    assert "文档很长" in html


def test_what_is_copied_holds_the_sources() -> None:
    text = plain_text(ANSWER, "en")
    assert text.startswith("问？\n\n")
    assert "第一句。[1]" in text
    assert "[2] a/b.md [14:27]" in text
