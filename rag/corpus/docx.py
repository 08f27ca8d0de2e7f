"""DOCX to Markdown text, read straight from its XML: headings, paragraphs, lists, tables, formulas. The Markdown is the document's source."""

from __future__ import annotations

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.corpus.html import paragraph
from rag.corpus.refusals import refusal

if TYPE_CHECKING:
    from lxml.etree import _Element

UNZIP_FAULTS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, KeyError, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)
"""What the standard library raises for a zip that is cut, altered, encrypted or of an unknown kind."""
MAX_PART = 80 * 1024 * 1024
DEEP = 60
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_HEADING = re.compile(r"^(?:heading|标题)\s*([1-9])$", re.IGNORECASE)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


def docx_text(data: bytes, name: str = "") -> str:
    """The text of a Word document as Markdown; pictures, comments, headers and footers are left out.

    Raises:
        Refused: protected, damaged, unpacks to too much, or without text.
    """
    from lxml import etree

    if data.startswith(_OLD_OFFICE):
        raise refusal("password", name)
    if data.startswith(b"%PDF-"):
        raise refusal("wrong_suffix", name, got="PDF", wanted=".pdf")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            body = etree.fromstring(_part(archive, "word/document.xml", name), parser).find(f"{_W}body")
            styles = _levels(etree.fromstring(_part(archive, "word/styles.xml", name), parser)) if "word/styles.xml" in archive.namelist() else {}
    except (*UNZIP_FAULTS, etree.LxmlError) as error:
        raise refusal("damaged", name, format="DOCX") from error
    text = "" if body is None else _joined(_blocks(body, styles))
    if not text.strip():
        raise refusal("empty", name)
    return text


def _part(archive: zipfile.ZipFile, part: str, name: str) -> bytes:
    """One file of the archive; what its header says of its size is not believed."""
    with archive.open(part) as stream:
        data = stream.read(MAX_PART + 1)
    if len(data) > MAX_PART:
        raise refusal("bomb", name, limit=MAX_PART // 2**20)
    return data


def _levels(styles: _Element) -> dict[str, int]:
    """The heading level of each style that is one, by its name or its outline level; 1 for the title."""
    out: dict[str, int] = {}
    for style in styles.iter(f"{_W}style"):
        key = style.get(f"{_W}styleId") or ""
        named = style.find(f"{_W}name")
        said = (named.get(f"{_W}val") or "").strip() if named is not None else ""
        level = _HEADING.match(said)
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        value = (outline.get(f"{_W}val") or "") if outline is not None else ""
        if said.lower() in {"title", "标题"}:
            out[key] = 1
        elif level:
            out[key] = min(6, int(level.group(1)))
        elif value in {"0", "1", "2", "3", "4", "5"}:
            out[key] = int(value) + 1
    return out


def _blocks(body: _Element, styles: dict[str, int], depth: int = 0) -> Iterator[tuple[str, bool]]:
    """(text, whether it is a list item) of each paragraph and table, in reading order."""
    if depth > DEEP:
        return
    for child in body:
        if child.tag == f"{_W}p":
            yield _paragraph(child, styles)
        elif child.tag == f"{_W}tbl":
            yield _table(child), False
        elif child.tag in {f"{_W}sdt", f"{_W}sdtContent", f"{_W}customXml", f"{_W}ins"}:
            yield from _blocks(child, styles, depth + 1)


def _joined(blocks: Iterator[tuple[str, bool]]) -> str:
    out: list[str] = []
    before = False
    for text, item in blocks:
        if text.strip():
            if out:
                out.append("\n" if item and before else "\n\n")
            out.append(text)
            before = item
    return "".join(out) + ("\n" if out else "")


def _paragraph(node: _Element, styles: dict[str, int]) -> tuple[str, bool]:
    text = _text(node)
    if not text.strip():
        return "", False
    style = node.find(f"{_W}pPr/{_W}pStyle")
    key = (style.get(f"{_W}val") or "") if style is not None else ""
    if key in styles:
        return f"{'#' * styles[key]} {' '.join(text.split())}", False
    numbering = node.find(f"{_W}pPr/{_W}numPr")
    if numbering is not None or key.lower().startswith(("listbullet", "listnumber")):
        place = numbering.find(f"{_W}ilvl") if numbering is not None else None
        value = (place.get(f"{_W}val") or "0") if place is not None else "0"
        indent = "  " * (int(value) if value in set("012345678") else 0)
        return f"{indent}- " + paragraph(text).replace("\n", f"\n{indent}  "), True
    said = paragraph(text)
    if _all_bold(node) and "\n" not in said and "*" not in said and len(said) <= 120:
        return f"**{said}**", False
    return said, False


def _all_bold(node: _Element) -> bool:
    runs = [r for r in node.iter(f"{_W}r") if any((t.text or "").strip() for t in r.iter(f"{_W}t"))]
    return bool(runs) and all(_on(r.find(f"{_W}rPr/{_W}b")) for r in runs)


def _on(mark: _Element | None) -> bool:
    return mark is not None and (mark.get(f"{_W}val") or "1") not in {"0", "false", "off"}


def _text(node: _Element) -> str:
    """The text of a paragraph; a vertical tab stands for a line break, formulas for their characters, deleted text for nothing."""
    out: list[str] = []
    skipped: _Element | None = None
    for below in node.iter():
        if skipped is not None and skipped in below.iterancestors():
            continue
        if below.tag in {f"{_W}del", f"{_W}txbxContent", f"{_W}instrText", _FALLBACK}:
            skipped = below
        elif below.tag in {f"{_W}t", f"{_M}t"}:
            out.append(below.text or "")
        elif below.tag == f"{_W}tab":
            out.append(" ")
        elif below.tag in {f"{_W}br", f"{_W}cr"}:
            out.append("\x0b")
        elif below.tag == f"{_W}noBreakHyphen":
            out.append("-")
    return "".join(out)


def _table(node: _Element) -> str:
    rows = []
    for row in node.iter(f"{_W}tr"):
        if next(row.iterancestors(f"{_W}tbl"), None) is node:
            rows.append([" ".join(" ".join(_text(p).split()) for p in cell.iter(f"{_W}p")).strip().replace("|", "\\|") for cell in row.findall(f"{_W}tc")])
    rows = [row for row in rows if any(row)]
    wide = max(map(len, rows), default=0)
    if wide < 2:
        return "\n\n".join(paragraph(row[0]) for row in rows)
    lines = ["| " + " | ".join([*row, *[""] * (wide - len(row))]) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * wide, *lines[1:]])
