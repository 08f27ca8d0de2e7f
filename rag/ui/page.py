"""The page: header, tabs, and what they share."""

from __future__ import annotations

import json
from html import escape
from typing import Any
from uuid import uuid4

import gradio as gr

from rag.records import Language
from rag.ui import api, ask, corpus, interview, progress, settings
from rag.ui.opening import Opening, Stage
from rag.ui.shared import PRIVATE, Shared, banner_text, detail, language_of_view, owner, script
from rag.ui.strings import LANGUAGES, language_of_browser, say
from rag.ui.turns import Conversation

TABS = ("ask", "interview", "progress", "corpus", "settings")


def place_of(came: str) -> dict[str, str]:
    """Where the reader was before the page was loaded again, as the browser kept it: the tab, the conversation and the interview, each empty if unknown."""
    try:
        kept = json.loads(came[:1000]) if came else {}
    except ValueError:
        kept = {}
    found = kept if isinstance(kept, dict) else {}
    return {name: value if isinstance(value := found.get(name), str) else "" for name in ("tab", "conversation", "interview")}


def banner_html(stage: Stage, language: Language) -> str:
    """The line under the header while the tutor opens."""
    text = banner_text(stage, language)
    if not text:
        return ""
    if stage.name == "failed":
        return f'<div class="banner banner-failed" role="alert">{escape(text)}</div>'
    known = stage.name in {"read", "embed"} and stage.total > 0
    width = f'style="width:{100 * stage.done / stage.total:.0f}%"' if known else 'class="unknown"'
    return f'<div class="banner" role="status">{escape(text)}<span class="banner-bar" aria-hidden="true"><span {width}></span></span></div>'


def header_html(language: Language, *, known: bool = True) -> str:
    """The name of the product and the two switches. Until the language is ``known`` the page keeps the one it guessed."""
    names = {"zh": "中文", "en": "EN"}
    buttons = "".join(
        f'<button type="button" lang="{code}" data-language="{code}" aria-pressed="{"true" if code == language else "false"}">{names[code]}</button>'
        for code in LANGUAGES
    )
    marked = f' data-page-language="{language}"' if known else ""
    theme_name = say(language, "switch_theme")
    theme = f'<button type="button" class="theme" data-theme-switch="true" aria-label="{theme_name}" title="{theme_name}"></button>'
    return (
        f'<div class="top"{marked}><h1 class="brand"><span class="seal" lang="zh" aria-hidden="true">经</span>'
        f'<span class="name">{say(language, "name")}</span><span class="motto">{say(language, "motto")}</span></h1>'
        f'<div class="switches"><div role="group" aria-label="{say(language, "switch_language")}">{buttons}</div>{theme}</div></div>'
    )


def build_page(opening: Opening, i18n: gr.I18n) -> gr.Blocks:
    """The page over a tutor that may still be opening."""
    page: gr.Blocks = gr.Blocks(title="面经 mianjing", analytics_enabled=False, fill_width=True)
    with page:
        api.build(opening)
        view = gr.State("")
        kept = gr.BrowserState("", storage_key="mianjing-language", secret="mianjing")
        key = gr.BrowserState("", storage_key="mianjing-browser", secret="mianjing")
        # A browser state inside a tab would be read only once that tab is shown.
        profile = gr.BrowserState("", storage_key="mianjing-profile", secret="mianjing")
        shared = Shared(opening, view, key, profile, gr.State(Conversation()))
        header = gr.HTML(header_html("zh", known=False), elem_id="header", js_on_load=script("header"), apply_default_css=False)
        banner = gr.HTML("", elem_id="banner", apply_default_css=False, js_on_load=None)
        timer = gr.Timer(0.5, active=False)
        came = gr.Textbox("", visible=False)
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab(i18n("tab_ask"), id="ask", elem_id="tab-ask") as ask_tab:
                asking = ask.build(shared)
            with gr.Tab(i18n("tab_interview"), id="interview", elem_id="tab-interview") as interview_tab:
                interviewing, seat = interview.build(shared)
            with gr.Tab(i18n("tab_progress"), id="progress", elem_id="tab-progress") as progress_tab:
                progressing = progress.build(shared, seat)
            with gr.Tab(i18n("tab_corpus"), id="corpus", elem_id="tab-corpus") as corpus_tab:
                looking = corpus.build(shared)
            with gr.Tab(i18n("tab_settings"), id="settings", elem_id="tab-settings") as settings_tab:
                setting, language_choice = settings.build(shared)

        def frame(view: str) -> list[Any]:
            language = language_of_view(view)
            return [
                header_html(language),
                gr.Tab(label=say(language, "tab_ask")),
                gr.Tab(label=say(language, "tab_interview")),
                gr.Tab(label=say(language, "tab_progress")),
                gr.Tab(label=say(language, "tab_corpus")),
                gr.Tab(label=say(language, "tab_settings")),
            ]

        def first(kept: str, key: str, came: str, request: gr.Request) -> tuple[Any, ...]:
            fixed = opening.settings.ui.language
            language = kept if kept in LANGUAGES else fixed if fixed != "auto" else language_of_browser(request.headers.get("accept-language", ""))
            ready = "ready" if opening.tutor else ""
            place = place_of(came)
            tab = gr.Tabs(selected=place["tab"]) if place["tab"] in TABS else gr.skip()
            said = ask.conversation_of(opening, key, place["conversation"])
            return f"{language}:{ready}", key if owner(key) else uuid4().hex, gr.Timer(active=not ready), tab, said, place["interview"]

        def switch(event: gr.EventData, view: str) -> tuple[str, str]:
            language = "zh" if detail(event, "language") == "zh" else "en"
            return f"{language}:{view.partition(':')[2]}", language

        def tick(view: str) -> tuple[Any, ...]:
            language, stage = language_of_view(view), opening.stage
            over = stage.name in {"ready", "failed"}
            now = f"{language}:{'ready' if opening.tutor else ''}"
            # Only a change is written: what the page's opening or a switch wrote meanwhile must stand.
            return banner_html(stage, language), now if view and now != view else gr.skip(), gr.Timer(active=not (over and view))

        # Gradio closes a session's event stream after the last queued event, and a question sent in that moment would wait for ever: so the clock runs
        # only while the tutor opens. (What an event that is not queued writes into a state would reach no ``change``.)
        begun = [view, key, timer, tabs, shared.said, seat.playing]
        page.load(first, [kept, key, came], begun, js="(kept, key) => [kept, key, window.mianjing.came]", concurrency_limit=None, **PRIVATE)
        gr.on([header.select, language_choice.select], switch, view, [view, kept], concurrency_limit=None, **PRIVATE)
        timer.tick(tick, view, [banner, view, timer], concurrency_limit=None, **PRIVATE)
        view.change(frame, view, [header, ask_tab, interview_tab, progress_tab, corpus_tab, settings_tab], queue=False, **PRIVATE)
        shown = (ask_tab, interview_tab, progress_tab, corpus_tab, settings_tab)
        for place, name, tab in zip(shown, TABS, (asking, interviewing, progressing, looking, setting), strict=True):
            view.change(tab.draw, [view, *tab.inputs], list(tab.outputs), queue=False, **PRIVATE)
            place.select(None, js=f"() => window.mianjing.keep({{ tab: '{name}' }})", **PRIVATE)
            place.select(tab.renew, [view, *tab.inputs], list(tab.renewed), queue=False, **PRIVATE)
    return page
