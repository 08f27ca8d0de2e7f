"""The tab in which questions are asked."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from rag.records import Answer, Language
from rag.tutor import MAX_QUESTION
from rag.ui.shared import PRIVATE, Shared, Tab, detail, document_at, language_of_view, script
from rag.ui.sources import document_html, empty_html, sources_html
from rag.ui.strings import say
from rag.ui.talk import Conversation, conversation_html

OPENING_SECONDS = 1800.0
PACE_SECONDS = 0.06
_REFERENCE = re.compile(r"(\d{1,6})-(\d{1,6})")


def composer_html(language: Language) -> str:
    """The box in which a question is written."""
    return (
        f'<form class="composer"><label class="sr-only" for="question">{say(language, "question_label")}</label>'
        f'<textarea id="question" rows="1" maxlength="{MAX_QUESTION}" placeholder="{say(language, "question_hint")}" aria-describedby="question-keys" '
        f'enterkeyhint="send" autocomplete="off"></textarea><button type="submit" class="primary send">{say(language, "send")}</button>'
        f'<button type="button" class="primary stop" data-stop="true">{say(language, "stop")}</button>'
        f'<div class="under"><span class="keys" id="question-keys">{say(language, "keys")}</span>'
        f'<button type="button" class="quiet new" data-new="true">{say(language, "new_conversation")}</button></div></form>'
    )


def build(shared: Shared) -> Tab:
    """The conversation, the box below it and the pane of sources beside it."""
    opening = shared.opening
    conversation = gr.State(Conversation())
    with gr.Row(elem_id="ask", equal_height=False):
        with gr.Column(elem_id="talk", scale=3, min_width=0):
            chat = gr.HTML("", elem_id="chat", js_on_load=script("chat"), apply_default_css=False)
            composer = gr.HTML("", elem_id="composer", js_on_load=script("composer"), apply_default_css=False)
        pane = gr.HTML("", elem_id="pane", js_on_load=script("pane"), apply_default_css=False)

    def documents() -> int | None:
        return len(opening.tutor.documents()) if opening.tutor else None

    def talk(said: Conversation, language: Language) -> str:
        return conversation_html(said, language, documents=documents())

    def sources(said: Conversation, language: Language) -> str:
        last = said.last_answered()
        answer = said.turns[last].answer if last is not None else None
        if opening.tutor is None or last is None or answer is None:
            return empty_html(language)
        return sources_html(answer, last, language, opening.tutor.source)

    def draw(view: str, said: Conversation) -> list[Any]:
        language = language_of_view(view)
        return [talk(said, language), composer_html(language), sources(said, language)]

    def ask(event: gr.EventData, said: Conversation, view: str) -> Iterator[tuple[Any, ...]]:
        language = language_of_view(view)
        question = detail(event, "text", MAX_QUESTION).strip()
        if not question:
            yield said, gr.skip(), gr.skip()
            return
        history = said.history()
        said = said.ask(question)
        yield said, talk(said, language), gr.skip()
        tutor = opening.wait(OPENING_SECONDS)
        if tutor is not None:
            for answer in _paced(tutor.ask_stream(question, history)):
                said = said.reply(answer)
                yield said, talk(said, language), gr.skip()
        said = said.end()
        yield said, talk(said, language), sources(said, language)

    def settle(said: Conversation, view: str) -> tuple[Conversation, str, str]:
        language, said = language_of_view(view), said.end()
        return said, talk(said, language), sources(said, language)

    def start_anew(view: str) -> tuple[Conversation, str, str]:
        language = language_of_view(view)
        return Conversation(), talk(Conversation(), language), empty_html(language)

    def open_source(event: gr.EventData, said: Conversation, view: str) -> str:
        language = language_of_view(view)
        found = _REFERENCE.fullmatch(detail(event, "ref"))
        citation = said.cited(int(found.group(1)), int(found.group(2))) if found else None
        document = opening.tutor.source(citation.doc_id) if opening.tutor and citation else None
        if citation is None or document is None:
            return f'<div class="pane pane-empty"><p>{escape(say(language, "gone"))}</p></div>'
        return document_html(document, (citation.start, citation.end), language)

    def open_passage(event: gr.EventData, view: str) -> Any:
        return document_at(opening, event, language_of_view(view), back="back")

    def show_sources(event: gr.EventData, said: Conversation, view: str) -> Any:
        language = language_of_view(view)
        turn = detail(event, "turn")
        number = int(turn) if turn.isdecimal() and len(turn) < 7 else -1
        answer = said.turns[number].answer if 0 <= number < len(said.turns) else None
        if answer is None or opening.tutor is None:
            return sources(said, language)
        return sources_html(answer, number, language, opening.tutor.source)

    asking = composer.submit(ask, [conversation, shared.view], [conversation, chat, pane], concurrency_limit=2, concurrency_id="tutor", **PRIVATE)
    asking.failure(settle, [conversation, shared.view], [conversation, chat, pane], queue=False, **PRIVATE)
    composer.stop(settle, [conversation, shared.view], [conversation, chat, pane], cancels=[asking], queue=False, **PRIVATE)
    composer.clear(start_anew, shared.view, [conversation, chat, pane], cancels=[asking], queue=False, **PRIVATE)
    pane.select(open_source, [conversation, shared.view], pane, queue=False, **PRIVATE)
    pane.expand(open_passage, shared.view, pane, queue=False, **PRIVATE)
    pane.collapse(show_sources, [conversation, shared.view], pane, queue=False, **PRIVATE)
    return Tab(draw, [conversation], [chat, composer, pane])


def _paced(answers: Iterator[Answer]) -> Iterator[Answer]:
    """The answers that come at least a blink apart, and the last one."""
    shown = 0.0
    held: Answer | None = None
    for answer in answers:
        held = answer
        if time.monotonic() - shown >= PACE_SECONDS:
            yield answer
            shown, held = time.monotonic(), None
    if held is not None:
        yield held
