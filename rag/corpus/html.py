"""HTML to Markdown text: what a reader came for, without scripts, menus and footers. The Markdown is the document's source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.corpus.encoding import decode
from rag.corpus.refusals import refusal

if TYPE_CHECKING:
    from lxml.etree import _Element

DEEP = 100
_DROPPED = frozenset(
    "script style noscript template iframe object embed svg canvas video audio form button select input textarea nav footer aside dialog head".split()
)
_BLOCKS = frozenset(
    "address article blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr li main nav "
    "ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_SKIPPED_CLASS = re.compile(r"(?:^|\s)(?:katex-html|MathJax(?:_\w+)?|mjx-chtml|sr-only|headerlink|anchor-link|toc|sidebar|breadcrumbs?)(?:\s|$)")
_SKIPPED_ROLE = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_-]{2,30})""", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f\v\xa0]+")
_MARKUP_AT_START = re.compile(r"^(#{1,6}(?=\s|$)|>|```|~~~|\||-{3,}\s*$|={3,}\s*$|\$\$)", re.MULTILINE)
_LINK = re.compile(r"https?://[^\s()<>\[\]]{1,500}")
_MAIN_SHARE = 0.4


def html_text(data: bytes, name: str = "") -> str:
    """The text of a page as Markdown: headings, paragraphs, lists, tables, code and formulas (as TeX).

    Raises:
        Refused: no text in it, or no HTML at all.
    """
    from lxml import etree

    text = _decoded(data, name)
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = etree.fromstring(text.replace("\x00", " ").encode("utf-8", "replace"), parser)
    except etree.LxmlError:
        root = None
    if root is None:
        raise refusal("empty", name)
    writer = _Writer()
    writer.container(_content(root), "", 0)
    body = writer.text()
    title = _SPACE.sub(" ", root.findtext(".//title") or "").strip()
    if title and not re.search(r"^# ", body, re.MULTILINE) and body:
        body = f"# {title}\n\n{body}"
    if not body.strip():
        raise refusal("empty", name)
    return body


def _decoded(data: bytes, name: str) -> str:
    declared = _CHARSET.search(data[:4096])
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        encoding = declared.group(1).decode("ascii").lower()
        try:
            return data.decode("gb18030" if encoding in {"gb2312", "gbk", "gb_2312-80"} else encoding)
        except (LookupError, UnicodeError):
            pass
    return decode(data, name)


def _content(root: _Element) -> _Element:
    """The element that holds the page's content: its one <main> or <article> where that has a good part of the text, else the body."""
    body = root.find(".//body")
    whole = body if body is not None else root
    size = len(_words(whole))
    for path in (".//main", ".//article"):
        found = whole.findall(path)
        if len(found) == 1 and len(_words(found[0])) >= _MAIN_SHARE * size:
            return found[0]
    return whole


def _tag(node: _Element) -> str:
    return node.tag.lower() if isinstance(node.tag, str) else ""


def _skipped(node: _Element) -> bool:
    tag = _tag(node)
    if tag == "script":
        return not (node.get("type") or "").startswith("math/tex")
    return (
        tag in _DROPPED
        or tag == ""
        or node.get("hidden") is not None
        or node.get("role") in _SKIPPED_ROLE
        or bool(_SKIPPED_CLASS.search(node.get("class") or ""))
    )


def _has_block(node: _Element) -> bool:
    return any(_tag(below) in _BLOCKS for below in node.iterdescendants())


def _plain(node: _Element) -> str:
    return _SPACE.sub(" ", _words(node)).strip()


def _words(node: _Element) -> str:
    return "".join(str(text) for text in node.itertext())


class _Writer:
    """Collects blocks: (indent, text, whether it follows the one before without a blank line)."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, bool]] = []

    def text(self) -> str:
        out: list[str] = []
        for n, (part, tight) in enumerate(self.parts):
            if n:
                out.append("\n" if tight and self.parts[n - 1][1] else "\n\n")
            out.append(part)
        return "".join(out) + ("\n" if out else "")

    def add(self, text: str, indent: str, *, tight: bool = False, first: str | None = None) -> None:
        """A block; ``first`` stands in place of the indent before its first line (a list marker)."""
        lines = [line.rstrip() for line in text.split("\n")]
        if not any(lines):
            return
        body = "\n".join(((first if n == 0 and first is not None else indent) + line) if line else "" for n, line in enumerate(lines))
        self.parts.append((body, tight))

    def container(self, node: _Element, indent: str, depth: int) -> None:
        """The blocks of an element: its runs of text as paragraphs, its block children each by itself."""
        if depth > DEEP:
            self.paragraph(_plain(node), indent)
            return
        run: list[str] = [node.text or ""]
        for child in node:
            if not _skipped(child):
                if _tag(child) in _BLOCKS or _has_block(child):
                    self.flush(run, indent)
                    self.block(child, indent, depth + 1)
                else:
                    run.append(inline(child, depth + 1))
            run.append(child.tail or "")
        self.flush(run, indent)

    def flush(self, run: list[str], indent: str) -> None:
        self.paragraph("".join(run), indent)
        run.clear()

    def paragraph(self, text: str, indent: str) -> None:
        self.add(paragraph(text), indent)

    def block(self, node: _Element, indent: str, depth: int) -> None:
        tag = _tag(node)
        if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}:
            title = _SPACE.sub(" ", inline_children(node, depth)).strip()
            if title:
                self.add(f"{'#' * int(tag[1])} {title}", "")
        elif tag in {"ul", "ol"}:
            self.items(node, indent, depth, numbered=tag == "ol")
        elif tag == "pre":
            self.code(node, indent)
        elif tag == "table":
            self.table(node, indent, depth)
        elif tag in {"summary", "dt"}:
            said = _SPACE.sub(" ", inline_children(node, depth)).strip().strip("*")
            self.add(f"**{said}**" if said else "", indent)
        elif tag == "blockquote":
            inner = _Writer()
            inner.container(node, "", depth)
            self.add("\n".join(f"> {line}".rstrip() for line in inner.text().strip("\n").split("\n")) if inner.parts else "", indent)
        elif tag == "hr":
            self.add("---", "")
        else:
            self.container(node, indent, depth)

    def items(self, node: _Element, indent: str, depth: int, *, numbered: bool) -> None:
        number = 0
        for child in node:
            if _skipped(child):
                continue
            if _tag(child) != "li":
                self.block(child, indent, depth + 1)
                continue
            number += 1
            marker = f"{number}. " if numbered else "- "
            inner = _Writer()
            inner.container(child, "", depth + 1)
            below = indent + " " * len(marker)
            for n, (part, tight) in enumerate(inner.parts):
                self.add(part, below, tight=n == 0 or tight, first=indent + marker if n == 0 else None)

    def code(self, node: _Element, indent: str) -> None:
        content = _words(node).replace("\r\n", "\n").strip("\n")
        fence = "`" * max(3, max((len(m) for m in re.findall(r"`+", content)), default=0) + 1)
        language = re.search(
            r"(?:language|lang|brush:)-?\s*([A-Za-z0-9+#]{1,20})", " ".join(n.get("class") or "" for n in (node, *node.iterdescendants("code")))
        )
        if content.strip():
            self.add(f"{fence}{language.group(1) if language else ''}\n{content}\n{fence}", indent)

    def table(self, node: _Element, indent: str, depth: int) -> None:
        rows = [row for row in node.iterdescendants("tr") if next(row.iterancestors("table"), None) is node]
        cells = [[c for c in row if _tag(c) in {"td", "th"}] for row in rows]
        wide = max(map(len, cells), default=0)
        layout = any(any(True for _ in c.iterdescendants("table", "ul", "ol", "pre", "h1", "h2", "h3", "p")) for row in cells for c in row)
        if wide < 2 or layout:  # a table that only places things
            for row in cells or [[node]]:
                for cell in row:
                    self.container(cell, indent, depth + 1)
            return
        lines: list[str] = []
        for row in cells:
            texts = [_SPACE.sub(" ", inline_children(c, depth)).strip().replace("|", "\\|") for c in row]
            if any(texts):
                lines.append("| " + " | ".join([*texts, *[""] * (wide - len(texts))]) + " |")
                if len(lines) == 1:
                    lines.append("|" + " --- |" * wide)
        self.add("\n".join(lines), indent)


def paragraph(text: str) -> str:
    """A run of text as a paragraph: one space for any, lines kept where there is a break, nothing at a line's start read as markup."""
    lines = [_SPACE.sub(" ", line).strip() for line in text.split("\x0b")]
    return _MARKUP_AT_START.sub(_escaped, "\n".join(line for line in lines if line))


def _escaped(match: re.Match[str]) -> str:
    found = match.group(1)
    return found if found == "$$" else "\\" + found


def inline_children(node: _Element, depth: int) -> str:
    """The inner text of an element with its inline markup."""
    if depth > DEEP:
        return _plain(node)
    return "".join(_inline_parts(node, depth))


def _inline_parts(node: _Element, depth: int) -> Iterator[str]:
    yield _flat(node.text)
    for child in node:
        if not _skipped(child):
            yield inline(child, depth + 1)
        yield _flat(child.tail)


def _flat(text: str | None) -> str:
    """A text node: a vertical tab stands for a line break from here on, so none may come from outside."""
    return _SPACE.sub(" ", text or "")


def inline(node: _Element, depth: int) -> str:
    """An inline element as Markdown."""
    tag = _tag(node)
    tex = _tex(node, tag)
    if tex is not None:
        return tex
    if tag == "br":
        return "\x0b"
    if tag == "img":
        return ""
    inner = inline_children(node, depth)
    said = inner.strip()
    if not said:
        return inner
    if tag in {"b", "strong"} and "*" not in said:
        return _around(inner, "**")
    if tag in {"code", "kbd", "samp", "tt"} and "`" not in said and "\x0b" not in said:
        return _around(inner, "`")
    if tag in {"sup", "sub"} and len(said) <= 8 and node.find(".//a") is None:
        return ("^" if tag == "sup" else "_") + (said if len(said) == 1 else f"{{{said}}}")
    href = (node.get("href") or "").strip() if tag == "a" else ""
    if href and _LINK.fullmatch(href) and said != href and not any(c in said for c in "[]\x0b"):
        return inner.replace(said, f"[{said}]({href})", 1)
    return inner


def _around(inner: str, mark: str) -> str:
    said = inner.strip()
    return inner.replace(said, mark + said.replace("\x0b", " ") + mark, 1)


def _tex(node: _Element, tag: str) -> str | None:
    """The TeX of a formula, by the ways of MathML, MathJax, KaTeX and Zhihu; None where the element is none."""
    source: str | None = None
    display = False
    if tag == "script":
        source, display = node.text, "mode=display" in (node.get("type") or "")
    elif tag == "math":
        note = node.find(".//{*}annotation[@encoding='application/x-tex']")
        source, display = (note.text if note is not None else _plain(node)), node.get("display") == "block"
    elif "ztext-math" in (node.get("class") or ""):
        source = node.get("data-tex")
    elif tag == "img" and (node.get("eeimg") or "math" in (node.get("class") or "").split()):
        source = node.get("alt")
    if source is None:
        return None
    said = _SPACE.sub(" ", source).strip().strip("$")
    if not said or "$" in said:
        return said
    return f"$${said}$$" if display else f"${said}$"
