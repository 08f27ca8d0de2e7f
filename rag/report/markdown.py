"""A report for people, as Markdown. What a candidate or a document says is shown as it is and never acts as markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from rag.jsonable import clean
from rag.records import AskedQuestion, Citation, FollowUpAsked, Grade, PointGrade, Report
from rag.report.words import Words, words

_MARKUP = re.compile(r"([\\`*_\[\]<>~|$]|&(?=[#\w]))")
_LINE_START = re.compile(r"^(\s*)(#|[-+=](?=[\s\-+=]|$)|\d{1,9}(?=[.)]))")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])")


def to_markdown(report: Report, area_names: Mapping[str, str] | None = None) -> str:
    """The whole report in its own language. ``area_names`` are the names to show for the ids of areas."""
    say = words(report.language)
    names = dict(area_names or {})
    answered = len(report.asked) - report.skipped
    counts = say.counts.format(answered=answered, skipped=report.skipped, unasked=report.unasked)
    total = say.nothing if report.total is None else f"**{say.total}{say.colon}{_points(report.total)} / 100**"
    out = [f"# {say.title}", f"{_day(report.finished)}", f"{total}  \n{counts}"]
    if report.areas:
        rows = [f"| {_inline(names.get(area, area))} | {_points(score)} |" for area, score in report.areas.items()]
        out += [f"## {say.areas}", "\n".join([f"| {say.area} | {say.score} |", "| --- | ---: |", *rows])]
    if report.to_read:
        out += [f"## {say.to_read}", "\n".join(f"{n}. {_inline(r.heading)} ({_inline(r.doc_id)})" for n, r in enumerate(report.to_read, 1))]
    if report.asked:
        out.append(f"## {say.questions}")
        out += [_question(n, item, say) for n, item in enumerate(report.asked, 1)]
    return "\n\n".join(out) + "\n"


def _question(number: int, item: AskedQuestion, say: Words) -> str:
    head = f"### {number}. {_inline(item.text)}"
    if item.score is None:
        return f"{head}\n\n{say.skipped}"
    parts = [head]
    if len(item.grades) > 1:
        parts.append(f"**{say.score}{say.colon}{_points(item.score)} / 100** ({say.best})")
    for n, (reply, grade) in enumerate(zip(item.replies, item.grades, strict=True)):
        label = say.reply if len(item.grades) == 1 else say.again.format(n=n + 1)
        follow_ups = [asked for asked in item.follow_ups if asked.after == n]
        lifted = f" ({say.lifted})" if any(asked.reply is not None for asked in follow_ups) else ""
        parts += [f"**{label}{say.colon}{_points(grade.score)} / 100**{lifted}", _quoted(reply), *_grade(grade, say)]
        parts += [_follow_up(asked, say) for asked in follow_ups]
    return "\n\n".join(parts)


def _grade(grade: Grade, say: Words, weights: bool = True) -> list[str]:
    parts = [f"{say.points}{say.colon.rstrip()}\n\n" + "\n".join(_point(point, say, weights) for point in grade.points)] if grade.points else []
    if grade.wrong:
        sep = say.colon
        names = {"misconception": say.misconception}
        wrong = [f"- {_inline(w.said)}" + (f"\n  - {names.get(w.kind, say.against)}{sep}{_inline(w.against)}" if w.against else "") for w in grade.wrong]
        parts.append(f"{say.wrong}{say.colon.rstrip()}\n\n" + "\n".join(wrong))
    return [*parts, _lines(grade.feedback)] if grade.feedback.strip() else parts


def _point(point: PointGrade, say: Words, weights: bool) -> str:
    weight = f" ({say.weight.format(weight=point.weight)})" if weights else ""
    lines = [f"- {say.verdicts[point.verdict]}{weight}{f' ({say.corrected})' if point.corrected else ''}{say.colon}{_inline(point.text)}"]
    if point.evidence.strip():
        lines.append(f"  - {say.reply}{say.colon}{_inline(point.evidence)}")
    lines += [f"  - {say.source}{say.colon}{_source(citation)}" for citation in point.citations]
    return "\n".join(lines)


def _follow_up(asked: FollowUpAsked, say: Words) -> str:
    head = f"**{say.follow_up}{say.colon.strip()}** {_inline(asked.text)}"
    if asked.reply is None or asked.grade is None:
        return f"{head}\n\n{say.declined}"
    return "\n\n".join([head, _quoted(asked.reply), *_grade(asked.grade, say, weights=False)])


def _source(citation: Citation) -> str:
    return f"{_inline(citation.quote)} ({_inline(citation.doc_id)})"


def _points(score: float) -> str:
    return f"{score:.0f}"


def _day(moment: str) -> str:
    """The time on this machine's clock; what is no time as it stands."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return _inline(moment)


def _inline(text: str) -> str:
    return _escape(" ".join(text.split()))


def _lines(text: str) -> str:
    return "  \n".join(_escape(line.strip()) for line in text.split("\n") if line.strip())


def _quoted(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()] or [" "]
    return "  \n".join(f"> {_escape(' '.join(line.split()))}" for line in lines)


def _escape(text: str) -> str:
    text = _MARKUP.sub(r"\\\1", clean(text))
    text = _NUMBERED.sub(r"\1\\\2", text)
    return _LINE_START.sub(r"\1\\\2", text)
