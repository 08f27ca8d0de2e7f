"""PDF to Markdown text: lines joined to paragraphs, large lines as headings, page numbers and running heads left out. The Markdown is the document's source.

PDFium finds the characters; what is a line, a paragraph or a heading follows from where they stand and how tall they are.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from threading import Lock
from typing import Any

from rag.corpus.html import paragraph
from rag.corpus.refusals import refusal

MAX_PAGES = 2000
MAX_SECONDS = 120.0
MAX_RUNS = 20_000
_PASSWORD_ERROR = 4
_READING = Lock()
"""PDFium may be used by one thread at a time."""
_BULLET = re.compile(r"^\s*[•●▪◦■□◆○·∙‣➢➤✓-]\s+")
_NUMBERED = re.compile(r"^\s*(?:(?:Q|问题?|题目|第)\s*\d{1,3}|[(（]?\d{1,3}(?:\.\d{1,3})*\s*[.、．)）:：]|[一二三四五六七八九十]{1,3}、)\s*\S", re.IGNORECASE)
_ENDS = re.compile(r"[。！？!?：:；;.…”」』）)]\s*$")
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_PAGE_NUMBER = re.compile(r"^\W*(?:第\s*\d+\s*页(?:\W*共\s*\d+\s*页)?|(?:page\s*)?\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?)\W*$", re.IGNORECASE)
_UNREADABLE = re.compile(r"[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]")
_LIGATURES = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\u00ad": "", "\u200b": "", "\ufeff": "", "\ufffe": "-"}
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page with its place, in points from the lower left corner."""

    text: str
    left: float
    right: float
    bottom: float
    top: float

    @property
    def height(self) -> float:
        return self.top - self.bottom


def pdf_text(data: bytes, name: str = "") -> str:
    """The text of a PDF as Markdown.

    Raises:
        Refused: protected by a password, damaged, a scan without text, fonts that do not name their characters, or too long.
    """
    import pypdfium2

    if b"%PDF-" not in data[:1024]:
        raise refusal("damaged", name, format="PDF")
    with _READING:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            if error.err_code == _PASSWORD_ERROR:
                raise refusal("password", name) from error
            raise refusal("damaged", name, format="PDF") from error
        try:
            pages = _pages(document, name)
        except pypdfium2.PdfiumError as error:
            raise refusal("damaged", name, format="PDF") from error
        finally:
            document.close()
    text = "".join(line.text for page in pages for line in page)
    letters = len("".join(text.split()))
    if letters < 3 * len(pages):
        raise refusal("scanned", name, pages=len(pages))
    if len(_UNREADABLE.findall(text)) > 0.2 * letters:
        raise refusal("garbled", name)
    return _markdown(pages)


def _pages(document: Any, name: str) -> list[list[_Line]]:
    count = len(document)
    if count > MAX_PAGES:
        raise refusal("many_pages", name, pages=count, limit=MAX_PAGES)
    begun = time.monotonic()
    out: list[list[_Line]] = []
    for number in range(count):
        if time.monotonic() - begun > MAX_SECONDS:
            raise refusal("slow", name, limit=int(MAX_SECONDS))
        page = document[number]
        reading = page.get_textpage()
        out.append(_lines(reading))
        reading.close()
        page.close()
    return out


def _lines(reading: Any) -> list[_Line]:
    """The lines of a page in the order the file has them: runs of characters of one baseline that follow each other, joined."""
    out: list[_Line] = []
    for n in range(min(reading.count_rects(), MAX_RUNS)):
        left, bottom, right, top = reading.get_rect(n)
        text = " ".join(str(reading.get_text_bounded(left, bottom, right, top)).translate(_LIGATURES).split())
        if not text or top <= bottom:
            continue
        if out and _same_line(out[-1], left, bottom, top):
            last = out[-1]
            if text in last.text and right <= last.right + 1:
                continue  # drawn twice, for a bold look
            apart = left - last.right > 0.18 * last.height and not (_CJK.match(text) and _CJK.match(last.text[-1]))
            joined = last.text + (" " if apart else "") + text
            out[-1] = _Line(joined, last.left, max(last.right, right), min(last.bottom, bottom), max(last.top, top))
        else:
            out.append(_Line(text, left, right, bottom, top))
    return out


def _same_line(last: _Line, left: float, bottom: float, top: float) -> bool:
    overlap = min(last.top, top) - max(last.bottom, bottom)
    return overlap > 0.4 * min(last.height, top - bottom) and left >= last.right - 0.5 * last.height


def _repeated(pages: Sequence[Sequence[_Line]]) -> set[str]:
    """What stands at the head or foot of most pages, its numbers aside."""
    if len(pages) < 3:
        return set()
    edges = Counter(key for page in pages for key in {_key(line.text) for n, line in enumerate(page) if _at_edge(n, page)})
    return {key for key, times in edges.items() if times >= max(3, 0.6 * len(pages))}


def _at_edge(n: int, page: Sequence[_Line]) -> bool:
    """Whether a line stands where running heads and page numbers do: first or last, on a full page also next to these."""
    deep = 2 if len(page) >= 8 else 1
    return len(page) > 2 and (n < deep or n >= len(page) - deep)


def _key(text: str) -> str:
    return re.sub(r"\d+", "#", text).strip()


def _is_running(line: _Line, repeated: set[str]) -> bool:
    return bool(_PAGE_NUMBER.match(line.text)) or _key(line.text) in repeated


def _markdown(pages: Sequence[Sequence[_Line]]) -> str:
    repeated = _repeated(pages)
    kept = [[line for n, line in enumerate(page) if not (_at_edge(n, page) and _is_running(line, repeated))] for page in pages]
    lines = [line for page in kept for line in page]
    if not lines:
        kept, lines = [list(page) for page in pages], [line for page in pages for line in page]
    body = median(line.height for line in lines for _ in range(1 + len(line.text) // 8))
    out: list[str] = []
    run: list[_Line] = []
    for page in kept:
        edge = sorted(line.right for line in page)[int(0.9 * (len(page) - 1))] if page else 0.0
        for line in page:
            level = _heading(line, body)
            if run and (level or _breaks(run[-1], line, edge, body)):
                _flush(run, out)
            if level:
                out.append(f"{'#' * level} {line.text}")
            else:
                run.append(line)
        if run and (_ENDS.search(run[-1].text) or run[-1].right < edge - 4 * body):
            _flush(run, out)
    _flush(run, out)
    return "\n\n".join(out) + "\n"


def _heading(line: _Line, body: float) -> int:
    """1 or 2 for a line that is set as a heading, else 0."""
    ratio = line.height / body if body else 1.0
    if len(line.text) > 80 or ratio < 1.28 or _BULLET.match(line.text) or not re.search(r"\w{2}", line.text) or line.text.endswith(("。", ".", "，", ",")):
        return 0
    return 1 if ratio >= 1.75 else 2


def _breaks(last: _Line, line: _Line, edge: float, body: float) -> bool:
    """Whether a paragraph ends between two lines."""
    gap = last.bottom - line.top
    if gap > 1.1 * body or gap < -3 * body:  # a space between, or the next column
        return not (gap < 0 and not _ENDS.search(last.text))
    if _BULLET.match(line.text) or _NUMBERED.match(line.text) or last.text.rstrip().endswith(("?", "？")):
        return True
    return last.right < edge - 4 * body and bool(_ENDS.search(last.text) or last.right < edge - 12 * body)


def _flush(run: list[_Line], out: list[str]) -> None:
    if not run:
        return
    text = run[0].text
    for line in run[1:]:
        text = _joined(text, line.text)
    run.clear()
    bullet = _BULLET.match(text)
    said = "- " + text[bullet.end() :] if bullet else paragraph(text)
    out.append(said)


def _joined(text: str, more: str) -> str:
    if re.search(r"[A-Za-z]{2}-$", text) and more[:1].islower():
        return text[:-1] + more
    return text + ("" if _CJK.match(text[-1:]) or _CJK.match(more[:1]) else " ") + more
