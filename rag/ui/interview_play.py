"""One question of an interview at a time: the question, the box for the reply, and the grade."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rag import interview as moves
from rag.interview import Interview
from rag.records import FollowUpAsked, Language, Question
from rag.report import area_name
from rag.tutor import MAX_REPLY, Tutor
from rag.ui.charts import band
from rag.ui.controls import button
from rag.ui.interview_grade import change_html, covered_html, follow_up_html, grade_html
from rag.ui.strings import say
from rag.ui.typeset import inline

DIFFICULTIES = {1: "iv_easy", 2: "iv_standard", 3: "iv_hard"}


def play_html(state: Interview, language: Language, tutor: Tutor) -> str:
    """The interview as it stands now."""
    question, exchange = state.question, state.exchange
    assert question is not None
    assert exchange is not None
    spoken = state.plan.language
    if state.phase == "graded":
        body = _graded(state, language, tutor)
    elif state.pending is not None:
        asked = f'<p class="before" lang="{spoken}">{inline(question.text.in_language(spoken))}</p>'
        more = f'<p class="small">{say(language, "iv_follow_up")}</p><h2 class="display" lang="{spoken}">{inline(state.pending.text)}</h2>'
        last = len(exchange.grades) - 1
        before = [f for f in exchange.follow_ups if f.after == last and f.grade is not None]
        covered = covered_html(exchange.replies[-1], exchange.lifted[-1], language, before)
        body = f"{asked}{_followed(before, language)}{more}{_box(state, language)}{covered}"
    else:
        asked = f'<h2 class="display" lang="{spoken}">{inline(question.text.in_language(spoken))}</h2>'
        body = f"{asked}{_hints(state, language)}{_box(state, language)}"
    draft = f"{state.id}-{state.position}-{len(exchange.replies)}-{len(exchange.follow_ups)}"
    key = escape(state.id)
    marks = f'data-session="{key}" data-step="{state.step}" data-draft="{escape(draft)}" data-phase="{state.phase}" data-clock="{key}-{state.position}"'
    return f'<div class="iv iv-play" {marks}>{_bar(state, question, language)}{body}</div>'


def _followed(before: Sequence[FollowUpAsked], language: Language) -> str:
    """The follow-ups answered so far, each with its verdict."""
    return f'<section class="so-far" aria-live="polite">{"".join(follow_up_html(f, language) for f in before)}</section>' if before else ""


def _bar(state: Interview, question: Question, language: Language) -> str:
    steps = "".join(_step(state, n) for n in range(len(state.questions)))
    where = " · ".join(
        [
            say(language, "iv_at", at=state.position + 1, of=len(state.questions)),
            area_name(question.area, language),
            say(language, DIFFICULTIES[question.difficulty]),
        ]
    )
    live = say(language, "iv_live", score=f"{state.score:.0f}") if state.score is not None else say(language, "iv_live_none")
    hide, show = say(language, "iv_clock_hide"), say(language, "iv_clock_show")
    clock = (
        f'<span class="clock" role="timer" aria-label="{say(language, "iv_clock")}">0:00</span>'
        f'<button type="button" class="quiet" data-clock-switch="true" data-hide="{hide}" data-show="{show}">{hide}</button>'
    )
    stop = button(say(language, "iv_stop"), "finish", kind="quiet", sure=say(language, "iv_stop_sure"))
    return (
        f'<header class="iv-bar"><ol class="steps" aria-hidden="true">{steps}</ol><p class="where">{escape(where)}</p>'
        f'<p class="live" role="status">{live}</p><p class="tools-row">{clock}{stop}</p></header>'
    )


def _step(state: Interview, number: int) -> str:
    exchange = state.exchanges[number]
    name = band(exchange.score) if exchange.score is not None else "skipped" if exchange.skipped else ""
    now = " now" if number == state.position else ""
    return f'<li class="{name}{now}"></li>'


def _hints(state: Interview, language: Language) -> str:
    rows = "".join(f'<li><span class="label">{say(language, "iv_hint_n", n=n)}</span>{inline(text)}</li>' for n, text in enumerate(state.hints, 1))
    return f'<ul class="hints" role="status" lang="{state.plan.language}">{rows}</ul>' if rows else ""


def _box(state: Interview, language: Language) -> str:
    exchange = state.exchange
    answered = exchange is not None and bool(exchange.grades)
    skip = "iv_skip_follow_up" if state.pending else "iv_skip_retry" if answered else "iv_skip"
    hint = button(say(language, "iv_hint"), "hint") if "hint" in moves.legal(state) else ""
    send = f'<button type="submit" class="primary" data-busy="{say(language, "iv_grading")}">{say(language, "iv_send")}</button>'
    keys = f'<span class="keys" id="iv-keys">{say(language, "iv_reply_keys")}</span>'
    return (
        f'<form class="replying"><label class="sr-only" for="iv-reply">{say(language, "iv_reply")}</label>'
        f'<textarea id="iv-reply" rows="9" maxlength="{MAX_REPLY}" placeholder="{say(language, "iv_reply_hint")}" aria-describedby="iv-keys" '
        f'lang="{state.plan.language}"></textarea><div class="row">{send}{hint}{button(say(language, skip), "skip")}{keys}</div></form>'
    )


def _graded(state: Interview, language: Language, tutor: Tutor) -> str:
    question, exchange = state.question, state.exchange
    assert question is not None
    assert exchange is not None
    last = len(exchange.grades) - 1
    grade = tutor.grades(exchange)[last]
    follow_ups = [f for f in exchange.follow_ups if f.after == last]
    changed = change_html(moves.change(state), grade, language)
    asked = f'<p class="before" lang="{state.plan.language}">{inline(question.text.in_language(state.plan.language))}</p>'
    onward, keys = ("iv_next", "iv_next_keys") if state.position + 1 < len(state.questions) else ("iv_last", "iv_last_keys")
    buttons = button(say(language, onward), "advance", kind="primary") + button(say(language, "iv_retry"), "retry")
    if moves.next_follow_up(state):
        buttons += button(say(language, "iv_ask_more"), "follow_up")
    foot = f'<div class="row onward">{buttons}<span class="keys">{say(language, keys)}</span></div>'
    return f"{asked}{grade_html(exchange.replies[last], grade, language, tutor, follow_ups=follow_ups, changed=changed, correcting=True)}{foot}"
