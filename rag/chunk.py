"""Documents to passages (one passage answers one question) and passages to citable units."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rag.corpus import lines as ln
from rag.records import Block, Document, Passage, PassageKind, Unit
from rag.text import split_sentences

VERSION = 5
"""Grows whenever the same document would give other passages or units, or other texts or keys of them."""
WHOLE_MAX = 620
PIECE_MAX = 420
ITEM_WHOLE_MAX = 160
HARD_MAX = 1600
LATIN_WEIGHT = 0.4

_POINTING = {"pages", "reference"}
_BY_LINE = {"code", "formula"}
_FENCE = re.compile(r"^(?:[ \t>]|[-*+]|\d{1,3}[.)])*(?:`{3,}|~{3,})[^\r\n]*[\r\n]*|[\r\n][ \t>]*(?:`{3,}|~{3,})[ \t]*$")
_LINE = re.compile(r"[^\r\n]*\S[^\r\n]*")
_ASKING = re.compile(r"[?？]\s*$")


@dataclass(slots=True)
class _Group:
    """Blocks that belong to one head (a heading or a question line), in reading order."""

    path: tuple[str, ...]
    head: Block | None = None
    question: str | None = None
    comment: bool = False
    blocks: list[Block] = field(default_factory=list)


def _groups(document: Document) -> Iterable[_Group]:
    path: list[tuple[int, str]] = []
    forum = sum(b.kind == "rule" for b in document.blocks) >= 4

    def titles() -> tuple[str, ...]:
        return tuple(text for _, text in path)

    group = _Group(())
    opening = True
    for block in document.blocks:
        kind = block.kind
        if kind == "title":
            yield group
            del path[next((i for i, (level, _) in enumerate(path) if level >= max(block.level, 1)), len(path)) :]
            path.append((max(block.level, 1), block.text))
            bare = ln.strip_number(block.text)
            group = _Group(titles(), block, bare if ln.asks(bare) else None)
        elif kind in {"question", "reference_head"}:
            yield group
            question = block.text if kind == "question" and (block.level or ln.asks(block.text)) else None
            group = _Group((*titles(), block.text), block, question)
        elif kind == "rule":
            yield group
            group, opening = _Group(titles(), comment=forum), False
        elif kind == "note" or (kind == "pages" and group.blocks and _is_orphan(document.source, block)):
            yield group
            group = _Group(titles(), blocks=[_as(block, "text") if kind == "note" else block])
        elif forum and opening and kind == "text" and group.blocks:
            yield group
            group = _Group(titles(), blocks=[block])
        else:
            group.blocks.append(block)
    yield group


def _as(block: Block, kind: str) -> Block:
    return Block(kind, block.start, block.end, block.text, block.level)


def _is_orphan(source: str, block: Block) -> bool:
    """An answer line such as ``答：p198`` after a question that is answered already belongs to a question that is missing."""
    return bool(ln.ANSWER_LABEL.match(source[block.start : block.end]))


def passages_of(document: Document) -> list[Passage]:
    """The passages of a document in reading order. ``document.source[p.start:p.end] == p.text`` for each."""
    seen: Counter[str] = Counter()
    out: list[Passage] = []
    for group in _groups(document):
        if group.blocks:
            out.extend(_passages(document, group, seen))
    return out


def _passages(document: Document, group: _Group, seen: Counter[str]) -> Iterable[Passage]:
    first = group.head.start if group.head is not None else group.blocks[0].start
    author = next((ln.signature(b.text) or b.text for b in group.blocks if b.kind == "signature"), None)
    pointing = " ".join(b.text for b in group.blocks if b.kind == "pages")
    for n, piece in enumerate(_pieces(document, group.blocks)):
        start = first if n == 0 else piece[0].start
        end = piece[-1].end
        text = document.source[start:end]
        key = hashlib.sha256("\x1f".join([document.id, *group.path, text]).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        seen[key] += 1
        yield Passage(
            id=key if seen[key] == 1 else f"{key}-{seen[key]}",
            doc_id=document.id,
            start=start,
            end=end,
            text=text,
            kind=_kind(group, piece),
            heading_path=group.path,
            question=group.question,
            author=author,
            pages=pointing or None,
            language=document.language,
        )


def _kind(group: _Group, piece: Sequence[Block]) -> PassageKind:
    kinds = Counter("reference" if b.kind == "text" and ln.is_non_answer(b.text) else b.kind for b in piece if b.kind not in {"signature", "head"})
    if all(kind in _POINTING for kind in kinds):
        return "pointer"
    if group.comment:
        return "comment"
    if kinds["row"] >= 2 and kinds["row"] * 2 >= sum(kinds.values()):
        return "table"
    if group.question:
        return "qa"
    return "list" if kinds["item"] * 2 >= sum(kinds.values()) and kinds["item"] > 1 else "prose"


def _atoms(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks that must stay together: an item with what hangs on it, a table with its header, a lead-in with its list."""
    atoms: list[list[Block]] = []
    for block in blocks:
        glued = bool(atoms) and (
            (block.kind == "row" and atoms[-1][-1].kind in {"head", "row"})
            or (block.kind != "item" and block.level > 0 and atoms[-1][-1].level > 0)
            or (block.kind == "item" and block.level > 1)
            or block.kind == "signature"
            or (block.kind == "formula" and atoms[-1][-1].kind in {"text", "formula"})
            or atoms[-1][-1].text.rstrip().endswith((":", "：", "——"))
        )
        if glued:
            atoms[-1].append(block)
        else:
            atoms.append([block])
    return atoms


def _length(blocks: Sequence[Block]) -> int:
    return blocks[-1].end - blocks[0].start


def _weight(document: Document, blocks: Sequence[Block]) -> float:
    """The length of a group in ideographs: a Latin letter counts LATIN_WEIGHT of one (about their ratio in tokens); asides not at all."""
    text = "".join(document.source[b.start : b.end] for b in blocks if b.kind != "aside")
    wide = sum(ord(c) > 0x2E80 for c in text)
    return wide + LATIN_WEIGHT * (len(text) - wide)


def _pieces(document: Document, blocks: Sequence[Block]) -> Iterable[list[Block]]:
    """Cut a long group between atoms so that pieces stay near one thought each."""
    if _weight(document, blocks) <= WHOLE_MAX:
        yield list(blocks)
        return
    piece: list[Block] = []
    for atom in _atoms(blocks):
        for part in _split_atom(document.source, atom):
            if piece and _weight(document, [*piece, *part]) > PIECE_MAX:
                yield piece
                piece = []
            piece = [*piece, *part]
    if piece:
        yield piece


def _split_atom(source: str, atom: list[Block]) -> Iterable[list[Block]]:
    """An atom too long for any encoder is cut between its blocks, and a block too long between its sentences or lines."""
    if _length(atom) <= HARD_MAX:
        yield atom
        return
    part: list[Block] = []
    for block in (cut for b in atom for cut in _split_block(source, b)):
        if part and block.end - part[0].start > PIECE_MAX:
            yield part
            part = []
        part = [*part, block]
    if part:
        yield part


def _split_block(source: str, block: Block) -> Iterable[Block]:
    if block.end - block.start <= HARD_MAX:
        yield block
        return
    # The clean text has lost its offsets, so the pieces have none; units are read from the source again.
    start = end = block.start
    for s, e in (part for step in _steps(source, block) for part in _short(source, *step)):
        if end > start and e - start > PIECE_MAX:
            yield Block(block.kind, start, end, "", block.level)
            start = s
        end = e
    yield Block(block.kind, start, end, "", block.level)


def _steps(source: str, block: Block) -> list[tuple[int, int]]:
    """What of a block must stay together: its sentences, or the lines of code and formulas; a fence or ``$$`` with the line beside it."""
    raw = source[block.start : block.end]
    if block.kind not in _BY_LINE:
        return [(block.start + s, block.start + e) for s, e in split_sentences(raw)]
    steps = [(block.start + m.start(), block.start + m.end()) for m in _LINE.finditer(raw)]
    if len(steps) > 2:
        steps[:2] = [(steps[0][0], steps[1][1])]
        steps[-2:] = [(steps[-2][0], steps[-1][1])]
    return steps


def _short(source: str, start: int, end: int) -> Iterable[tuple[int, int]]:
    """A sentence as it is, or cut, where it is too long itself, behind the last space or comma in reach and else anywhere."""
    if end - start > HARD_MAX:
        while end - start > PIECE_MAX:
            reach = start + PIECE_MAX
            cut = max(source.rfind(mark, start + PIECE_MAX // 2, reach) for mark in " ，、") + 1 or reach
            if source[start:cut].strip():
                yield start, cut
            start = cut
    yield start, end


def units_of(document: Document, passage: Passage) -> list[Unit]:
    """The citable units of a passage in reading order: sentences, items, table rows, formulas, page lines.

    Every unit lies inside the passage; ``text`` is its clean text, the span its exact source.
    """
    out: list[Unit] = []
    for block in document.blocks:
        start, end = max(block.start, passage.start), min(block.end, passage.end)
        if start < end:
            out.extend(_units(document.source, passage.id, block, start, end))
    return out


def _units(source: str, passage_id: str, block: Block, start: int, end: int) -> Iterable[Unit]:
    raw = source[start:end]
    kind = block.kind
    if kind in {"question", "title", "reference_head", "signature", "rule"}:
        if kind in {"question", "title"}:
            yield Unit(passage_id, start, end, block.text, "head")
        return
    if kind in {"row", "head", "formula", "code", "pages", "reference", "aside"}:
        text = (block.text or ln.clean(raw)) if (start, end) == (block.start, block.end) else _part(kind, raw)
        if text:
            yield Unit(passage_id, start, end, text, kind)
        return
    if kind == "item" and len(raw) <= ITEM_WHOLE_MAX:
        yield Unit(passage_id, start, end, item_text(ln.clean(raw)), "item")
        return
    first = True
    for s, e in split_sentences(raw):
        text = ln.clean(raw[s:e])
        if kind == "item" and first:
            text = item_text(text)
        if not text or ln.is_noise(raw[s:e]):
            continue
        asking = bool(_ASKING.search(text)) and len(text) <= 160
        yield Unit(passage_id, start + s, start + e, text, "item" if kind == "item" and first else "question" if asking else "text")
        first = False


def _part(kind: str, raw: str) -> str:
    """The text of a part of a block: code and formulas as written, without the marks around the whole."""
    if kind == "formula":
        return raw.strip("$ \t\r\n")
    return _FENCE.sub("", raw).strip("\r\n") if kind == "code" else ln.clean(raw)


def item_text(text: str) -> str:
    """A list item without its bullet or number."""
    return re.sub(r"^(?:[-*+•·]|\d{1,3}[.)])\s+", "", text)
