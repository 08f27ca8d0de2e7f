"""How a graded reply is shown: the reply with what counted marked, and a card for each key point that opens to its source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from html import escape

from rag.interview import Change
from rag.records import Citation, FollowUpAsked, Grade, Language, PointGrade, WrongStatement
from rag.tutor import Tutor
from rag.ui.charts import ring
from rag.ui.controls import button
from rag.ui.strings import say
from rag.ui.typeset import Mark, inline, plain, span

AROUND = 280
VERDICTS = {"hit": "iv_hit", "partial": "iv_partial", "missed": "iv_missed"}
AGAINST = {"misconception": "iv_misconception", "contradiction": "iv_rather"}
CORRECTING = {"claim": "iv_claim", "disown": "iv_disown", "withdraw": "iv_withdraw"}
SIGNS = {"hit": "✓", "partial": "◐", "missed": "✗"}


def grade_html(
    reply: str, grade: Grade, language: Language, tutor: Tutor, *, follow_ups: Iterable[FollowUpAsked] = (), changed: str = "", correcting: bool = False
) -> str:
    """A whole grade: score, feedback, what changed, wrong statements, key points with sources, follow-ups, and the reply.

    With ``correcting`` the candidate can set the verdicts.
    """
    followed = list(follow_ups)
    lifted = f" · {say(language, 'iv_lifted')}" if any(f.reply is not None for f in followed) else ""
    notices = "".join(f'<p class="callout" role="note">{escape(n)}</p>' for n in grade.notices)
    said = f"<p>{inline(grade.feedback)}</p>" if grade.feedback.strip() else ""
    head = (
        f'<div class="graded-head">{ring(grade.score)}<div><h2 tabindex="-1">{say(language, "iv_score", score=f"{grade.score:.0f}")}'
        f'<span class="of">{say(language, "iv_out_of")}{lifted}</span></h2>{changed}<div class="feedback" lang="{grade.language}">{said}</div></div></div>'
    )
    asked = f"<h3>{say(language, 'iv_followed')}</h3>{''.join(follow_up_html(f, language) for f in followed)}" if followed else ""
    own = f'<details class="own"><summary>{say(language, "iv_you_said")}</summary>{said_html(reply, grade)}</details>'
    points = points_html(grade, language, tutor, correcting=correcting)
    return f'<section class="graded">{head}{notices}{wrong_html(grade.wrong, language)}{points}{asked}{own}</section>'


def covered_html(reply: str, grade: Grade, language: Language, before: Iterable[FollowUpAsked] = ()) -> str:
    """A grade while a follow-up waits, after those that came ``before``: what was said, which words are likely wrong, and how much is missing, but not what."""
    rows = "".join(_covered(p, grade.language, language) for p in grade.points)
    note = say(language, "iv_follow_up_again" if any(before) else "iv_follow_up_note")
    own = f'<details class="own"><summary>{say(language, "iv_you_said")}</summary>{said_html(reply, grade)}</details>'
    wrong = wrong_html((replace(w, against="") for w in grade.wrong), language)
    return f'<section class="graded covered"><p class="lead">{note}</p>{wrong}<ul class="points">{rows}</ul>{own}</section>'


def points_html(grade: Grade, language: Language, tutor: Tutor, *, correcting: bool = False) -> str:
    """The key points as cards; the source of the heaviest missed one stands open."""
    if not grade.points:
        return ""
    missed = [p for p in grade.points if p.verdict == "missed"]
    first = max(missed, key=lambda p: p.weight) if missed else None
    cards = "".join(_point(p, grade.language, language, tutor, opened=p is first, correcting=correcting) for p in grade.points)
    note = f'<p class="lead">{say(language, "iv_last_word")}</p>' if correcting else ""
    return f'<h3>{say(language, "iv_points")}</h3>{note}<ul class="points">{cards}</ul>'


def wrong_html(wrong: Iterable[WrongStatement], language: Language) -> str:
    """What was said wrong, each with what it is held against."""
    rows = ""
    for w in wrong:
        name = say(language, AGAINST.get(w.kind, "iv_rather"))
        against = f'<p class="rather"><span class="label">{name}</span>{inline(w.against)}</p>' if w.against else ""
        rows += f'<li><p><span class="label">{say(language, "iv_wrong")}</span><q>{inline(w.said)}</q></p>{against}</li>'
    return f'<ul class="wrongs">{rows}</ul>' if rows else ""


def follow_up_html(asked: FollowUpAsked, language: Language) -> str:
    """A follow-up with its reply and verdict."""
    head = f'<p class="asked-more">{inline(asked.text)}</p>'
    if asked.reply is None or asked.grade is None:
        return f'<div class="followed">{head}<p class="lead">{say(language, "iv_declined")}</p></div>'
    verdict = asked.grade.points[0].verdict if asked.grade.points else "missed"
    wrong = wrong_html(asked.grade.wrong, language)
    return f'<div class="followed {verdict}">{head}<p class="said">{escape(asked.reply)}</p><p>{_verdict(verdict, language)}</p>{wrong}</div>'


def change_html(change: Change | None, grade: Grade, language: Language) -> str:
    """What a retry brought against the reply before it."""
    if change is None:
        return ""
    points = round(abs(change.difference))
    key = "iv_same" if points == 0 else "iv_better" if change.difference > 0 else "iv_worse"
    texts = {p.point_id: p.text for p in grade.points}
    lines = [say(language, key, points=points)]
    for name, ids in (("iv_gained", change.gained), ("iv_lost", change.lost)):
        if ids:
            lines.append(say(language, name, points=("；" if language == "zh" else "; ").join(texts[i].rstrip("。.") for i in ids)))
    return f'<ul class="changed">{"".join(f"<li>{inline(line)}</li>" for line in lines)}</ul>'


def said_html(reply: str, grade: Grade) -> str:
    """The reply as it was written, with the words that hit, half hit or were wrong marked."""
    wanted = [("wrong", w.said) for w in grade.wrong]
    wanted += [(p.verdict, p.evidence) for verdict in ("hit", "partial") for p in grade.points if p.verdict == verdict]
    taken: list[tuple[int, int, str]] = []
    for name, words in wanted:
        at = reply.find(words) if words.strip() else -1
        if at >= 0 and all(at + len(words) <= start or end <= at for start, end, _ in taken):
            taken.append((at, at + len(words), name))
    out, last = "", 0
    for start, end, name in sorted(taken):
        out += f'{escape(reply[last:start])}<mark class="said-{name}">{escape(reply[start:end])}</mark>'
        last = end
    return f'<p class="said">{out}{escape(reply[last:])}</p>'


def source_html(citation: Citation, language: Language, tutor: Tutor) -> str:
    """The cited span in its surroundings, and the way into the document."""
    document = tutor.source(citation.doc_id)
    if document is None or document.source[citation.start : citation.end] != citation.quote:
        return f'<div class="source-text">{inline(citation.quote)}</div><p class="file">{plain(citation.doc_id)}</p>'
    passage = next((p for p in tutor.index.passages if p.doc_id == document.id and p.start <= citation.start and citation.end <= p.end), None)
    low, high = (passage.start, passage.end) if passage else (0, len(document.source))
    start, end = max(low, citation.start - AROUND), min(high, citation.end + AROUND)
    start = start if start == low else document.source.find("\n", start, citation.start) + 1 or start
    cut = document.source.rfind("\n", citation.end, end)
    end = end if end == high or cut < 0 else cut
    if document.source.count("$$", start, citation.start) % 2:  # a displayed formula is shown whole or not at all
        start = document.source.find("$$", start) + 2
    if document.source.count("$$", citation.end, end) % 2:
        end = document.source.rfind("$$", citation.end, end)
    body = span(document.source, start, end, [Mark(citation.start, citation.end)])
    opened = f'<a class="open" href="#span-{citation.start}-{citation.end}" data-doc="{plain(document.id)}">{say(language, "iv_open")}</a>'
    return f'<div class="source-text" lang="{document.language}">{body}</div>{opened}'


def _point(point: PointGrade, spoken: Language, language: Language, tutor: Tutor, *, opened: bool, correcting: bool) -> str:
    by = ""
    if point.evidence.strip():
        by = f'<p class="by"><span class="label">{say(language, "iv_your_words")}</span><q>{inline(point.evidence.strip())}</q></p>'
    source = f'<p class="no-source">{say(language, "iv_no_source")}</p>'
    if point.citations:
        citation = point.citations[0]
        document = tutor.source(citation.doc_id)
        title = inline(document.title if document else citation.doc_id)
        shown = " open" if opened else ""
        source = (
            f'<details class="from"{shown}><summary>{say(language, "iv_source")}<span class="title">{title}</span></summary>'
            f"{source_html(citation, language, tutor)}</details>"
        )
    theirs = f'<span class="corrected">{say(language, "iv_corrected")}</span>' if point.corrected else ""
    change = f'<p class="correcting">{_correction(point, language)}</p>' if correcting else ""
    return (
        f'<li class="point {point.verdict}"><p class="point-head"><span>{_verdict(point.verdict, language)}{theirs}</span>{_weight(point, language)}</p>'
        f'<p class="point-text" lang="{spoken}">{inline(point.text)}</p>{by}{source}{change}</li>'
    )


def _correction(point: PointGrade, language: Language) -> str:
    """The button with which the candidate sets the verdict, or takes that back."""
    do = "withdraw" if point.corrected else "disown" if point.verdict == "hit" else "claim"
    return button(say(language, CORRECTING[do]), do, kind="quiet", id=point.point_id)


def _covered(point: PointGrade, spoken: Language, language: Language) -> str:
    """A point that was said, in full; of one that was half said only the words that count, and of one that was missed nothing."""
    name = f'<p class="point-text" lang="{spoken}">{inline(point.text)}</p>' if point.verdict == "hit" else ""
    text = f'<p class="by"><q>{inline(point.evidence.strip())}</q></p>' if point.verdict != "missed" and point.evidence.strip() else ""
    cover = "" if text or name else f'<p class="cover">{say(language, "iv_covered")}</p>'
    return f'<li class="point {point.verdict}"><p class="point-head">{_verdict(point.verdict, language)}{_weight(point, language)}</p>{name}{text}{cover}</li>'


def _verdict(verdict: str, language: Language) -> str:
    return f'<span class="verdict"><span aria-hidden="true">{SIGNS[verdict]}</span> {say(language, VERDICTS[verdict])}</span>'


def _weight(point: PointGrade, language: Language) -> str:
    return f'<span class="weight">{say(language, "iv_weight", weight=point.weight)}</span>'
