"""The tab of settings: the interface, what answers, what is kept of the reader, and whether all is well."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from typing import cast, get_args

import gradio as gr

from rag import __version__
from rag.config import LlmSettings, Strictness
from rag.doctor import examine
from rag.errors import UserInputError
from rag.records import Language
from rag.ui.faults import fault
from rag.ui.kept import changed_llm
from rag.ui.opening import Opening
from rag.ui.settings_endpoint import MAX_FIELD, Told, form_html, trial
from rag.ui.settings_health import encoder_label, health_html
from rag.ui.shared import PRIVATE, Shared, Tab, detail, language_of_view, owner, script
from rag.ui.strings import LANGUAGES, say
from rag.ui.turns import Conversation

THEMES = ("system", "light", "dark")
EXPORTED = 10_000
NOTHING = Told()
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def build(shared: Shared) -> tuple[Tab, gr.HTML]:
    """The tab, and the component whose ``select`` asks for another language."""
    office = Office(shared.opening)
    view, key = shared.view, shared.key
    page = gr.HTML("", elem_id="settings", js_on_load=script("settings"), apply_default_css=False)
    outbox = gr.HTML("", elem_id="outbox", js_on_load=script("outbox"), apply_default_css=False)
    page.download(office.export, [view, key], outbox, **PRIVATE)
    page.delete(office.forget, [view, key, shared.said], [page, shared.said], queue=False, **PRIVATE)
    page.apply(office.examine, [view, key], page, concurrency_limit=1, **PRIVATE)
    page.play(office.test_endpoint, [view, key], page, concurrency_limit=1, **PRIVATE)
    page.submit(office.set_endpoint, [view, key], page, concurrency_limit=1, **PRIVATE)
    page.clear(office.forget_endpoint, [view, key], page, queue=False, **PRIVATE)
    page.input(office.set_grading, [view, key], page, queue=False, **PRIVATE)
    return Tab(office.draw, [key], [page], office.draw, [page]), page


class Office:
    """What happens when something is done in the tab."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening

    def draw(self, view: str, key: str) -> str:
        """The whole tab."""
        return self._html(language_of_view(view), key)

    def export(self, view: str, key: str) -> str:
        """All conversations of this browser, and the feedback given in them, as JSON for the browser to save."""
        history, mine = self._opening.history, owner(key)
        if history is None or mine is None:
            return ""
        heads = history.conversations(mine, EXPORTED)
        found = [history.conversation(mine, head.id) for head in heads]
        rows = [{"id": c.id, "title": c.title, "created": c.created.isoformat(), "updated": c.updated.isoformat(), "turns": list(c.messages)} for c in found]
        said = [{"kind": f.kind, "question": f.question, "answer": dict(f.answer), "at": f.at.isoformat()} for f in history.feedback_of(mine)]
        body = json.dumps({"mianjing": __version__, "conversations": rows, "feedback": said}, ensure_ascii=False, indent=1)
        name = f"mianjing-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
        return f'<pre hidden data-save="{name}">{escape(body)}</pre>'

    def forget(self, view: str, key: str, said: Conversation) -> tuple[str, Conversation]:
        """The tab after all conversations of this browser were deleted, the open one with them."""
        language, mine = language_of_view(view), owner(key)
        told = ""
        if self._opening.history is not None and mine is not None:
            try:
                told, said = say(language, "data_deleted", count=self._opening.history.delete_conversations(mine)), Conversation()
            except UserInputError as error:
                told = fault(error, language)
        return self._html(language, key, data=told), said

    def examine(self, view: str, key: str) -> str:
        """The tab with what the doctor found."""
        language = language_of_view(view)
        return self._html(language, key, health=health_html(examine(self._opening.settings), language))

    def test_endpoint(self, view: str, key: str) -> str:
        """The tab with what the language model answered."""
        language = language_of_view(view)
        return self._html(language, key, endpoint=trial(self._opening.settings.llm, language, ill=say(language, "endpoint_stays")))

    def set_endpoint(self, event: gr.EventData, view: str, key: str) -> str:
        """The tab after a language model was given: one that does not reply is not kept, unless it was to be kept without a test."""
        language = language_of_view(view)
        if not self._may_set():
            return self._html(language, key)
        typed: LlmSettings | None = None
        try:
            wanted = changed_llm(self._opening.kept, *(detail(event, name, MAX_FIELD) for name in ("base_url", "model", "api_key")))
            typed = wanted.llm
            assert typed is not None
            if detail(event, "how") == "untested":
                told = Told(say(language, "endpoint_saved_untested"))
            else:
                told = trial(typed, language, well=say(language, "endpoint_saved"), ill=self._not_saved(language))
            if not told.failed:
                self._opening.keep(wanted)
        except UserInputError as error:
            told = Told(fault(error, language), failed=True)
        return self._html(language, key, endpoint=told, typed=typed if told.failed else None)

    def _not_saved(self, language: Language) -> str:
        llm = self._opening.settings.llm
        if not llm.enabled:
            return say(language, "endpoint_not_saved_none")
        return say(language, "endpoint_not_saved_before", model=llm.model, url=llm.base_url)

    def forget_endpoint(self, view: str, key: str) -> str:
        """The tab after the language model was taken out."""
        language = language_of_view(view)
        told = Told(say(language, "endpoint_forgotten"))
        if self._may_set():
            try:
                self._opening.keep(replace(self._opening.kept, llm=None))
            except UserInputError as error:
                told = Told(fault(error, language), failed=True)
        return self._html(language, key, endpoint=told)

    def set_grading(self, event: gr.EventData, view: str, key: str) -> str:
        """The tab after it was set how strictly replies are graded, or whether the model is asked too."""
        wanted, second, told = detail(event, "strictness"), detail(event, "second"), ""
        kept = self._opening.kept
        try:
            if wanted in get_args(Strictness):
                self._opening.keep(replace(kept, strictness=cast("Strictness", wanted)))
            elif second in {"on", "off"}:
                self._opening.keep(replace(kept, second_opinion=second == "on"))
        except UserInputError as error:
            told = fault(error, language_of_view(view))
        return self._html(language_of_view(view), key, grading=told)

    def _may_set(self) -> bool:
        """Whether the model may be set here: not where file or environment name one, nor on a page that others can reach."""
        return not self._opening.given.llm.enabled and self._opening.given.ui.host in LOOPBACK

    def _html(
        self, language: Language, key: str, *, data: str = "", health: str = "", endpoint: Told = NOTHING, typed: LlmSettings | None = None, grading: str = ""
    ) -> str:
        parts = (
            _interface(language),
            self._answers(language, endpoint, typed),
            self._grading(language, grading),
            self._data(language, key, data),
            self._about(language, health),
        )
        return f'<div class="settings"><h2 class="display">{say(language, "tab_settings")}</h2>{"".join(parts)}</div>'

    def _answers(self, language: Language, told: Told, typed: LlmSettings | None) -> str:
        settings, tutor, kept = self._opening.settings, self._opening.tutor, self._opening.kept.llm
        encoder = tutor.encoder.name if tutor else settings.encoder.name
        label = encoder_label(encoder, language) if encoder else say(language, "encoder_bundled")
        llm = settings.llm
        model = f"{llm.model} ({llm.base_url})" if llm.enabled else say(language, "endpoint_none")
        test = f'<button type="button" class="secondary" data-do="play">{say(language, "endpoint_test")}</button>' if llm.enabled else ""
        rows = f"<dt>{say(language, 'encoder')}</dt><dd>{escape(label)}</dd><dt>{say(language, 'endpoint')}</dt><dd>{escape(model)} {test}</dd>"
        form = f'<p class="lead">{say(language, "endpoint_fixed")}</p>'
        if self._may_set():
            has_key = kept is not None and kept.api_key is not None
            form = form_html(typed or kept, language, has_key=has_key, kept=kept is not None, opened=bool(kept or typed or told.failed))
        help_ = f'<p class="lead">{say(language, "set_answers_help")}</p>'
        return f"<section><h3>{say(language, 'set_answers')}</h3><dl>{rows}</dl>{told.html()}{form}{help_}</section>"

    def _grading(self, language: Language, told: str) -> str:
        now = self._opening.settings.grading.strictness
        names = {name: say(language, f"strict_{name}") for name in get_args(Strictness)}
        boxes = "".join(
            f'<label><input type="radio" name="strictness" value="{name}"{" checked" if name == now else ""}><span>{text}</span></label>'
            for name, text in names.items()
        )
        head, help_ = say(language, "set_grading"), say(language, "set_grading_help")
        choice = f"<fieldset><legend>{say(language, 'strictness')}</legend>{boxes}</fieldset>"
        if self._opening.settings.llm.enabled:
            on = " checked" if self._opening.settings.grading.second_opinion else ""
            choice += f'<label class="switch"><input type="checkbox" name="second_opinion"{on}><span>{say(language, "second_opinion")}</span></label>'
        return f'<section><h3>{head}</h3>{choice}<p class="lead">{help_}</p>{_told(told)}</section>'

    def _data(self, language: Language, key: str, told: str) -> str:
        history, mine = self._opening.history, owner(key)
        if history is None or mine is None:
            reason = self._opening.history_fault or say(language, "still_opening")
            return f'<section><h3>{say(language, "set_data")}</h3><p class="lead">{escape(say(language, "not_kept", fault=reason))}</p></section>'
        count = len(history.conversations(mine, EXPORTED))
        line = say(language, "data_count_one" if count == 1 else "data_count", count=count)
        buttons = (
            f'<button type="button" class="secondary" data-do="download">{say(language, "data_export")}</button>'
            f'<button type="button" class="secondary" data-do="delete" data-sure="{say(language, "data_sure")}">{say(language, "data_delete")}</button>'
        )
        return f'<section><h3>{say(language, "set_data")}</h3><p>{line}</p><p class="row">{buttons if count else ""}</p>{_told(told)}</section>'

    def _about(self, language: Language, health: str) -> str:
        check = f'<button type="button" class="secondary" data-do="apply">{say(language, "health_check")}</button>'
        return f'<section><h3>{say(language, "set_about")}</h3><p>mianjing {__version__}</p><p class="row">{check}</p>{health}</section>'


def _told(text: str) -> str:
    return f'<p class="told" role="status">{escape(text)}</p>' if text else ""


def _interface(language: Language) -> str:
    names = {"zh": "中文", "en": "English"}
    languages = "".join(
        f'<label><input type="radio" name="language" value="{code}"{" checked" if code == language else ""}><span lang="{code}">{names[code]}</span></label>'
        for code in LANGUAGES
    )
    themes = "".join(f'<label><input type="radio" name="theme" value="{name}"><span>{say(language, f"theme_{name}")}</span></label>' for name in THEMES)
    return (
        f"<section><h3>{say(language, 'set_interface')}</h3><fieldset><legend>{say(language, 'switch_language')}</legend>{languages}</fieldset>"
        f"<fieldset><legend>{say(language, 'theme')}</legend>{themes}</fieldset></section>"
    )
