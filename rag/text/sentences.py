"""Sentence boundaries with exact offsets, safe around formulas, code, brackets, abbreviations and hard-wrapped lines."""

from __future__ import annotations

import re

_PROTECTED = re.compile(r"\$\$.*?\$\$|\$[^$\n]{1,300}\$|`[^`\n]+`|\[[^\]\n]*\]\([^)\n]*\)|<[^>\n]{1,300}>|https?://\S+", re.DOTALL)
_END_CJK = "。！？!?；;"
_CLOSERS = "”’」』）)】》\"'*_」"
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|et al|vs|cf|fig|figs|eq|eqs|sec|ch|dr|mr|mrs|ms|prof|no|approx|resp|p|pp)|\b[A-Za-z])\.$", re.IGNORECASE)
_WRAP_MIN = 30


def _protected_mask(text: str) -> bytearray:
    mask = bytearray(len(text))
    for match in _PROTECTED.finditer(text):
        mask[match.start() : match.end()] = b"\x01" * (match.end() - match.start())
    return mask


def _is_wrap(text: str, at: int, line_start: int) -> bool:
    """Whether the newline at ``at`` was put in by a wrapping editor rather than by the writer."""
    before = text[line_start:at].rstrip()
    after = text[at + 1 :].lstrip(" \t>")
    if not before or not after or after[0] == "\n":
        return False
    last, first = before[-1], after[0]
    if last.isascii() and last.isalpha() and (first.isascii() and first.islower()):
        return True
    if last in "," and first.isascii() and first.isalpha() and len(before) >= _WRAP_MIN:
        return True
    return len(before) >= _WRAP_MIN and last.isalpha() and first.isalpha() and ord(last) > 0x2E80 and ord(first) > 0x2E80


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Split into sentences, returned as trimmed, half-open offset pairs in reading order.

    Boundaries are CJK and Western sentence ends and line ends that are not mere wrapping. A boundary never falls inside a formula,
    inline code, a link, a URL or round brackets. Every character that is not white space lies in exactly one sentence.
    """
    mask = _protected_mask(text)
    spans: list[tuple[int, int]] = []
    start = line_start = depth = 0
    size = len(text)
    i = 0
    while i < size:
        char = text[i]
        if mask[i]:
            i += 1
            continue
        cut = -1
        if char in "（(":
            depth += 1
        elif char in "）)":
            depth = max(0, depth - 1)
        if char == "\n":
            if not _is_wrap(text, i, line_start):
                cut, depth = i + 1, 0
            line_start = i + 1
        elif depth == 0 and (char in _END_CJK or (char == "." and _ends_western(text, i))):
            cut = i + 1
        if cut > 0 and char != "\n":
            while cut < size and not mask[cut] and (text[cut] in _CLOSERS or text[cut] in _END_CJK):
                if text[cut] == "*" and _opens(text, start, cut):
                    break
                cut += 1
            i = cut - 1
            if char in "。！？!?" and _goes_on(text, cut, char):
                cut = -1
        if cut > 0:
            spans.append((start, cut))
            start = cut
        i += 1
    spans.append((start, size))
    return [trimmed for s, e in spans if (trimmed := _trim(text, s, e))]


def _opens(text: str, start: int, at: int) -> bool:
    """Whether the asterisks at a place begin an emphasis rather than end one that the sentence opened."""
    mark = re.match(r"\*+", text[at:])
    return mark is not None and text.count(mark[0], start, at) % 2 == 0


def _goes_on(text: str, at: int, end: str) -> bool:
    """Whether a sentence goes on after a quoted one: a comma follows, or a small letter after a Western mark."""
    following = text[at:].lstrip(" ")
    return following[:1] in {",", "，", "、", ":", "："} or (end.isascii() and bool(re.match(r"[a-z]", following)))


def _ends_western(text: str, at: int) -> bool:
    after = text[at + 1 :].lstrip(_CLOSERS)
    if after and not after[0].isspace():
        return False
    following = after.lstrip()
    if following and not (following[0].isupper() or ord(following[0]) > 0x2E80 or following[0] in "\"'“([*`$"):
        return False
    return not _ABBREVIATION.search(text[max(0, at - 12) : at + 1])


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if end > start else None
