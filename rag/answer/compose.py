"""Chosen units to an answer: merged across sources, framed by who says it, cited span by span."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.answer.orders import gives_orders
from rag.answer.phrases import phrase
from rag.answer.select import CLAUSE, Chosen, is_pointer, quotable
from rag.records import Asked, Citation, Document, Evidence, Language, Passage, Sentence, Unit
from rag.store import Index
from rag.text import normalise

SAME_COSINE = 0.965
SAME_DICE = 0.72
HEAD_MAX = 200
_NUMBERED = re.compile(r"^\s*(?:>\s*)*(\d{1,2})[.)、]\s")
_BOOK = re.compile(r"《([^《》\n]{2,40})》")


@dataclass(frozen=True, slots=True)
class _Line:
    unit: Unit
    doc_id: str
    citations: tuple[Citation, ...]
    kind: str
    text: str


def cite(document: Document, start: int, end: int) -> Citation:
    """The citation of a span; ``quote`` is cut from the source itself."""
    return Citation(document.id, start, end, document.source[start:end])


def compose(asked: Asked, chosen: Sequence[Chosen], index: Index, *, lead: bool = True) -> list[Sentence]:
    """The sentences of an answer from chosen passages, best first. ``lead`` puts the frame that names the language of quotes."""
    content = [c for c in chosen if not is_pointer(c.evidence)]
    pointers = [c for c in chosen if is_pointer(c.evidence)]
    sentences: list[Sentence] = []
    if pointers and asked.wants_source:
        sentences += point(asked, pointers[0].evidence, index)
        pointers = [] if content else pointers[1:]
    if content:
        if lead:
            sentences += _language_frame(asked.language, content)
        sentences += _content(asked.language, content, index)
        shown = content[0].evidence.hit.passage
        if shown.pages and not pointers and not sentences_point(sentences):
            sentences += _pages_also(asked.language, content[0].evidence, index)
    for pointer in pointers if not content else pointers[:1]:
        sentences += point(asked, pointer.evidence, index, beside=bool(content))
    return sentences


def sentences_point(sentences: Sequence[Sentence]) -> bool:
    """Whether page references are named already."""
    return any(s.kind == "pointer" for s in sentences)


def _language_frame(language: Language, content: Sequence[Chosen]) -> list[Sentence]:
    languages = {c.evidence.hit.passage.language for c in content}
    if language == "en" and languages == {"zh"}:
        return [Sentence(phrase("quoted", "en"), kind="frame")]
    if language == "zh" and languages == {"en"}:
        return [Sentence(phrase("quoted_en", "zh"), kind="frame")]
    return []


def _content(language: Language, content: Sequence[Chosen], index: Index) -> list[Sentence]:
    out: list[Sentence] = []
    lines: list[_Line] = []
    last: Passage | None = None
    for n, choice in enumerate(content):
        passage = choice.evidence.hit.passage
        document = index.documents[passage.doc_id]
        fresh: list[_Line] = []
        spans = _spans(choice, document)
        for n_unit, unit in enumerate(choice.units):
            line = _line(document, unit, spans[n_unit], choice.units[n_unit - 1] if n_unit else None)
            twin = _twin(line, lines, index)
            if twin is None:
                fresh.append(line)
            else:
                at = lines.index(twin)
                lines[at] = _Line(twin.unit, twin.doc_id, (*twin.citations, *line.citations), twin.kind, twin.text)
        if fresh:
            lines_before = len(lines)
            lines += fresh
            frame = _voice(language, passage, last, first=n == 0)
            out.append(Sentence(frame, kind="frame") if frame else Sentence("", kind="none"))
            out += [Sentence("", kind=f"@{lines_before + k}") for k in range(len(fresh))]
            last = passage
    done = [_sentence(lines[int(s.kind[1:])]) if s.kind.startswith("@") else s for s in out]
    return _joined([s for s in done if s.kind != "none"], index)


def _joined(sentences: Sequence[Sentence], index: Index) -> list[Sentence]:
    """Clauses that stand in one sentence of the source, parted by semicolons, as one sentence with one citation a source."""
    out: list[Sentence] = []
    for sentence in sentences:
        last = out[-1] if out else None
        between = _between(last, sentence, index) if last else None
        if last is None or between is None:
            out.append(sentence)
            continue
        spans = zip(last.citations, sentence.citations, strict=True)
        whole = tuple(cite(index.documents[a.doc_id], a.start, b.end) for a, b in spans)
        out[-1] = Sentence(last.text + between + sentence.text, whole, last.kind)
    return out


def _between(first: Sentence, second: Sentence, index: Index) -> str | None:
    """What parts two clauses in the first's source, if it is a semicolon's space at most in all their sources; None if they are no neighbours."""
    if not (first.citations and CLAUSE.search(first.text) and len(first.citations) == len(second.citations) and second.kind in {"claim", first.kind}):
        return None
    gaps = []
    for a, b in zip(first.citations, second.citations, strict=True):
        if a.doc_id != b.doc_id or a.end > b.start:
            return None
        gaps.append(index.documents[a.doc_id].source[a.end : b.start])
    return gaps[0] if all(not gap.strip(" \t") for gap in gaps) else None


def _sentence(line: _Line) -> Sentence:
    unique = tuple(dict.fromkeys(line.citations))
    return Sentence(line.text, unique, line.kind)


def _spans(choice: Chosen, document: Document) -> list[tuple[int, int]]:
    """What each unit cites: itself, the first with the question line above it, the last with the signature below it."""
    spans = [(u.start, u.end) for u in choice.units]
    passage = choice.evidence.hit.passage
    usable = quotable(choice.evidence.units, sources=True)
    withheld = [u.start for u in choice.evidence.units if gives_orders(u.text)]
    if choice.evidence.units and choice.evidence.units[0].kind == "head" and usable and choice.units[0].start == usable[0].start:
        head = choice.evidence.units[0]
        if spans[0][0] - head.start <= HEAD_MAX and not any(head.start <= at < spans[0][0] for at in withheld):
            spans[0] = (head.start, spans[0][1])
    if passage.author and usable and choice.units[-1].start == usable[-1].start and not any(at >= spans[-1][1] for at in withheld):
        spans[-1] = (spans[-1][0], passage.end)
    return spans


def _line(document: Document, unit: Unit, span: tuple[int, int], before: Unit | None) -> _Line:
    raw = document.source[unit.start : unit.end]
    number = _NUMBERED.match(raw)
    kind = {"item": "item", "row": "row", "formula": "formula", "code": "code"}.get(unit.kind, "claim")
    text = unit.text
    if kind == "item" and number:
        kind, text = "step", f"{number.group(1)}. {unit.text}"
    if kind == "formula":
        text = f"$${unit.text}$$" if "$" not in unit.text else unit.text
    if kind == "code":
        text = f"```\n{unit.text}\n```"
    if kind == "claim" and text.startswith("$$"):
        kind = "formula"
    if kind == "claim" and (before is None or "\n" in document.source[before.end : unit.start] or before.kind in {"formula", "code"}):
        kind = "paragraph"
    return _Line(unit, document.id, (cite(document, *span),), kind, text)


def _twin(line: _Line, lines: Sequence[_Line], index: Index) -> _Line | None:
    """A line already there that says the same in another document (or elsewhere in the same one)."""
    for other in lines:
        if same_statement(line.unit, other.unit, index):
            return other
    return None


def same_statement(a: Unit, b: Unit, index: Index) -> bool:
    """Whether two units are one statement: nearly the same characters, or nearly the same vector and much the same characters."""
    overlap = dice(a.text, b.text)
    if overlap >= 0.9:
        return True
    if overlap < SAME_DICE:
        return False
    rows = [_row(a, index), _row(b, index)]
    return min(rows) >= 0 and float(np.dot(index.vectors[rows[0]], index.vectors[rows[1]])) >= SAME_COSINE


def _row(unit: Unit, index: Index) -> int:
    first, last = index.unit_range[index.number[unit.passage_id]]
    for k in range(first, last):
        if index.units[k].start == unit.start:
            return int(index.unit_rows[k])
    return -1


def dice(a: str, b: str) -> float:
    """Dice's coefficient of the character bigrams of two normalised texts."""
    x, y = _bigrams(a), _bigrams(b)
    return 2 * len(x & y) / (len(x) + len(y)) if x and y else float(a == b)


def _bigrams(text: str) -> set[str]:
    plain = re.sub(r"[\W_]+", "", normalise(text))
    return {plain[i : i + 2] for i in range(len(plain) - 1)}


def _voice(language: Language, passage: Passage, last: Passage | None, *, first: bool) -> str:
    """Who speaks: a forum reply is somebody's view, a second source is named as one."""
    key = ""
    if passage.author:
        key = "author" if first else "other_author"
    elif passage.kind == "comment":
        key = "comment" if first else "other_comment"
    elif not first and last is not None and last.doc_id != passage.doc_id:
        key = "other"
    if not first and last is not None and (last.doc_id, last.heading_path) == (passage.doc_id, passage.heading_path) and passage.kind != "comment":
        key = ""
    return phrase(key, language, author=passage.author or "") if key else ""


def book_of(document: Document) -> str | None:
    """The book a document's page numbers belong to: the one it names in 《》 beside pages, else the one its notes speak of."""
    for block in re.finditer(r"[^\n]*《[^《》\n]+》[^\n]*", document.source):
        found = _BOOK.search(block.group())
        if found and re.search(r"\d", block.group()):
            return found.group(1)
    return None


def _span_text(document: Document, units: Sequence[Unit]) -> Citation:
    return cite(document, min(u.start for u in units), max(u.end for u in units))


def point(asked: Asked, evidence: Evidence, index: Index, *, beside: bool = False) -> list[Sentence]:
    """The honest answer of a passage that only points: which question, which pages of which book, or which sources."""
    passage = evidence.hit.passage
    document = index.documents[passage.doc_id]
    pages = [u for u in evidence.units if u.kind == "pages"]
    references = [u for u in evidence.units if u.kind == "reference"]
    if not pages and not references:
        references = [u for u in evidence.units if u.kind == "text"]
    language = asked.language
    out: list[Sentence] = []
    if pages:
        whole = cite(document, passage.start, pages[-1].end)
        told = "；".join(u.text.removeprefix("答：") for u in pages) if language == "zh" else "; ".join(u.text.removeprefix("答：") for u in pages)
        book = book_of(document)
        if passage.question is None:
            out.append(Sentence(phrase("orphan", language, pages=told), (whole,), "pointer"))
        elif book and beside:
            out.append(Sentence(phrase("pages_beside", language, book=book, pages=told), (whole,), "pointer"))
        elif book:
            out.append(Sentence(phrase("pages_book", language, question=passage.question, book=book, pages=told), (whole,), "pointer"))
        else:
            out.append(Sentence(phrase("pages", language, question=passage.question, pages=told), (whole,), "pointer"))
    if references:
        key = "reference" if passage.question and not pages else "links"
        if not pages:
            out.append(Sentence(phrase(key, language, question=passage.question or ""), kind="frame"))
        first = True
        for unit in references:
            start = passage.start if first and not pages else unit.start
            out.append(Sentence(_reference_text(document, unit), (cite(document, start, unit.end),), "item"))
            first = False
    return out


def _reference_text(document: Document, unit: Unit) -> str:
    """A source with its address in plain text, so that nobody is sent anywhere by a click."""
    raw = document.source[unit.start : unit.end]
    address = re.search(r"\]\((https?://[^)\s]+)\)", raw) or re.search(r"(https?://[^\s>)\]]+)", raw)
    if address and address.group(1) not in unit.text:
        return f"{unit.text} `{address.group(1)}`"
    return unit.text


def _pages_also(language: Language, evidence: Evidence, index: Index) -> list[Sentence]:
    document = index.documents[evidence.hit.passage.doc_id]
    pages = [u for u in evidence.units if u.kind == "pages"]
    if not pages:
        return []
    told = "；".join(u.text for u in pages)
    return [Sentence(phrase("pages_also", language, pages=told), (_span_text(document, pages),), "pointer")]
