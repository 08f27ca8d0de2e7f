"""Notes for Anki's importer: tab-separated text with the header lines it reads (Anki 2.1.54 and later).

A note keeps its identity by question and language, so that importing a later report updates it and never makes a second one.
A package file (.apkg) is not written: its one Python writer, genanki, had its last release in 2023, and its bytes vary with the clock.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from rag.jsonable import clean
from rag.records import AskedQuestion, Language, Question, Report
from rag.report.build import reading
from rag.report.words import words

DECK = "mianjing"
_TAG = re.compile(r"[^\w:-]+")


def to_anki(report: Report, questions: Mapping[str, Question]) -> str:
    """One note a question asked, skipped ones too: the question, then its key points with the place to read; HTML-escaped.

    ``questions`` are those asked, by id. The columns are guid, front, back, tags.
    """
    header = ["#separator:tab", "#html:true", "#notetype:Basic", f"#deck:{DECK}", "#columns:guid\tFront\tBack\tTags", "#guid column:1", "#tags column:4"]
    rows = [_note(item, questions.get(item.question_id), report.language) for item in report.asked]
    return "\n".join([*header, *("\t".join(row) for row in rows)]) + "\n"


def _note(item: AskedQuestion, question: Question | None, language: Language) -> tuple[str, str, str, str]:
    best = max(item.grades, key=lambda grade: grade.score, default=None)
    verdicts = {point.point_id: point.verdict for point in best.points} if best else {}
    if question is not None and question.key_points:
        points = [(point.id, point.text.in_language(language)) for point in question.key_points]
    else:
        points = [(point.point_id, point.text) for point in best.points] if best else []
    rows = [f"<li>{_bold(_field(text), verdicts.get(point, 'missed') != 'hit')}</li>" for point, text in points]
    back = f"<ul>{''.join(rows)}</ul>" if rows else ""
    place = reading(question, language) if question is not None else None
    if place is not None:
        say = words(language)
        back += f"<div>{say.read}{say.colon}{_field(place.heading)} ({_field(place.doc_id)})</div>"
    tags = f"{DECK} {DECK}::{_tag(item.area)}"
    return f"{DECK}-{language}-{_field(item.question_id)}", _field(item.text), back, tags


def _bold(text: str, weak: bool) -> str:
    return f"<b>{text}</b>" if weak else text


def _field(text: str) -> str:
    lines = [" ".join(line.split()) for line in clean(text).splitlines()]
    return "<br>".join(html.escape(line) for line in lines if line)


def _tag(area: str) -> str:
    return _TAG.sub("-", area).strip("-:") or "other"
