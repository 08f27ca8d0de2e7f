"""The tab in which questions are asked."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, cast, get_args

import gradio as gr

from rag.errors import UserInputError
from rag.history import ConversationHead, Feedback
from rag.history.rows import FeedbackKind
from rag.records import Answer, Document, Language
from rag.rows import answer_row
from rag.tutor import MAX_QUESTION
from rag.ui.faults import fault
from rag.ui.opening import Opening
from rag.ui.shared import PRIVATE, Shared, Tab, chosen, detail, document_at, language_of_view, number, owner, practising, script
from rag.ui.sources import document_html, empty_html, gone_html, sources_html
from rag.ui.strings import say
from rag.ui.talk import conversation_html
from rag.ui.turns import Conversation, from_messages, to_messages
from rag.ui.typeset import plain

OPENING_SECONDS = 1800.0
PACE_SECONDS = 0.06
PAST = 1000
_REFERENCE = re.compile(r"(\d{1,6})-(\d{1,6})")


def composer_html(language: Language, documents: Sequence[Document]) -> str:
    """The box in which a question is written."""
    cancel = f'<button type="button" class="quiet" data-cancel="true">{say(language, "cancel")}</button>'
    note = f'<p class="editing" role="status">{say(language, "editing")} {cancel}</p>'
    return (
        f'<form class="composer">{note}<label class="sr-only" for="question">{say(language, "question_label")}</label>'
        f'<textarea id="question" rows="1" maxlength="{MAX_QUESTION}" placeholder="{say(language, "question_hint")}" aria-describedby="question-keys" '
        f'enterkeyhint="send" autocomplete="off"></textarea><button type="submit" class="primary send">{say(language, "send")}</button>'
        f'<button type="button" class="primary stop" data-stop="true">{say(language, "stop")}</button>'
        f'<div class="under">{_scope(language, documents)}<span class="keys" id="question-keys">{say(language, "keys")}</span>'
        f'<button type="button" class="quiet new" data-new="true">{say(language, "new_conversation")}</button></div></form>'
    )


def _scope(language: Language, documents: Sequence[Document]) -> str:
    """The choice of the documents that are searched; none where there is only one."""
    if len(documents) < 2:
        return ""
    boxes = "".join(f'<label><input type="checkbox" value="{plain(d.id)}"><span>{plain(d.title)}</span></label>' for d in documents)
    every, one, some = say(language, "scope_all"), say(language, "scope_one", count=1), say(language, "scope_some", count="#")
    help_ = say(language, "scope_help")
    return (
        f'<details class="scope"><summary data-all="{every}" data-one="{one}" data-some="{some}">{every}</summary>'
        f"<fieldset><legend>{help_}</legend>{boxes}</fieldset></details>"
    )


def build(shared: Shared) -> Tab:
    """The conversation, the box below it and the pane of sources beside it."""
    desk = Desk(shared.opening)
    said, view, key = shared.said, shared.view, shared.key
    with gr.Row(elem_id="ask", equal_height=False):
        with gr.Column(elem_id="talk", scale=3, min_width=0):
            chat = gr.HTML("", elem_id="chat", js_on_load=script("chat"), apply_default_css=False)
            composer = gr.HTML("", elem_id="composer", js_on_load=script("composer"), apply_default_css=False)
        pane = gr.HTML("", elem_id="pane", js_on_load=script("pane"), apply_default_css=False)

    asking = composer.submit(desk.ask, [said, view, key], [said, chat, pane], concurrency_limit=2, concurrency_id="tutor", **PRIVATE)
    at_once: dict[str, Any] = {"queue": False, **PRIVATE}
    asking.failure(desk.settle, [said, view, key], [said, chat, pane], **at_once)
    composer.stop(desk.settle, [said, view, key], [said, chat, pane], cancels=[asking], **at_once)
    composer.clear(desk.start_anew, [view, key], [said, chat, pane], cancels=[asking], **at_once)
    chat.select(desk.open_conversation, [view, key], [said, chat, pane], **at_once)
    chat.edit(desk.rename, [view, key], chat, **at_once)
    chat.delete(desk.delete, [view, key], chat, **at_once)
    chat.like(desk.judge, [said, view, key, shared.profile], [said, chat], **at_once)
    pane.select(desk.open_source, [said, view], pane, **at_once)
    pane.expand(desk.open_passage, view, pane, **at_once)
    pane.collapse(desk.show_sources, [said, view], pane, **at_once)
    return Tab(desk.draw, [said, key], [chat, composer, pane], desk.renew, [chat, pane])


def conversation_of(opening: Opening, key: str, conversation_id: str) -> Conversation:
    """A conversation that this browser keeps; an empty one where there is none of that id."""
    mine = owner(key)
    if opening.history is None or mine is None or not conversation_id:
        return Conversation()
    try:
        found = opening.history.conversation(mine, conversation_id)
    except UserInputError:
        return Conversation()
    return from_messages(found.id, found.title, found.messages)


class Desk:
    """What happens when something is done in the tab."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening

    def draw(self, view: str, said: Conversation, key: str) -> list[Any]:
        """The whole tab."""
        language = language_of_view(view)
        documents = self._opening.tutor.documents() if self._opening.tutor else []
        return [self._talk(said, language, key), composer_html(language, documents), self._sources(said, language)]

    def renew(self, view: str, said: Conversation, key: str) -> tuple[Any, Any]:
        """The list of conversations as it is now, where none is open."""
        language = language_of_view(view)
        return (gr.skip(), gr.skip()) if said.turns else (self._talk(said, language, key), empty_html(language))

    def ask(self, event: gr.EventData, said: Conversation, view: str, key: str) -> Iterator[tuple[Any, ...]]:
        """Answer a question while the answer grows; with ``turn``, in place of that turn and all after it."""
        language = language_of_view(view)
        question = detail(event, "text", MAX_QUESTION).strip()
        if not question:
            yield said, gr.skip(), gr.skip()
            return
        said = said.until(number(event, "turn"))
        history = said.history()
        wanted = chosen(event, "documents")
        said = said.ask(question, wanted)
        yield said, self._talk(said, language, key), gr.skip()
        tutor = self._opening.wait(OPENING_SECONDS)
        if tutor is not None:
            there = {d.id for d in tutor.documents()}.intersection(wanted)
            for answer in _paced(tutor.ask_stream(question, history, there or None)):
                said = said.reply(answer)
                yield said, self._talk(said, language, key), gr.skip()
        said = said.end()
        self._keep(said, language, key, len(said.turns) - 1)
        yield said, self._talk(said, language, key), self._sources(said, language)

    def settle(self, said: Conversation, view: str, key: str) -> tuple[Conversation, str, str]:
        """The conversation after an answer was stopped or failed."""
        language, said = language_of_view(view), said.end()
        self._keep(said, language, key, len(said.turns) - 1)
        return said, self._talk(said, language, key), self._sources(said, language)

    def start_anew(self, view: str, key: str) -> tuple[Conversation, str, str]:
        """An empty conversation; the old one stays in the list."""
        language = language_of_view(view)
        return Conversation(), self._talk(Conversation(), language, key), empty_html(language)

    def open_conversation(self, event: gr.EventData, view: str, key: str) -> tuple[Any, ...]:
        """A conversation of before, to be continued."""
        language = language_of_view(view)
        said = conversation_of(self._opening, key, detail(event, "id"))
        return said, self._talk(said, language, key), self._sources(said, language)

    def rename(self, event: gr.EventData, view: str, key: str) -> str:
        """Another title for a conversation of before."""
        title, mine = " ".join(detail(event, "title", 120).split()), owner(key)
        if self._opening.history is not None and mine is not None and title:
            try:
                self._opening.history.rename_conversation(mine, detail(event, "id"), title)
            except UserInputError as error:
                gr.Warning(escape(fault(error, language_of_view(view))))
        return self._talk(Conversation(), language_of_view(view), key)

    def delete(self, event: gr.EventData, view: str, key: str) -> str:
        """The list without a conversation."""
        mine = owner(key)
        if self._opening.history is not None and mine is not None:
            try:
                self._opening.history.delete_conversation(mine, detail(event, "id"))
            except UserInputError as error:
                gr.Warning(escape(fault(error, language_of_view(view))))
        return self._talk(Conversation(), language_of_view(view), key)

    def judge(self, event: gr.EventData, said: Conversation, view: str, key: str, profile: str) -> tuple[Any, ...]:
        """Keep what the reader thinks of an answer, with the question, for later evaluation; the same again takes it back."""
        language, turn, kind = language_of_view(view), number(event, "turn"), detail(event, "kind")
        answer = said.answer(turn)
        if answer is None or kind not in get_args(FeedbackKind):
            return gr.skip(), gr.skip()
        kind = "" if said.turns[turn].said == kind else kind
        said = said.judge(turn, kind)
        if self._keep(said, language, key, turn):
            self._keep_opinion(said, turn, answer, language, key, profile)
        return said, self._talk(said, language, key)

    def _keep_opinion(self, said: Conversation, turn: int, answer: Answer, language: Language, key: str, profile: str) -> None:
        """Save what was said of an answer with its conversation, which is saved."""
        history, mine = self._opening.history, owner(key)
        if history is None or mine is None:
            return
        kind, question = said.turns[turn].said, said.turns[turn].question
        try:
            if kind:
                opinion = Feedback(cast(FeedbackKind, kind), question, answer_row(answer), datetime.now(UTC))
                me = practising(history, profile)[0]
                history.save_feedback(mine, said.id, turn, opinion, me.id if me else None)
            else:
                history.delete_feedback(mine, said.id, turn)
        except UserInputError as error:
            gr.Warning(escape(say(language, "not_kept", fault=fault(error, language))))

    def open_source(self, event: gr.EventData, said: Conversation, view: str) -> str:
        """The document behind a number, at the span it cites."""
        language = language_of_view(view)
        found = _REFERENCE.fullmatch(detail(event, "ref"))
        citation = said.cited(int(found.group(1)), int(found.group(2))) if found else None
        document = self._opening.tutor.source(citation.doc_id) if self._opening.tutor and citation else None
        if citation is None or document is None:
            return gone_html(language)
        same = document.source[citation.start : citation.end] == citation.quote
        return document_html(document, (citation.start, citation.end) if same else None, language, changed=not same)

    def open_passage(self, event: gr.EventData, view: str) -> Any:
        """The document of a passage that came near, at that passage."""
        return document_at(self._opening, event, language_of_view(view), back="back")

    def show_sources(self, event: gr.EventData, said: Conversation, view: str) -> str:
        """The passages behind an answer again."""
        language, turn = language_of_view(view), number(event, "turn")
        answer = said.answer(turn)
        if answer is None or self._opening.tutor is None:
            return self._sources(said, language)
        return sources_html(answer, turn, language, self._opening.tutor.source)

    def _talk(self, said: Conversation, language: Language, key: str) -> str:
        tutor = self._opening.tutor
        past = [] if said.turns else self._past(key)
        documents = tutor.documents() if tutor else None
        titles = {d.id: d.title for d in documents or () if any(d.id in turn.documents for turn in said.turns)}
        return conversation_html(said, language, documents=None if documents is None else len(documents), past=past, titles=titles)

    def _sources(self, said: Conversation, language: Language) -> str:
        last = said.last_answered()
        answer = said.answer(last) if last is not None else None
        if self._opening.tutor is None or last is None or answer is None:
            return empty_html(language)
        return sources_html(answer, last, language, self._opening.tutor.source)

    def _past(self, key: str) -> Sequence[ConversationHead]:
        history, mine = self._opening.history, owner(key)
        if history is None or mine is None:
            return []
        try:
            return history.conversations(mine, PAST)
        except UserInputError:
            return []

    def _keep(self, said: Conversation, language: Language, key: str, since: int) -> bool:
        """Save a conversation that changed from a turn on; whether it is saved."""
        history, mine = self._opening.history, owner(key)
        if history is None or mine is None or not said.turns:
            return False
        try:
            history.save_conversation(mine, said.id, said.title, to_messages(said), datetime.now(UTC), since=since)
        except UserInputError as error:
            gr.Warning(escape(say(language, "not_kept", fault=fault(error, language))))
            return False
        return True


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
