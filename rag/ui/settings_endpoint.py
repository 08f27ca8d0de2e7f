"""The optional language model in the settings: its form, and what a test of it brought."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from rag.config import LlmSettings
from rag.errors import EndpointError, MissingPackage
from rag.llm import Endpoint
from rag.records import Language
from rag.ui.strings import say

MAX_FIELD = 400
_OFFERED = re.compile(r"; models offered there: (.+)$")
_FAULTS = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"no connection to |the connection to .+ broke ", "endpoint_fault_connection"),
        (r"did not reply in time", "endpoint_fault_slow"),
        (r"check llm\.api_key|llm\.api_key holds", "endpoint_fault_key"),
        (r"check the quota", "endpoint_fault_quota"),
        (r"is no web address|which usually ends with /v1|is no chat reply|the address it leads to", "endpoint_fault_address"),
        (r"llm\.model", "endpoint_fault_model"),
    )
)
"""How the messages of ``rag.llm`` say what is wrong, the first that fits counts."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is said below the language model: ``text``, and where it is a fault the ``raw`` words of the error."""

    text: str = ""
    raw: str = ""
    failed: bool = False

    def html(self) -> str:
        """As it is shown; empty for nothing."""
        if not self.text:
            return ""
        if not self.failed:
            return f'<p class="told" role="status">{escape(self.text)}</p>'
        raw = f'<p class="raw" lang="en">{escape(self.raw)}</p>' if self.raw else ""
        return f'<div class="told failed" role="alert"><p>{escape(self.text)}</p>{raw}</div>'


def trial(llm: LlmSettings, language: Language, *, well: str = "", ill: str = "") -> Told:
    """What the model answers to one word. ``well`` is added where it works, ``ill`` where it does not."""
    try:
        text = Endpoint(llm).test(language)
    except (EndpointError, MissingPackage) as error:
        return Told(f"{fault_text(error, llm, language)}{_gap(language)}{ill}".strip(), str(error), failed=True)
    return Told(f"{text}{_gap(language)}{well}".strip())


def fault_text(error: EndpointError | MissingPackage, llm: LlmSettings, language: Language) -> str:
    """What is wrong with a language model and what to do about it, without the words of the settings file."""
    places = {"url": llm.base_url or "", "model": llm.model or ""}
    if isinstance(error, MissingPackage):
        return say(language, "endpoint_fault_package")
    message = str(error)
    offered = _OFFERED.search(message)
    if offered and "llm.model" in message:
        return say(language, "endpoint_fault_offered", offered=offered.group(1), **places)
    key = next((key for pattern, key in _FAULTS if pattern.search(message)), "endpoint_fault_trouble")
    return say(language, key, **places)


def _gap(language: Language) -> str:
    return "" if language == "zh" else " "


def form_html(shown: LlmSettings | None, language: Language, *, has_key: bool, kept: bool, opened: bool) -> str:
    """The form, filled with what is ``shown``. ``has_key`` says that a key is kept, ``kept`` that a model is."""
    fields = (
        ("base_url", "url", (shown.base_url if shown else "") or "", "http://127.0.0.1:8080/v1", "off"),
        ("model", "text", (shown.model if shown else "") or "", "qwen2.5-7b-instruct", "off"),
        ("api_key", "password", "", say(language, "endpoint_key_kept") if has_key else "", "new-password"),
    )
    rows = "".join(
        f'<label><span>{say(language, f"endpoint_{name}")}</span><input type="{kind}" name="{name}" value="{escape(value)}" placeholder="{escape(hint)}" '
        f'maxlength="{MAX_FIELD}" autocomplete="{complete}" spellcheck="false"></label>'
        for name, kind, value, hint, complete in fields
    )
    save = f'<button type="submit" class="primary">{say(language, "endpoint_save")}</button>'
    untested = f'<button type="submit" class="secondary" value="untested">{say(language, "endpoint_untested")}</button>'
    forget = f'<button type="button" class="secondary" data-do="clear">{say(language, "endpoint_forget")}</button>' if kept else ""
    return (
        f'<details class="endpoint"{" open" if opened else ""}><summary>{say(language, "endpoint_set")}</summary>'
        f'<form data-endpoint="true">{rows}<p class="row">{save}{untested}{forget}</p></form></details>'
    )
