"""What stands before an interview: the choice of what is asked, and the interviews that were not finished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rag.history import Profile, SavedSession
from rag.interview import Interview
from rag.records import Document, Language, Question
from rag.report import area_name
from rag.ui.controls import button
from rag.ui.shared import name_of
from rag.ui.strings import say
from rag.ui.typeset import inline, plain

NUMBERS = (3, 5, 8, 12, 20)
DEFAULT_NUMBER = 5
DIFFICULTIES = {1: "iv_easy", 2: "iv_standard", 3: "iv_hard"}
LANGUAGE_NAMES: dict[Language, str] = {"zh": "中文", "en": "English"}
RESUMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from."""

    questions: Sequence[Question]
    documents: Sequence[Document]
    due: int
    profile: Profile | None
    profiles: Sequence[Profile]
    unfinished: Sequence[tuple[SavedSession, Interview]]


def start_html(choices: Choices, language: Language) -> str:
    """The form, below the interviews that can be gone on with."""
    head = f'<h2 class="display">{say(language, "iv_title")}</h2><p class="lead">{say(language, "iv_lead")}</p>'
    unfinished = [_resume(saved, state, language) for saved, state in choices.unfinished]
    rest = unfinished[RESUMES_SHOWN:]
    more = f'<details class="rest"><summary>{say(language, "iv_resume_rest", count=len(rest))}</summary>{"".join(rest)}</details>' if rest else ""
    resumes = f"{''.join(unfinished[:RESUMES_SHOWN])}{more}"
    if not choices.questions:
        return f'<div class="iv iv-start">{head}{resumes}<p class="callout">{say(language, "iv_no_questions")}</p></div>'
    what = f"{_modes(choices, language)}{_numbers(language)}{_difficulties(language)}{_areas(choices, language)}"
    fields = f"{what}{_languages(language)}{_who(choices, language)}"
    start = f'<div class="row"><button type="submit" class="primary">{say(language, "iv_start")}</button></div>'
    return f'<div class="iv iv-start">{head}{resumes}<form class="plan">{fields}{start}</form></div>'


def _resume(saved: SavedSession, state: Interview, language: Language) -> str:
    when = f'<time datetime="{saved.updated.isoformat(timespec="minutes")}">{saved.updated:%Y-%m-%d %H:%M}</time>'
    at = min(state.position + 1, len(state.questions))
    more = say(language, "iv_resume_more", at=at, of=len(state.questions), when="\x00")
    question = state.question or state.questions[-1]
    text = inline(question.text.in_language(state.plan.language))
    buttons = button(say(language, "iv_continue"), "resume", kind="primary", id=saved.id)
    buttons += button(say(language, "iv_give_up"), "abandon", id=saved.id, sure=say(language, "iv_give_up_sure"))
    return (
        f'<section class="resume"><h3>{say(language, "iv_resume")}</h3><p class="resume-question" lang="{state.plan.language}">{text}</p>'
        f'<p class="lead">{escape(more).replace(chr(0), when)}</p><div class="row">{buttons}</div></section>'
    )


def _modes(choices: Choices, language: Language) -> str:
    due = say(language, "iv_due_help", count=choices.due) if choices.due else say(language, "iv_due_none")
    own = _documents(choices, language)
    rows = [
        ("random", "iv_random", say(language, "iv_random_help"), True),
        ("weak", "iv_weak", say(language, "iv_weak_help"), True),
        ("due", "iv_due", due, choices.due > 0),
        ("document", "iv_document", say(language, "iv_document_help"), bool(own)),
    ]
    cards = "".join(
        f'<label class="mode"><input type="radio" name="mode" value="{mode}"{" checked" if mode == "random" else ""}{"" if there else " disabled"}>'
        f"<span><b>{say(language, name)}</b><small>{help_}</small></span></label>"
        for mode, name, help_, there in rows
    )
    which = f'<p class="which"><label>{say(language, "iv_which_document")} <select name="document">{own}</select></label></p>' if own else ""
    return f'<fieldset class="modes"><legend>{say(language, "iv_mode")}</legend><div class="cards">{cards}</div>{which}</fieldset>'


def _documents(choices: Choices, language: Language) -> str:
    """The documents that questions are asked in, as options."""
    counts = Counter(doc_id for question in choices.questions for doc_id in {asking.doc_id for asking in question.asked})
    return "".join(
        f'<option value="{plain(d.id)}">{plain(say(language, "iv_document_option", title=d.title, count=counts[d.id]))}</option>'
        for d in choices.documents
        if counts[d.id]
    )


def _numbers(language: Language) -> str:
    rows = "".join(f'<label><input type="radio" name="number" value="{n}"{" checked" if n == DEFAULT_NUMBER else ""}><span>{n}</span></label>' for n in NUMBERS)
    return f'<fieldset class="chips"><legend>{say(language, "iv_number")}</legend>{rows}</fieldset>'


def _difficulties(language: Language) -> str:
    rows = "".join(
        f'<label><input type="checkbox" name="difficulty" value="{n}" checked><span>{say(language, key)}</span></label>' for n, key in DIFFICULTIES.items()
    )
    return f'<fieldset class="chips"><legend>{say(language, "iv_difficulty")}</legend>{rows}</fieldset>'


def _areas(choices: Choices, language: Language) -> str:
    counts = Counter(question.area for question in choices.questions)
    rows = "".join(
        f'<label><input type="checkbox" name="area" value="{plain(area)}"><span>{plain(area_name(area, language))} <small>{count}</small></span></label>'
        for area, count in counts.items()
    )
    help_ = f'<small class="lead">{say(language, "iv_areas_help")}</small>'
    return f'<fieldset class="chips"><legend>{say(language, "iv_areas")} {help_}</legend>{rows}</fieldset>'


def _languages(language: Language) -> str:
    rows = "".join(
        f'<label><input type="radio" name="spoken" value="{code}"{" checked" if code == language else ""}><span lang="{code}">{name}</span></label>'
        for code, name in LANGUAGE_NAMES.items()
    )
    return f'<fieldset class="chips"><legend>{say(language, "iv_language")}</legend>{rows}</fieldset>'


def _who(choices: Choices, language: Language) -> str:
    if choices.profile is not None:
        return f'<p class="lead who">{escape(say(language, "iv_kept_for", name=name_of(choices.profile, language)))}</p>'
    if not choices.profiles:
        return ""
    options = "".join(f'<option value="{p.id}">{plain(name_of(p, language))}</option>' for p in choices.profiles)
    return f'<p class="which asking-who"><label>{say(language, "iv_who")} <select name="profile">{options}</select></label></p>'
