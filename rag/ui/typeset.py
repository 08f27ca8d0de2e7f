"""Text of documents to safe HTML: everything escaped, formulas and code set apart, spans highlighted.

Nothing in a text becomes markup: no tag, image or link of a document survives. Formulas are handed to KaTeX in the page as plain text. Every character
of a span is there; the signs of Markdown are not shown (style.css hides them, and puts a dot for an item, a line for a rule and a word for an image).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Literal

PieceKind = Literal["text", "code", "fence", "formula", "display"]

_PIECE = re.compile(  # every part is bounded, so that no text takes more than linear time
    r"(?P<fence>^(?P<bars>```+|~~~+)[^\n]*\n(?:.{0,8000}?\n)??(?P=bars)[ \t]*$)"
    r"|(?P<code>(?<!`)(?P<tick>`{1,3})(?!`)[^\n]{1,400}?(?<!`)(?P=tick)(?!`))"
    r"|(?P<display>\$\$(?:(?!\n[ \t]*\n|\$\$).){1,3000}\$\$|\\\[(?:(?!\n[ \t]*\n|\\[\[\]]).){1,3000}\\\])"
    r"|(?P<formula>\\\((?:(?!\\[()])[^\n]){1,400}\\\)|(?<![\\$])\$(?![\s$])(?:\\.|[^$\\\n]){1,400}?(?<!\s)\$(?![\d$]))",
    re.DOTALL | re.MULTILINE,
)
_MARKUP = re.compile(
    r"^#{1,6}[ \t]+|\*\*|^```.*$|\{:[^}\n]{0,80}\}"
    r"|(?P<rule>^ {0,3}(?:-{3,}|\*{3,}|_{3,})[ \t]*$)|(?P<bullet>(?<!\S)[-*+][ \t]+(?=\S))"
    r"|!\[(?P<picture>[^\]\n]{0,200})\]\([^)\n]{0,500}\)|\[(?P<link>[^\[\]\n]{1,200})\]\([^)\s]{1,500}\)",
    re.MULTILINE,
)
INDENT = 12
_DULL = frozenset({"", "image", "img", "图片", "图像", "picture"})
_LINE_END = re.compile(r"(?:[ \t]*\n)+")
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*\n)+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text of one kind; all but ``text`` are shown whole or not at all."""

    start: int
    end: int
    kind: PieceKind


@dataclass(frozen=True, slots=True)
class Mark:
    """A highlighted span, ``start`` and ``end`` in the same offsets as the text. ``here`` is the one that is scrolled to."""

    start: int
    end: int
    numbers: tuple[int, ...] = ()
    here: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """A span that is set in a style of its own, such as a heading."""

    start: int
    end: int
    name: str


def pieces(text: str) -> list[Piece]:
    """The text cut into plain runs, code and formulas, in order and without gaps."""
    out: list[Piece] = []
    at = 0
    for found in _PIECE.finditer(text):
        kind: PieceKind = "text"
        for name in ("fence", "code", "display", "formula"):
            if found.group(name) is not None:
                kind = name
        if found.start() > at:
            out.append(Piece(at, found.start(), "text"))
        out.append(Piece(found.start(), found.end(), kind))
        at = found.end()
    if at < len(text):
        out.append(Piece(at, len(text), "text"))
    return out


def inline(text: str) -> str:
    """A text as HTML, formulas and code kept."""
    return "".join(_piece(text[p.start : p.end], p.kind) for p in pieces(text))


def plain(text: str) -> str:
    """A text as HTML without formulas and code."""
    return escape(text, quote=True)


def span(text: str, start: int, end: int, marks: Sequence[Mark] = (), looks: Sequence[Look] = (), anchors: Sequence[tuple[int, str]] = ()) -> str:
    """``text[start:end]`` as HTML with highlights, styles and anchors ``(offset, id)``.

    A highlight that cuts through a formula or code grows to hold it whole; highlights that overlap become one.
    """
    runs = [Piece(p.start + start, p.end + start, p.kind) for p in pieces(text[start:end])]
    joined = _joined([_snapped(_trimmed(m, text), runs) for m in marks if m.start < end and m.end > start])
    cuts = {m.start for m in joined} | {m.end for m in joined} | {offset for offset, _ in anchors}
    cuts |= {look.start for look in looks} | {look.end for look in looks}
    atoms = _cut(runs, sorted(cuts))
    mark_starts = [m.start for m in joined]
    look_starts = [look.start for look in looks]
    waiting = sorted(anchors)
    out: list[str] = []
    numbered: set[int] = set()
    after_display = False
    for (mark_at, look_at), group in groupby(atoms, key=lambda a: (_covering(joined, mark_starts, a.start), _covering(looks, look_starts, a.start))):
        body = ""
        for atom in group:
            while waiting and waiting[0][0] <= atom.start:
                body += f'<a class="anchor" id="{escape(waiting.pop(0)[1])}"></a>'
            body += _source(text, atom, after_display) if atom.kind == "text" else _piece(text[atom.start : atom.end], atom.kind)
            after_display = atom.kind in {"display", "fence"}
        if look_at >= 0:
            body = f'<span class="look-{looks[look_at].name}">{body}</span>'
        if mark_at >= 0:
            body = _marked(joined[mark_at], body, first=mark_at not in numbered)
            numbered.add(mark_at)
        out.append(body)
    return "".join(out)


def _piece(text: str, kind: PieceKind) -> str:
    if kind == "text":
        return escape(text, quote=True)
    if kind == "fence":
        start, end = text.find("\n") + 1, text.rfind("\n")
        opening, body, closing = text[:start], text[start:end], text[max(start, end) :]
        return f"<code class='fence'>{_signs(opening)}{escape(body)}{_signs(closing)}</code>"
    if kind == "code":
        return f"<code>{escape(text.strip('`').strip() or text)}</code>"
    body = text[2:-2] if text.startswith(("$$", "\\[", "\\(")) else text[1:-1]
    return f'<span class="tex{" tex-display" if kind == "display" else ""}">{escape(body.strip())}</span>'


def _source(text: str, atom: Piece, after_display: bool) -> str:
    """Plain source text: every character stays, its markup out of sight and its empty lines low, the rest of a displayed line too."""
    readable, at = "", atom.start
    for found in _MARKUP.finditer(text, atom.start, atom.end):
        readable += escape(text[at : found.start()], quote=True) + _unmarked(found)
        at = found.end()
    readable += escape(text[at : atom.end], quote=True)
    rest = _LINE_END.match(readable) if after_display else None
    head = f'<span class="gap">{rest.group()}</span>' if rest else ""
    return head + _EMPTY_LINES.sub(r'<span class="gap">\g<0></span>', readable[rest.end() if rest else 0 :])


def _unmarked(found: re.Match[str]) -> str:
    """A piece of Markdown with its signs out of sight."""
    whole = _signs(found.group())
    if found.group("rule"):
        return f'<span class="rule">{whole}</span>'
    if found.group("bullet"):
        return f'<span class="bullet">{whole}</span>' if _begins_line(found) else escape(found.group(), quote=True)
    if found.group("picture") is not None:
        name = found.group("picture").strip()
        told = "" if name.lower() in _DULL else f": {name}"
        return f'<span class="picture" data-told="{escape(told, quote=True)}">{whole}</span>'
    if found.group("link"):
        before, link, after = found.group().partition(found.group("link"))
        return f"{_signs(before)}{escape(link, quote=True)}{_signs(after)}"
    return whole


def _begins_line(found: re.Match[str]) -> bool:
    """Whether only white space, and not much of it, stands before a match in its line."""
    start = found.start()
    before = found.string[max(0, start - INDENT) : start]
    return not before.rpartition("\n")[2].strip() and ("\n" in before or start <= INDENT)


def _signs(text: str) -> str:
    return f'<span class="markup">{escape(text, quote=True)}</span>'


def _marked(mark: Mark, body: str, *, first: bool) -> str:
    numbers = "".join(f"<b>{n}</b>" for n in mark.numbers) if first else ""
    label = f'<span class="mark-n" aria-hidden="true">{numbers}</span>' if numbers else ""
    names = " ".join(["here"] * mark.here + ["first"] * first + [f"n{n}" for n in mark.numbers])
    return f'<mark class="{names}">{label}{body}</mark>'


def _trimmed(mark: Mark, text: str) -> Mark:
    """A highlight without the white space around it."""
    inner = text[mark.start : mark.end]
    start = mark.start + len(inner) - len(inner.lstrip())
    return Mark(start, max(start + 1, mark.start + len(inner.rstrip())), mark.numbers, mark.here)


def _snapped(mark: Mark, runs: Sequence[Piece]) -> Mark:
    start, end = mark.start, mark.end
    for run in runs:
        if run.kind != "text":
            if run.start < start < run.end:
                start = run.start
            if run.start < end < run.end:
                end = run.end
    return Mark(start, end, mark.numbers, mark.here)


def _joined(marks: Sequence[Mark]) -> list[Mark]:
    out: list[Mark] = []
    for mark in sorted(marks, key=lambda m: (m.start, m.end)):
        if out and mark.start < out[-1].end:
            last = out.pop()
            mark = Mark(last.start, max(last.end, mark.end), tuple(dict.fromkeys((*last.numbers, *mark.numbers))), last.here or mark.here)
        out.append(mark)
    return out


def _cut(runs: Sequence[Piece], cuts: Sequence[int]) -> list[Piece]:
    out: list[Piece] = []
    for run in runs:
        at = run.start
        if run.kind == "text":
            for cut in cuts[bisect_right(cuts, run.start) :]:
                if cut >= run.end:
                    break
                out.append(Piece(at, cut, "text"))
                at = cut
        out.append(Piece(at, run.end, run.kind))
    return out


def _covering(spans: Sequence[Mark] | Sequence[Look], starts: Sequence[int], offset: int) -> int:
    """The number of the span that holds an offset, of spans that do not overlap; -1 for none."""
    at = bisect_right(starts, offset) - 1
    return at if at >= 0 and offset < spans[at].end else -1
