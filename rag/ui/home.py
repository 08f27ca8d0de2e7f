"""What stands where no question has been asked yet: examples, and the conversations of before."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rag.history import ConversationHead
from rag.records import Language
from rag.ui.strings import EXAMPLES, say
from rag.ui.typeset import inline

FILTER_FROM = 6
"""From so many conversations on there is a box to find one."""


def asking_html(question: str) -> str:
    """A button that asks a question."""
    return f'<button type="button" class="asking" data-ask="{escape(question)}">{inline(question)}</button>'


def home_html(language: Language, documents: int | None, past: Sequence[ConversationHead]) -> str:
    """The welcome. ``documents`` is how many the corpus has, None while it is being opened."""
    lead = say(language, "ask_lead_opening") if documents is None else say(language, "ask_lead", documents=documents)
    order: Sequence[Language] = ("zh", "en") if language == "zh" else ("en", "zh")
    order = order[:1] if past else order
    examples = "".join(f'<li lang="{code}">{asking_html(text)}</li>' for code in order for text in EXAMPLES[code])
    return (
        f'<div class="welcome"><h2 class="display">{say(language, "ask_title")}</h2><p class="lead">{lead}</p>'
        f'<h3 class="small">{say(language, "examples")}</h3><ul class="examples">{examples}</ul>{_past(language, past)}</div>'
    )


def _past(language: Language, past: Sequence[ConversationHead]) -> str:
    if not past:
        return ""
    find = say(language, "past_find")
    box = (
        f'<input type="search" class="filter" data-filter="true" placeholder="{find}" aria-label="{find}" autocomplete="off">'
        if len(past) >= FILTER_FROM
        else ""
    )
    rows = "".join(_row(language, head) for head in past)
    return (
        f'<div class="past-head"><h3 class="small">{say(language, "past")}</h3>{box}</div><ul class="examples past">{rows}</ul>'
        f'<p class="lead no-match" role="status" data-text="{say(language, "past_nothing")}"></p>'
    )


def _row(language: Language, head: ConversationHead) -> str:
    title, key = escape(head.title), escape(head.id)
    when = head.updated.isoformat(timespec="minutes")
    count = say(language, "past_count_one" if head.messages == 1 else "past_count", count=head.messages)
    rename = (
        f'<form data-rename="{key}"><input type="text" name="title" value="{title}" maxlength="120" aria-label="{say(language, "past_name")}" required>'
        f'<button type="submit" class="quiet">{say(language, "past_rename")}</button></form>'
    )
    delete = f'<button type="button" class="quiet" data-delete="{key}" data-sure="{say(language, "past_sure")}">{say(language, "past_delete")}</button>'
    return (
        f'<li data-title="{title.lower()}"><button type="button" class="asking" data-open="{key}">{inline(head.title)}'
        f'<span class="when"><time datetime="{when}">{head.updated.date()}</time> · {count}</span></button>'
        f'<details class="more"><summary aria-label="{escape(say(language, "past_more", title=head.title))}"></summary>'
        f'<div class="tools">{rename}{delete}</div></details></li>'
    )
