"""What the tabs share: the view they are drawn in, the tutor behind it, and what a browser may send."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from rag.history import History, Owner, Profile
from rag.records import Language
from rag.tutor import Tutor
from rag.ui.opening import Opening, Stage
from rag.ui.sources import document_html
from rag.ui.strings import STRINGS, say

_KEY = re.compile(r"[0-9a-f]{32}")
_SPAN = re.compile(r"(\d{1,9})-(\d{1,9})")

PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""What every event of the page has in common: nobody calls it but the page."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all tabs use.

    ``view`` holds the language and whether the tutor is ready, as ``zh:ready`` or ``zh:``; a change draws the page anew. ``key`` is a secret
    that this browser keeps; what it asked is stored under it. ``profile`` is the number of who practises in this browser, ``said`` the
    conversation that is open.
    """

    opening: Opening
    view: gr.State
    key: gr.BrowserState
    profile: gr.BrowserState
    said: gr.State


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab as the page sees it: ``draw(view, *inputs)`` gives the values of ``outputs``.

    ``renew`` gives the values of ``renewed``, the parts that something done in another tab may have changed; it runs each time the tab is shown.
    """

    draw: Callable[..., Any]
    inputs: Sequence[Component]
    outputs: Sequence[Component]
    renew: Callable[..., Any]
    renewed: Sequence[Component]


def language_of_view(view: str) -> Language:
    """The language a view is in."""
    return "zh" if view.startswith("zh") else "en"


def ready_tutor(opening: Opening, language: Language) -> Tutor:
    """The tutor.

    Raises:
        gr.Error: it is not ready; the text says why.
    """
    if opening.tutor is None:
        raise gr.Error(banner_text(opening.stage, language) or say(language, "still_opening"), print_exception=False)
    return opening.tutor


def detail(event: gr.EventData, name: str, limit: int = 4000) -> str:
    """A text that the browser sent with an event; empty when there is none."""
    data = event._data if isinstance(event._data, dict) else {}
    value = data.get(name)
    return value[:limit] if isinstance(value, str) else ""


def chosen(event: gr.EventData, name: str, limit: int = 10_000) -> list[str]:
    """A list of texts that the browser sent with an event; empty when there is none."""
    data = event._data if isinstance(event._data, dict) else {}
    value = data.get(name)
    return [v for v in value[:limit] if isinstance(v, str)] if isinstance(value, list) else []


def number(event: gr.EventData, name: str) -> int:
    """A number from 0 that the browser sent with an event; -1 when there is none."""
    text = detail(event, name)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else -1


def owner(key: object) -> Owner | None:
    """Whose conversations these are; None for a browser that keeps no key."""
    return Owner(browser=key) if isinstance(key, str) and _KEY.fullmatch(key) else None


def practising(history: History | None, profile: str) -> tuple[Profile | None, tuple[Profile, ...]]:
    """Who practises in a browser (the only profile where none was chosen), and all who do on this machine."""
    known = history.profiles() if history else ()
    mine = next((p for p in known if str(p.id) == profile), None)
    return mine or (known[0] if len(known) == 1 else None), known


def name_of(profile: Profile, language: Language) -> str:
    """The name of a profile; the one that was given without asking is said in the language of the page."""
    return say(language, "pg_me") if profile.name in STRINGS["pg_me"].values() else profile.name


def banner_text(stage: Stage, language: Language) -> str:
    """How far the opening is, in words; empty when it is done."""
    if stage.name == "ready":
        return ""
    if stage.name == "failed":
        return say(language, "opening_failed", fault=stage.fault) if stage.fault else say(language, "opening_unexpected")
    return say(language, f"opening_{stage.name}", done=stage.done, total=stage.total)


def document_at(opening: Opening, event: gr.EventData, language: Language, *, back: str) -> Any:
    """The document an event names, opened at the span it names; nothing changes when there is none."""
    document = ready_tutor(opening, language).source(detail(event, "doc"))
    if document is None:
        return gr.skip()
    found = _SPAN.fullmatch(detail(event, "span"))
    place = (int(found.group(1)), int(found.group(2))) if found else None
    if place and not 0 <= place[0] < place[1] <= len(document.source):
        place = None
    return document_html(document, place, language, back=back)


def script(name: str) -> str:
    """The few words that hand a component to its function in static/page.js."""
    return f"window.mianjing.{name}(element, trigger, props, watch);"
