"""A model's reply as it streams in, taken apart into sentences with the passage numbers each cites."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.text import split_sentences

_INSIDE = r"\s*(?:\^|passages?|sources?|notes?|资料|来源|文档|段落)?\s*"
_MARK = re.compile(rf"[\[【［]{_INSIDE}(\d{{1,3}}(?:\s*(?:[,，、;]|[-–~])\s*(?:passage\s*)?\d{{1,3}})*)\s*[\]】］]", re.IGNORECASE)
_MARK_OPEN = re.compile(r"[\[【［][^\]】］\n]{0,24}$")
_MARKS_BEHIND = re.compile(rf"([。！？!?；;.]+)((?:\s*{_MARK.pattern})+)", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:-(?!\d)|[*](?=\s)|[•·]|\d{1,2}[.)、．）](?!\d)|[（(]\d{1,2}[)）])\s*")
_BULLET_OPEN = re.compile(r"^\s*(?:[-*•·]{1,2}|\d{1,2}[.)、．）]?|[（(]\d{0,2}[)）]?)?\s*$")
_UNCLOSED = (re.compile(r"<[^>]*$"), re.compile(r"\[[^\]]*(?:\](?:\([^)]*)?)?$"))
_ENDED = re.compile(r"[。！？!?；;.…][”’」』）)\]】\"'*_]*\s*$")
_THOUGHT = ("<think>", "</think>")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of a model: its text without marks, the numbers it cites in order, how it stands (``paragraph``, ``claim``, ``item``),
    and whether it only leads in (a heading, or a line that ends with a colon and cites nothing)."""

    text: str
    numbers: tuple[int, ...]
    kind: str = "claim"
    lead: bool = False


class Reading:
    """Reads a reply piece by piece; every sentence comes out once, as soon as it and the marks behind it are complete.

    What a model thinks aloud (``<think>``) is skipped; code and tables come out as nothing but are counted in ``unread``.

    Args:
        nothing: the word by which the model says that it has no answer; ``refused`` tells whether it stood in the reply.
    """

    def __init__(self, nothing: str = "") -> None:
        self.unread = 0
        self.refused = False
        self._nothing = nothing
        self._text = ""
        self._done = 0
        self._thinking: bool | None = None
        self._code = False

    def feed(self, piece: str) -> list[Said]:
        """The sentences that a further piece completes."""
        self._text += piece
        if not self._past_thoughts():
            return []
        return self._lines(final=False)

    def close(self) -> list[Said]:
        """The rest, once the reply has ended; a sentence cut in the middle is left out."""
        if self._thinking is None:
            self._thinking = False
        if self._thinking:
            return []
        out = self._lines(final=True)
        self._text = ""
        return out

    def _past_thoughts(self) -> bool:
        """Whether the reply itself has begun; drops what was thought aloud before it."""
        opening, closing = _THOUGHT
        if self._thinking is None:
            head = self._text.lstrip()
            if len(head) < len(opening) and opening.startswith(head):
                return False
            self._thinking = head.startswith(opening)
        if self._thinking:
            _, found, rest = self._text.partition(closing)
            if not found:
                self._text = self._text[-len(closing) :] if len(self._text) > 4 * len(closing) else self._text
                return False
            self._text, self._thinking = rest, False
        return True

    def _lines(self, *, final: bool) -> list[Said]:
        out: list[Said] = []
        while True:
            line, end = self._next_line()
            if not end and not final:
                out += self._sentences(line, whole=False)
                return out
            out += self._sentences(line, whole=True, cut=not end)
            self._text, self._done = self._text[len(line) + end :], 0
            if not end:
                return out

    def _next_line(self) -> tuple[str, int]:
        """The next line and the length of its end (0 while it is open); a displayed formula may run over line ends."""
        at = 0
        while True:
            stop = self._text.find("\n", at)
            if stop < 0:
                return self._text, 0
            if self._text[:stop].count("$$") % 2 == 0:
                return self._text[:stop], 1
            at = stop + 1

    def _sentences(self, line: str, *, whole: bool, cut: bool = False) -> list[Said]:
        """The new complete sentences of a line; of an open line all but the last, which may still grow."""
        if line.lstrip().startswith("```"):
            if whole:
                self.unread += not self._code
                self._code = not self._code
            return []
        if self._code or not line.strip() or (not whole and (_BULLET_OPEN.match(line) or line.count("$$") % 2)):
            return []
        if self._nothing and self._nothing in line:
            self.refused = True
            return []
        if line.lstrip().startswith(("#", "|", ">")):
            self.unread += whole and line.lstrip().startswith("|")
            return []
        bullet = _BULLET.match(line)
        body = line[bullet.end() :] if bullet else line
        if not whole:
            body = _MARK_OPEN.sub("", body)
        moved = _MARKS_BEHIND.sub(lambda m: m.group(2).strip() + m.group(1), body)
        spans = split_sentences(moved)
        if not whole:
            settled = _settled(moved)
            spans = [span for span in spans[:-1] if span[1] <= settled]
        parts = [moved[s:e] for s, e in spans]
        if cut and parts and not (_ENDED.search(parts[-1]) or _MARK.search(parts[-1][-16:])):
            parts = parts[:-1]
        out: list[Said] = []
        for n, part in enumerate(parts):
            if n < self._done:
                continue
            said = _said(part, "item" if bullet and not n else "paragraph" if not n else "claim")
            if said is not None:
                out.append(said)
        self._done = max(self._done, len(parts))
        return out


def _settled(line: str) -> int:
    """How far into an open line its sentences can no longer change: up to the first formula, tag, code or bracket that is not closed yet."""
    ends = [m.start() for pattern in _UNCLOSED if (m := pattern.search(line))]
    ends += [line.index(sign) for sign in "$`" if line.count(sign) % 2]
    return min(ends, default=len(line))


def _said(part: str, kind: str) -> Said | None:
    numbers: list[int] = []

    def noted(match: re.Match[str]) -> str:
        found = _numbers(match.group(1))
        if 0 in found and len(found) > 1:
            return match.group()
        numbers.extend(found)
        return ""

    text = re.sub(r"\s+([。，；！？,;.!?])", r"\1", _MARK.sub(noted, part))
    text = re.sub(r"[ \t]{2,}", " ", re.sub(r"\*\*|__", "", text)).strip()
    text = re.sub(r"^(?:[-*]\s|[•·])\s*", "", text)
    if not re.search(r"\w", text):
        return None
    unique = tuple(dict.fromkeys(numbers))
    return Said(text, unique, kind, lead=not unique and text.endswith((":", "：")))


def _numbers(inside: str) -> list[int]:
    """The numbers of a mark; ``1-3`` names all three."""
    out: list[int] = []
    for part in re.split(r"[,，、;]", inside):
        ends = [int(n) for n in re.findall(r"\d+", part)]
        if len(ends) == 2 and 0 < ends[0] < ends[1] <= ends[0] + 9:
            out.extend(range(ends[0], ends[1] + 1))
        else:
            out.extend(ends)
    return out
