"""How progress is shown: figures, the due list, curves, replies to each question, past interviews, and the people who practise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from html import escape

from rag.history import DueCard, Profile, Progress, SavedSession, Scored
from rag.interview import Interview
from rag.records import Language, Question, Remembered
from rag.report import area_name
from rag.ui.charts import band, curve, spark
from rag.ui.controls import button
from rag.ui.shared import name_of
from rag.ui.strings import say
from rag.ui.typeset import inline, plain

DUE_SHOWN = 12
RECENT_DAYS = 7
SPARK_SHOWN = 12
SESSIONS_SHOWN = 20
ROWS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Record:
    """Everything kept of one profile that the page shows: ``scores`` newest first.

    ``questions`` is None until the bank is open. ``gone`` has the texts of the questions that are not in it, as they were asked.
    """

    profile: Profile
    streak: int
    progress: Progress
    scores: Sequence[Scored]
    gone: Mapping[str, str]
    memory: Mapping[str, Remembered]
    due: Sequence[DueCard]
    sessions: Sequence[tuple[SavedSession, Interview]]
    questions: Mapping[str, Question] | None
    now: datetime
    zone: tzinfo | None


def progress_html(record: Record | None, profiles: Sequence[Profile], language: Language, told: str = "") -> str:
    """The whole tab; ``record`` is None before anyone is chosen."""
    title = f'<h2 class="display">{say(language, "pg_title")}</h2>'
    people = people_html(profiles, record.profile if record else None, language)
    said = f'<p class="told callout" role="status">{escape(told)}</p>' if told else ""
    if record is None or not record.scores:
        key = "pg_choose" if record is None and profiles else "pg_empty_lead"
        go = f'<div class="row">{button(say(language, "pg_go"), "go", kind="primary")}</div>'
        empty = f'<section class="empty"><h3>{say(language, "pg_empty")}</h3><p class="lead">{say(language, key)}</p>{go}</section>'
        mine = _data(record.profile, language) if record else ""
        return f'<div class="pg">{title}{said}{empty}{people}{mine}</div>'
    lead = say(language, "pg_lead", name=name_of(record.profile, language), questions=len(record.memory), attempts=len(record.scores))
    body = f"{_figures(record, language)}{_due(record, language)}{_curves(record, language)}{_table(record, language)}{_sessions(record, language)}"
    return f'<div class="pg">{title}<p class="lead">{escape(lead)}</p>{said}{body}{people}{_data(record.profile, language)}</div>'


def people_html(profiles: Sequence[Profile], current: Profile | None, language: Language) -> str:
    """Who practises on this machine."""
    rows = ""
    for profile in profiles:
        here = current is not None and profile.id == current.id
        choose = (
            f'<span class="chip skipped">{say(language, "pg_current")}</span>' if here else button(say(language, "pg_switch"), "switch", id=str(profile.id))
        )
        rename = _form("rename", say(language, "pg_name"), say(language, "pg_rename"), name_of(profile, language), str(profile.id)) if here else ""
        rows += f"<li><b>{plain(name_of(profile, language))}</b>{rename}{choose}</li>"
    new = _form("new", say(language, "pg_new_label"), say(language, "pg_new"))
    return (
        f'<section><h3>{say(language, "pg_people")}</h3><p class="lead">{say(language, "pg_people_help")}</p>'
        f'<ul class="people">{rows}</ul><div class="new-person">{new}</div></section>'
    )


def _form(do: str, label: str, send: str, value: str = "", key: str = "") -> str:
    field = f'<input type="text" name="name" value="{plain(value)}" maxlength="80" aria-label="{label}" placeholder="{label}" required autocomplete="off">'
    return f'<form data-form="{do}" data-id="{plain(key)}">{field}<button type="submit" class="secondary">{send}</button></form>'


def _data(profile: Profile, language: Language) -> str:
    export = button(say(language, "pg_export"), "export")
    delete = button(say(language, "pg_delete"), "delete", sure=say(language, "pg_delete_sure"))
    help_ = escape(say(language, "pg_data_help", name=name_of(profile, language)))
    return f'<section><h3>{say(language, "pg_data")}</h3><p class="lead">{help_}</p><div class="row">{export}{delete}</div></section>'


def _figures(record: Record, language: Language) -> str:
    since = record.now.astimezone(record.zone).date() - timedelta(days=RECENT_DAYS - 1)
    recent = [(d.mean, d.count) for d in record.progress.overall if d.day >= since]
    count = sum(n for _, n in recent)
    mean = f"{sum(m * n for m, n in recent) / count:.0f}" if count else "–"
    due = len(record.due) if record.questions is not None else "–"
    rows = [("pg_streak", record.streak), ("pg_due_today", due), ("pg_mean", mean), ("pg_asked", len(record.memory))]
    return f'<ul class="figures">{"".join(f"<li><b>{value}</b><span>{say(language, key)}</span></li>" for key, value in rows)}</ul>'


def _due(record: Record, language: Language) -> str:
    questions = record.questions
    if questions is None:
        return f'<section><h3>{say(language, "pg_due")}</h3><p class="lead">{say(language, "pg_due_unknown")}</p></section>'
    if not record.due:
        later = min((m.due for name, m in record.memory.items() if name in questions and m.due > record.now), default=None)
        text = say(language, "pg_due_none", when=f"{later.astimezone(record.zone):%Y-%m-%d}") if later else say(language, "pg_due_nothing")
        return f'<section><h3>{say(language, "pg_due")}</h3><p class="lead">{text}</p></section>'
    rows = ""
    for card in record.due[:DUE_SHOWN]:
        question = questions[card.question_id]
        last = say(language, "pg_due_last", score=f"{card.last_score:.0f}")
        rows += (
            f'<li><button type="button" data-do="practise" data-question="{plain(card.question_id)}">{inline(question.text.in_language(language))}</button>'
            f'<span class="weight">{last}</span></li>'
        )
    left = len(record.due) - DUE_SHOWN
    more = f'<p class="lead">{say(language, "pg_due_more", count=left)}</p>' if left > 0 else ""
    start = button(say(language, "pg_due_start"), "practise", kind="primary")
    return f'<section><h3>{say(language, "pg_due")}</h3><ul class="due-list">{rows}</ul>{more}<div class="row">{start}</div></section>'


def _curves(record: Record, language: Language) -> str:
    days = record.progress.overall
    note = f'<p class="lead">{say(language, "pg_first_only")}</p>'
    if len(days) < 2:
        one = say(language, "pg_curve_one", score=f"{days[0].mean:.0f}") if days else say(language, "pg_empty")
        return f'<section><h3>{say(language, "pg_curve")}</h3><p class="lead">{one}</p></section>'
    label = say(language, "pg_curve_alt", first=days[0].day.isoformat(), last=days[-1].day.isoformat())
    out = f"<section><h3>{say(language, 'pg_curve')}</h3>{curve(days, label)}{note}</section>"
    rows = ""
    for area, own in record.progress.areas.items():
        name, last = area_name(area, language), own[-1]
        drawn = curve(own, f"{name}: {label}", width=220, height=64, ticks=False) if len(own) > 1 else ""
        rows += f'<li><p><span>{plain(name)}</span><b class="verdict {band(last.mean)}">{last.mean:.0f}</b></p>{drawn}</li>'
    return f'{out}<section><h3>{say(language, "pg_areas")}</h3><ul class="small-curves">{rows}</ul></section>'


def _table(record: Record, language: Language) -> str:
    by_question: dict[str, list[Scored]] = {}
    for scored in record.scores:
        if scored.kind != "follow_up":
            by_question.setdefault(scored.question_id, []).append(scored)
    rows: list[str] = []
    questions = record.questions or {}
    gone = f" <small>{say(language, 'pg_gone')}</small>" if record.questions is not None else ""
    for question_id, replies in by_question.items():
        question, known = questions.get(question_id), record.memory.get(question_id)
        text = inline(question.text.in_language(language)) if question else f"{inline(record.gone.get(question_id, question_id))}{gone}"
        scores = [reply.score for reply in reversed(replies[:SPARK_SHOWN])]
        due = f"{known.due.astimezone(record.zone):%Y-%m-%d}" if known else ""
        rows.append(
            f'<tr><th scope="row">{text}<small>{plain(area_name(replies[0].area, language))}</small></th><td class="num">{len(replies)}</td>'
            f'<td>{spark(scores)}</td><td class="num"><b class="verdict {band(scores[-1])}">{scores[-1]:.0f}</b></td><td class="num">{due}</td></tr>'
        )
    columns = (("pg_question", ""), ("pg_count", "num"), ("pg_scores", ""), ("pg_latest", "num"), ("pg_next", "num"))
    head = "".join(f'<th scope="col" class="{name}">{say(language, key)}</th>' for key, name in columns)
    title = say(language, "pg_table")

    def table(part: Sequence[str]) -> str:
        whole = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(part)}</tbody></table>"
        return f'<div class="wide-table" tabindex="0" role="group" aria-label="{title}">{whole}</div>'

    rest = rows[ROWS_SHOWN:]
    more = f'<details class="rest"><summary>{say(language, "pg_due_more", count=len(rest))}</summary>{table(rest)}</details>' if rest else ""
    return f"<section><h3>{title}</h3>{table(rows[:ROWS_SHOWN])}{more}</section>"


def _sessions(record: Record, language: Language) -> str:
    rows: list[str] = []
    for saved, state in record.sessions:
        areas = dict.fromkeys(area_name(q.area, language) for q in state.questions)
        about = say(language, "pg_session", count=len(state.questions), areas=("、" if language == "zh" else ", ").join(areas))
        score = f'<span class="chip {band(state.score)}">{state.score:.0f}</span>' if state.score is not None else ""
        when = f'<time datetime="{saved.updated.isoformat(timespec="minutes")}">{saved.updated:%Y-%m-%d %H:%M}</time>'
        report = button(say(language, "pg_report"), "report", id=saved.id)
        rows.append(f'<li>{when}<span class="about">{escape(about)}</span>{score}{report}</li>')
    if not rows:
        return ""
    rest = rows[SESSIONS_SHOWN:]
    earlier = f'<summary>{say(language, "pg_sessions_rest", count=len(rest))}</summary><ul class="sessions">{"".join(rest)}</ul>'
    more = f'<details class="rest">{earlier}</details>' if rest else ""
    return f'<section><h3>{say(language, "pg_sessions")}</h3><ul class="sessions">{"".join(rows[:SESSIONS_SHOWN])}</ul>{more}</section>'
