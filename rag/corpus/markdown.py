"""Markdown and plain text to blocks with exact source offsets (markdown-it-py does the block structure)."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from rag.corpus import lines as ln
from rag.records import Block
from rag.text import language_of

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_BULLET = re.compile(r"^(?:[ \t]|>)*(?:[-*+•·]|\d{1,3}[.)])[ \t]+")
_QUOTE = re.compile(r"^(?:[ \t]*>)+[ \t]?")
_HIDDEN = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_HIDDEN_END = re.compile(r"-->|</(?:script|style)", re.IGNORECASE)
_TAIL_MIN = 4
_TITLE_MAX = 60
_SETEXT_MAX = 60
_ASIDE = re.compile(r"^\s*\*\*(?:追问|出处|参考|Follow-up|Source|Sources|References?)\*\*\s*[:：]", re.IGNORECASE)
_DOCUMENT_NOTE = re.compile(r"^[*_\s]*(?:本答案|本文|本文档|以上答案|本笔记|声明|免责)")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin

    parser = MarkdownIt("commonmark").enable("table").disable("code")
    parser.use(front_matter_plugin).use(dollarmath_plugin, allow_space=True, double_inline=True)
    return parser


class _Source:
    """A text with its line starts; lines end at LF, CRLF or CR only (never at U+2028)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(m.end() for m in re.finditer(r"\r\n|\n|\r", text))]

    def line(self, number: int) -> tuple[int, int]:
        start = self.starts[number]
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        while end > start and self.text[end - 1] in "\r\n":
            end -= 1
        return start, end

    def number_of(self, offset: int) -> int:
        return bisect_right(self.starts, offset) - 1


def platform_tail(text: str) -> int:
    """The offset from which a text is a blog platform's footer; ``len(text)`` when there is none.

    A footer is a run of lines at the very end, each short or naming a platform's function (likes, red packets, balances), that
    begins with such a line and names at least four functions. A list that a colon announces is the writer's.
    """
    source = _Source(text)
    first = -1
    named: set[str] = set()
    for number in range(len(source.starts) - 1, -1, -1):
        start, end = source.line(number)
        raw = text[start:end].strip()
        if not raw or raw in {"•", "0"}:
            continue
        function = ln.footer_word(raw)
        if raw[0] in "#|$" or (not function and (len(raw) > 14 or raw[0] == ">" or raw.endswith(("?", "？", "。")))):
            break
        if function:
            first = number
            named.add(function)
        elif re.match(r"^[•·*-]?\s*\d*$", raw):
            first = number
    if len(named) < _TAIL_MIN or text[: source.starts[first]].rstrip().endswith((":", "：")):
        return len(text)
    return source.starts[first]


def front_title(text: str) -> str | None:
    """The ``title:`` of a YAML front matter, if there is one."""
    match = re.match(r"^---\s*\n(.*?)\n---\s*(?:\n|$)", text, re.DOTALL)
    found = re.search(r"^title\s*:\s*(.+?)\s*$", match.group(1), re.MULTILINE) if match else None
    return found.group(1).strip("\"' ") if found else None


def parse(text: str) -> tuple[Block, ...]:
    """The blocks of a text in reading order, noise left out."""
    body = text[: platform_tail(text)]
    chinese = language_of(text[:20000]) == "zh"
    tokens = _parser().parse(body.replace("\x00", " "))
    source = _Source(_without_hidden(text, tokens))
    forum = _is_forum(tokens)
    plain = not any(t.type == "heading_open" for t in tokens) and "**" not in body
    reader = _Reader(source, chinese=chinese, forum=forum, plain=plain)
    reader.read(tokens)
    if len(reader.blocks) == 1 and reader.blocks[0].kind == "title" and not body.lstrip().startswith("#"):
        return (replace(reader.blocks[0], kind="text", level=0),)  # one bare line is a statement, not a title of nothing
    return tuple(reader.blocks)


def _without_hidden(text: str, tokens: list[Token]) -> str:
    """A text with blanks for the comments, scripts and styles of its HTML blocks; every offset and line stays."""
    source, parts, at = _Source(text), [], 0
    for token in tokens:
        if token.type == "html_block" and token.map:
            start, end = source.line(token.map[0])[0], source.line(token.map[1] - 1)[1]
            if _HIDDEN_END.search(text, start, end):
                parts += [text[at:start], _HIDDEN.sub(lambda m: re.sub(r"[^\r\n]", " ", m.group()), text[start:end])]
                at = end
    return "".join([*parts, text[at:]])


def _is_forum(tokens: list[Token]) -> bool:
    rules = sum(t.type == "hr" for t in tokens)
    headings = sum(t.type == "heading_open" for t in tokens)
    return rules >= 4 and rules > 2 * headings


class _Reader:
    def __init__(self, source: _Source, *, chinese: bool, forum: bool, plain: bool) -> None:
        self.source = source
        self.chinese = chinese
        self.forum = forum
        self.plain = plain
        self.blocks: list[Block] = []
        self.depth = 0
        self.header: list[str] = []

    def add(self, kind: str, start: int, end: int, text: str, level: int = 0) -> None:
        raw = self.source.text
        while end > start and raw[end - 1].isspace():
            end -= 1
        while start < end and raw[start].isspace():
            start += 1
        if end > start:
            self.blocks.append(Block(kind, start, end, text, level))

    def read(self, tokens: list[Token]) -> None:
        i = 0
        while i < len(tokens):
            token = tokens[i]
            kind = token.type
            if kind in {"bullet_list_open", "ordered_list_open"}:
                self.depth += 1
            elif kind in {"bullet_list_close", "ordered_list_close"}:
                self.depth -= 1
            elif kind == "hr" and token.map:
                start, end = self.source.line(token.map[0])
                self.add("rule", start, end, "")
            elif kind == "heading_open" and token.map:
                self.heading(token)
                i += 2
            elif kind == "table_open":
                i = self.table(tokens, i)
            elif kind == "fence" and token.map:
                self.whole("code", token, token.content)
            elif kind.startswith("math_block") and token.map:
                self.whole("formula", token, token.content)
            elif kind in {"paragraph_open", "html_block"} and token.map:
                self.paragraph(token.map[0], token.map[1])
            i += 1

    def whole(self, kind: str, token: Token, text: str) -> None:
        assert token.map is not None
        start, _ = self.source.line(token.map[0])
        _, end = self.source.line(token.map[1] - 1)
        if ln.clean(self.source.text[start:end]):
            self.add(kind, start, end, text.strip(), self.depth)

    def heading(self, token: Token) -> None:
        assert token.map is not None
        first, last = token.map[0], token.map[1]
        start, _ = self.source.line(first)
        _, end = self.source.line(last - 1)
        raw = self.source.text[start:end]
        setext = not raw.lstrip(" >").startswith("#")
        if setext and token.markup == "-" and (last - first > 2 or len(raw) > _SETEXT_MAX + len(raw.splitlines()[-1])):
            self.paragraph(first, last - 1)
            self.add("rule", *self.source.line(last - 1), "")
            return
        body = raw.rsplit("\n", 1)[0] if setext else raw.strip().strip("#")
        title = ln.clean(body)
        if title:
            self.add("title", start, end, title, int(token.tag[1]))

    def table(self, tokens: list[Token], at: int) -> int:
        header: list[str] = []
        i = at
        while tokens[i].type != "table_close":
            if tokens[i].type == "tr_open" and (where := tokens[i].map):
                cells = []
                j = i
                while tokens[j].type != "tr_close":
                    if tokens[j].type == "inline":
                        cells.append(ln.clean(tokens[j].content))
                    j += 1
                start, end = self.source.line(where[0])
                raw = self.source.text[start:end]
                if not header:
                    header = cells
                    _, end = self.source.line(where[0] + 1)
                    self.add("head", start, end, " | ".join(cells), self.depth)
                elif _only_links(raw, cells):
                    self.add("reference", start, end, "；".join(c for c in cells if c), self.depth)
                else:
                    self.add("row", start, end, row_text(header, cells), self.depth)
                i = j
            i += 1
        return i

    def paragraph(self, first: int, last: int) -> None:
        run: list[ln.Line] = []
        for number in range(first, last):
            if self.split_question(number, run):
                continue
            line = self.classify(number, alone=last - first == 1, opening=number == first)
            if line.kind == "noise":
                self.flush(run)
            elif line.kind == "text":
                run.append(line)
            elif line.kind == "item":
                self.flush(run)
                run.append(line)
            else:
                self.flush(run)
                level = self.certain(line, number) if line.kind == "question" else self.depth
                self.add(line.kind, line.start, line.end, line.text, level)
        self.flush(run)

    def certain(self, line: ln.Line, number: int) -> int:
        """1 where a question line is marked as one by its number or by an attribute list below it, else 0."""
        below = self.source.line(number + 1) if number + 1 < len(self.source.starts) else (0, 0)
        marked = ln.IAL.fullmatch(self.source.text[below[0] : below[1]].strip())
        return int(bool(marked) or ln.is_numbered(self.source.text[line.start : line.end]))

    def split_question(self, number: int, run: list[ln.Line]) -> bool:
        """Take ``**question** : claim`` apart into a question and what follows it."""
        start, end = self.source.line(number)
        raw = self.source.text[start:end]
        cut = 0 if self.depth else ln.bold_question(raw)
        if cut:
            self.flush(run)
            self.add("question", start, start + cut, ln.strip_number(ln.clean(raw[:cut]).rstrip(":： ")))
            run.append(ln.Line(start + cut, end, "text", ln.clean(raw[cut:])))
        return cut > 0

    def flush(self, run: list[ln.Line]) -> None:
        if run:
            kind = run[0].kind
            start, end = run[0].start, run[-1].end
            self.add(kind, start, end, ln.clean(self.source.text[start:end]), self.depth)
            run.clear()

    def classify(self, number: int, *, alone: bool, opening: bool) -> ln.Line:
        start, end = self.source.line(number)
        raw = self.source.text[start:end]
        bullet = _BULLET.match(raw) if self.depth and opening else None
        body = raw[bullet.end() :] if bullet else _QUOTE.sub("", raw)
        text = ln.clean(body)
        kind = self.kind_of(body, text, alone=alone, item=bullet is not None)
        return ln.Line(start, end, kind, ln.strip_number(text) if kind == "question" else text)

    def kind_of(self, body: str, text: str, *, alone: bool, item: bool) -> str:
        if not text or ln.is_noise(body):
            return "noise"
        if not self.depth:
            title = ln.bold_title(body)
            if title is not None and not _ASIDE.match(body):
                return "reference_head" if ln.is_reference_head(title) else "question"
        if ln.is_pages(body):
            return "pages"
        if ln.is_reference(body, self.chinese):
            return "reference"
        if not self.blocks and self.plain and alone and not self.depth and len(text) <= _TITLE_MAX and not ln.is_question_line(body):
            return "title"
        if self.plain and not self.forum and not self.depth and ln.is_question_line(body):
            return "question"
        if self.forum and alone and ln.signature(body):
            return "signature"
        if not self.depth and _ASIDE.match(body):
            return "aside"
        if not self.depth and _DOCUMENT_NOTE.match(body):
            return "note"
        return "item" if item else "text"


def _only_links(raw: str, cells: list[str]) -> bool:
    found = ln.links(raw)
    return bool(found) and sum(len(label) for label, _ in found) >= 0.7 * sum(len(c) for c in cells)


def row_text(header: list[str], cells: list[str]) -> str:
    """A table row as one line a person can read without the table: ``first (header: cell; header: cell)``."""
    pairs = [(h, c) for h, c in zip([*header, *[""] * len(cells)], cells, strict=False) if c]
    if not pairs:
        return ""
    first, rest = pairs[0], pairs[1:]
    said = "；".join(f"{h}：{c}" if h else c for h, c in ((h, c.rstrip("；; ")) for h, c in rest))
    return f"{first[1]}：{said}" if said else first[1]
