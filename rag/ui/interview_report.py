"""The report at the end of an interview."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rag.bank import same_document
from rag.records import AskedQuestion, Document, Language, Reading, Report
from rag.report import area_name
from rag.tutor import Tutor
from rag.ui.charts import band, bars, radar, ring
from rag.ui.controls import button
from rag.ui.interview_grade import grade_html
from rag.ui.strings import say
from rag.ui.typeset import inline, plain


def report_html(report: Report, language: Language, tutor: Tutor) -> str:
    """The whole report, with its exports."""
    answered = len(report.asked) - report.skipped
    counts = say(language, "iv_counts", answered=answered, skipped=report.skipped, unasked=report.unasked)
    when = f'<time datetime="{escape(report.finished)}">{escape(report.finished[:16].replace("T", " "))}</time>'
    total = f"<p>{say(language, 'iv_nothing')}</p>"
    if report.total is not None:
        total = f'<p class="sr-only">{say(language, "iv_total")} {report.total:.0f}</p>'
    head = (
        f'<header class="report-head">{ring(report.total, size=120)}<div><h2 class="display" tabindex="-1">{say(language, "iv_report")}</h2>{total}'
        f'<p class="lead">{counts} · {when}</p></div></header>'
    )
    rows = "".join(_question(n, item, report, language, tutor) for n, item in enumerate(report.asked, 1))
    questions = f"<h3>{say(language, 'iv_questions')}</h3>{rows}" if rows else ""
    body = f"{head}{_tools(language)}{_areas(report, language)}{_to_read(report.to_read, language, tutor)}{questions}"
    return f'<div class="iv iv-report" data-phase="finished" data-session="{escape(report.session_id)}">{body}</div>'


def _tools(language: Language) -> str:
    kinds = (("markdown", "iv_markdown"), ("json", "iv_json"), ("anki", "iv_anki"))
    exports = "".join(button(say(language, key), "export", what=kind) for kind, key in kinds)
    paper = f'<button type="button" class="secondary" data-print="true">{say(language, "iv_print")}</button>'
    label = say(language, "iv_export")
    onward = button(say(language, "iv_again"), "again", kind="primary") + button(say(language, "iv_other"), "leave")
    group = f'<span class="group" role="group" aria-label="{label}"><span class="label">{label}</span>{exports}{paper}</span>'
    return f'<div class="row report-tools">{onward}{group}</div>'


def _areas(report: Report, language: Language) -> str:
    if not report.areas:
        return ""
    scores = [(area_name(area, language), score) for area, score in report.areas.items()]
    charts = radar(scores, say(language, "iv_radar")) + bars(scores)
    return f'<section class="areas"><h3>{say(language, "iv_by_area")}</h3><div class="two">{charts}</div></section>'


def _to_read(readings: Sequence[Reading], language: Language, tutor: Tutor) -> str:
    rows = ""
    for reading in readings:
        document = next((d for d in tutor.documents() if same_document(reading.doc_id, d.id)), None)
        if document is None:
            continue
        start, end = _place(document, reading.heading)
        rows += (
            f'<li><a class="open" href="#span-{start}-{end}" data-doc="{plain(document.id)}">{inline(reading.heading)}</a>'
            f'<span class="file">{plain(document.title)} · {plain(document.id)}</span></li>'
        )
    return f'<section class="to-read"><h3>{say(language, "iv_to_read")}</h3><ol>{rows}</ol></section>' if rows else ""


def _place(document: Document, heading: str) -> tuple[int, int]:
    """Where a heading stands; the beginning of the document where it is no longer there."""
    titled = next((s for s in document.sections if s.title.strip() == heading.strip()), None)
    at = document.source.find(heading, titled.start if titled else 0)
    return (at, at + len(heading)) if at >= 0 else (0, max(1, min(80, len(document.source))))


def _question(number: int, item: AskedQuestion, report: Report, language: Language, tutor: Tutor) -> str:
    area = escape(area_name(item.area, language))
    if item.score is None:
        score = f'<span class="chip skipped">{say(language, "iv_skipped")}</span>'
    else:
        best = f" · {say(language, 'iv_best', count=len(item.grades))}" if len(item.grades) > 1 else ""
        score = f'<span class="chip {band(item.score)}">{item.score:.0f}</span><span class="small-note">{best}</span>'
    tag = "div" if item.score is None else "summary"
    text = f'<span class="q" lang="{report.language}">{inline(item.text)}<small>{area}</small></span>'
    head = f'<{tag} class="reported-head"><span class="n">{number}</span>{text}{score}</{tag}>'
    body = ""
    for n, (reply, grade) in enumerate(zip(item.replies, item.grades, strict=True)):
        title = f"<h4>{say(language, 'iv_you_said_n', n=n + 1)}</h4>" if len(item.grades) > 1 else ""
        follow_ups = [asked for asked in item.follow_ups if asked.after == n]
        body += title + grade_html(reply, grade, language, tutor, follow_ups=follow_ups)
    return f'<details class="reported">{head}{body}</details>' if body else f'<div class="reported">{head}</div>'
