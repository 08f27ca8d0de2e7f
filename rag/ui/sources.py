"""The source pane: the passages an answer quotes, and a whole document opened at a span."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.records import Answer, Citation, Document, Hit, Language, Section
from rag.ui.strings import say
from rag.ui.talk import hit_head, parts_html
from rag.ui.turns import numbered
from rag.ui.typeset import Look, Mark, inline, plain, span

SHOWN = 120_000
AROUND = 240
Source = Callable[[str], Document | None]


@dataclass(frozen=True, slots=True)
class _Card:
    doc_id: str
    start: int
    end: int
    heading_path: tuple[str, ...]
    numbers: tuple[tuple[Citation, int], ...]


def empty_html(language: Language) -> str:
    """The pane before there is an answer."""
    return f'<div class="pane pane-empty"><p>{say(language, "sources_empty")}</p></div>'


def gone_html(language: Language) -> str:
    """The pane where what was asked for is no longer in the corpus."""
    return f'<div class="pane pane-empty"><p>{say(language, "gone")}</p></div>'


def sources_html(answer: Answer, turn: int, language: Language, source: Source) -> str:
    """The passages behind an answer with every cited span highlighted; behind a refusal, the nearest ones."""
    numbers = numbered(answer)
    if answer.abstained:
        if not answer.hits:
            return f'<div class="pane pane-empty"><p>{say(language, "sources_none")}</p></div>'
        cards = "".join(_nearest(hit, language, source) for hit in answer.hits)
        return _pane(say(language, "sources"), say(language, "sources_nearest"), cards, turn, language)
    found = _cards(answer, numbers, source)
    cards = "".join(_card_html(card, turn, language, source) for card in found)
    count = say(language, "sources_count_one" if len(found) == 1 else "sources_count", passages=len(found), spans=len(numbers))
    return _pane(say(language, "sources"), count, cards, turn, language)


def _pane(title: str, note: str, body: str, turn: int, language: Language) -> str:
    back = f'<a class="to-answer" href="#turn-{turn}">{say(language, "to_answer")}</a>'
    return f'<div class="pane" data-turn="{turn}"><header class="pane-head"><h2 tabindex="-1">{title}</h2><p>{note}</p>{back}</header>{body}</div>'


def _cards(answer: Answer, numbers: dict[Citation, int], source: Source) -> list[_Card]:
    """Citations gathered by the passage they stand in, in order of their first number."""
    groups: dict[tuple[str, int, int], _Card] = {}
    for citation, n in numbers.items():
        passage = next((h.passage for h in answer.hits if _holds(h, citation)), None)
        if passage is not None:
            card = _Card(passage.doc_id, passage.start, passage.end, passage.heading_path, ())
        else:
            document = source(citation.doc_id)
            length = len(document.source) if document else citation.end
            card = _Card(citation.doc_id, max(0, citation.start - AROUND), min(length, citation.end + AROUND), (), ())
        key = (card.doc_id, card.start, card.end)
        known = groups.get(key, card)
        groups[key] = _Card(*key, known.heading_path, (*known.numbers, (citation, n)))
    return list(groups.values())


def _holds(hit: Hit, citation: Citation) -> bool:
    p = hit.passage
    return p.doc_id == citation.doc_id and p.start <= citation.start and citation.end <= p.end


def _card_html(card: _Card, turn: int, language: Language, source: Source) -> str:
    document = source(card.doc_id)
    if document is None:
        return f'<p class="gone">{say(language, "gone")}</p>'
    marks = [Mark(c.start, c.end, (n,)) for c, n in card.numbers]
    body = span(document.source, card.start, card.end, marks, _titles(document, card.start, card.end))
    opened = f'<a class="open" href="#cite-{turn}-{card.numbers[0][1]}">{say(language, "open_document")}</a>'
    path = " › ".join(inline(p) for p in card.heading_path if p != document.title)
    heading = f'<p class="path">{path}</p>' if path else ""
    head = f'<header><h3>{plain(document.title)}</h3><p class="file">{plain(document.id)}</p>{heading}</header>'
    return f'<section class="card">{head}{_passage(body, document)}{opened}</section>'


def _nearest(hit: Hit, language: Language, source: Source) -> str:
    document = source(hit.passage.doc_id)
    if document is None:
        return ""
    return hit_html(hit, document, language, parts=False)


def hit_html(hit: Hit, document: Document, language: Language, *, parts: bool = True, rank: int | None = None) -> str:
    """A passage that was found, with what its score is made of."""
    p = hit.passage
    body = span(document.source, p.start, p.end, (), _titles(document, p.start, p.end))
    number = f'<span class="rank">{rank}</span>' if rank is not None else ""
    head = f'<header><h3>{number}{plain(document.title)}</h3><p class="file">{plain(document.id)}</p><p>{hit_head(hit)}</p></header>'
    opened = f'<a class="open" href="#span-{p.start}-{p.end}" data-doc="{plain(document.id)}">{say(language, "open_document")}</a>'
    return f'<section class="card">{head}{parts_html(hit, language) if parts else ""}{_passage(body, document)}{opened}</section>'


def _passage(body: str, document: Document) -> str:
    return f'<div class="source-text" lang="{document.language}">{body}</div>'


def document_html(document: Document, place: tuple[int, int] | None, language: Language, *, back: str = "back", changed: bool = False) -> str:
    """A whole document as its source reads, opened at ``place``, with its table of contents.

    ``back`` names the way back; ``changed`` says that the cited span is no longer there.
    """
    start, end, cut = _window(document, place)
    marks = [Mark(*place, here=True)] if place else []
    sections = [(n, s) for n, s in enumerate(document.sections) if start <= s.start < end]
    anchors = [(s.start, f"section-{n}") for n, s in sections]
    body = span(document.source, start, end, marks, _titles(document, start, end), anchors)
    note = f'<p class="callout" role="note">{say(language, "changed")}</p>' if changed else ""
    note += f'<p class="frame">{say(language, "cut")}</p>' if cut else ""
    head = (
        f'<header class="pane-head"><button type="button" class="quiet back" data-back="true">{say(language, back)}</button>'
        f'<h2 tabindex="-1">{plain(document.title)}</h2><p class="file">{plain(document.id)}</p>{_contents(sections, place, language)}</header>'
    )
    return f'<div class="pane pane-document">{head}{note}{_passage(body, document)}</div>'


def _contents(sections: Sequence[tuple[int, Section]], place: tuple[int, int] | None, language: Language) -> str:
    """The table of contents, the section of ``place`` marked; none for a document of one section."""
    if len(sections) < 2:
        return ""
    here = max((n for n, s in sections if place and s.start <= place[0] < s.end), default=-1)
    items = ""
    for n, section in sections:
        current = ' aria-current="true"' if n == here else ""
        items += f'<li class="level-{min(4, section.level)}"><a href="#section-{n}"{current}>{inline(section.title)}</a></li>'
    return f'<details class="contents"><summary>{say(language, "contents", count=len(sections))}</summary><ol>{items}</ol></details>'


def _window(document: Document, place: tuple[int, int] | None) -> tuple[int, int, bool]:
    length = len(document.source)
    if length <= SHOWN:
        return 0, length, False
    centre = place[0] if place else 0
    start = max(0, min(centre - SHOWN // 2, length - SHOWN))
    return start, start + SHOWN, True


def _titles(document: Document, start: int, end: int) -> Sequence[Look]:
    """The heading lines between two offsets."""
    out = []
    for section in document.sections:
        line = document.source.find("\n", section.start, section.end)
        last = section.end if line < 0 else line
        if section.start < end and last > start and document.source[section.start : last].strip(" #=-") and section.level:
            out.append(Look(max(section.start, start), min(last, end), "title"))
    return out
