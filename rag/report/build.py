"""Grades to a report."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rag.errors import UserInputError
from rag.jsonable import from_json, to_json
from rag.records import AskedQuestion, Language, Question, Reading, Report

FORMAT = 1
READ_NEXT = 3
GOOD_FROM = 85.0
_SURROGATE = re.compile("[\ud800-\udfff]")  # no file takes one as it is


def make_report(
    session_id: str,
    language: Language,
    started: str,
    finished: str,
    asked: Sequence[AskedQuestion],
    questions: Mapping[str, Question],
    unasked: int = 0,
) -> Report:
    """The report on an interview. ``questions`` are those asked, by id; ``unasked`` counts those it did not come to.

    ``total`` and ``areas`` are means of the best grade of each answered question. ``to_read`` are the passages behind the worst
    questions: skipped ones first, then the lowest scores below 85; at most three, none twice.
    """
    scores = [(item.area, item.score) for item in asked if item.score is not None]
    areas = {area: _mean([score for of, score in scores if of == area]) for area in sorted({area for area, _ in scores})}
    return Report(
        session_id=session_id,
        language=language,
        started=started,
        finished=finished,
        total=_mean([score for _, score in scores]) if scores else None,
        areas=areas,
        asked=tuple(asked),
        skipped=sum(item.score is None for item in asked),
        to_read=_to_read(asked, questions, language),
        unasked=unasked,
    )


def report_to_json(report: Report) -> str:
    """The report as JSON text, every field of it; :func:`report_from_json` reads it back exactly."""
    text = json.dumps({"format": FORMAT, "report": to_json(report)}, ensure_ascii=False, indent=2)
    return _SURROGATE.sub(lambda m: f"\\u{ord(m[0]):04x}", text) + "\n"


def report_from_json(text: str) -> Report:
    """The report that :func:`report_to_json` wrote.

    Raises:
        UserInputError: the text is no such JSON.
    """
    try:
        data: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserInputError(f"report: no JSON: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserInputError(f"report: expected a report of format {FORMAT}")
    return from_json(Report, data.get("report"))


def reading(question: Question, language: Language) -> Reading | None:
    """Where to read up on a question: its handbook heading, or the line of the document that asks it; None without either."""
    if question.handbook:
        return Reading(f"handbook/{language}/{question.handbook}", question.text.in_language(language), question.id)
    if question.asked:
        return Reading(question.asked[0].doc_id, question.asked[0].quote, question.id)
    return None


def _to_read(asked: Sequence[AskedQuestion], questions: Mapping[str, Question], language: Language) -> tuple[Reading, ...]:
    weak = [item for item in asked if item.score is None or item.score < GOOD_FROM]
    weak.sort(key=lambda item: -1.0 if item.score is None else item.score)
    found: dict[tuple[str, str], Reading] = {}
    for item in weak:
        place = reading(questions[item.question_id], language) if item.question_id in questions else None
        if place is not None:
            found.setdefault((place.doc_id, place.heading), place)
    return tuple(found.values())[:READ_NEXT]


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores)
