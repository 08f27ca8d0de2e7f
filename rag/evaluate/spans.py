"""Gold spans in a source text, found and compared without white space."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.corpus import document_from_text
from rag.errors import UserInputError
from rag.evaluate.data import GoldSet
from rag.records import Block, Citation, Document, Hit

COVERED = 0.5
_SPACE = re.compile(r"\s+")
Cited = Mapping[str, frozenset[int]]
"""The offsets of cited characters that are no white space, by document."""


def squeeze(text: str) -> str:
    """The text without white space."""
    return _SPACE.sub("", text)


@dataclass(frozen=True, slots=True)
class Source:
    """A document ready for span search: ``offsets[i]`` is where character ``i`` of ``squeezed`` stands in the source text."""

    document: Document
    squeezed: str
    offsets: tuple[int, ...]
    blocks: tuple[Block, ...]

    def find(self, gold: str) -> list[tuple[int, ...]]:
        """The offsets of the characters of every occurrence of ``gold``; white space counts on neither side."""
        needle = squeeze(gold)
        out: list[tuple[int, ...]] = []
        at = self.squeezed.find(needle)
        while needle and at >= 0:
            out.append(self.offsets[at : at + len(needle)])
            at = self.squeezed.find(needle, at + 1)
        return out

    def around(self, occurrence: Sequence[int]) -> Iterable[range]:
        """The blocks that an occurrence lies in or runs through."""
        return (range(b.start, b.end) for b in self.blocks if b.start <= occurrence[-1] and occurrence[0] < b.end)


class Sources:
    """The documents of a corpus by id; a gold's document is also found by its bare file name where that is unique."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._documents = {d.id: d for d in documents}
        self._ready: dict[str, Source] = {}

    def find(self, name: str) -> Source:
        """The document a gold names.

        Raises:
            UserInputError: the corpus does not hold it, or several of that name.
        """
        matches = [name] if name in self._documents else [i for i in self._documents if i.rsplit("/", 1)[-1] == name]
        if len(matches) != 1:
            held = "holds several documents named" if matches else "has no document"
            raise UserInputError(f"the corpus {held} {name!r}, which the data names; give the corpus the data was made for with --corpus DIR")
        return self._ready.setdefault(matches[0], _ready(self._documents[matches[0]]))

    def holds(self, citation: Citation) -> bool:
        """Whether the quote stands in the source text exactly where the citation says."""
        document = self._documents.get(citation.doc_id)
        return document is not None and 0 <= citation.start < citation.end and document.source[citation.start : citation.end] == citation.quote

    def cited(self, citations: Iterable[Citation]) -> Cited:
        """The cited offsets by document, each once however often it is cited."""
        found: dict[str, set[int]] = {}
        for c in citations:
            document = self._documents.get(c.doc_id)
            if document is not None:
                found.setdefault(c.doc_id, set()).update(i for i in range(c.start, min(c.end, len(document.source))) if not document.source[i].isspace())
        return {name: frozenset(offsets) for name, offsets in found.items()}


def _ready(document: Document) -> Source:
    offsets = tuple(i for i, char in enumerate(document.source) if not char.isspace())
    blocks = document.blocks or document_from_text(document.id, document.source).blocks
    return Source(document, "".join(document.source[i] for i in offsets), offsets, blocks)


def holds_gold(hit: Hit, golds: Sequence[GoldSet], sources: Sources) -> bool:
    """Whether any gold stands, white space removed, inside the span of a hit."""
    text = squeeze(hit.passage.text)
    return any(sources.find(g.doc_id).document.id == hit.passage.doc_id and any(squeeze(s) in text for s in g.spans) for g in golds)


def coverage(gold: str, source: Source, cited: Cited) -> float:
    """The share of a gold's characters that are cited, at its best covered occurrence; 0 where the source does not hold it."""
    offsets = cited.get(source.document.id, frozenset())
    return max((sum(i in offsets for i in found) / len(found) for found in source.find(gold)), default=0.0)


def is_cited(covered: float, *, pointer: bool = False) -> bool:
    """Whether a gold of which a share ``covered`` is cited counts as cited: half of its characters at least.

    Where the corpus only names pages, the gold is a long question line with a short page number: any part of it is enough.
    """
    return covered > 0.0 if pointer else covered >= COVERED


def on_point(golds: Sequence[GoldSet], sources: Sources, cited: Cited) -> int:
    """How many of the cited characters lie in blocks that hold a gold."""
    right: set[tuple[str, int]] = set()
    for gold in golds:
        source = sources.find(gold.doc_id)
        offsets = cited.get(source.document.id, frozenset())
        for span in gold.spans:
            for found in source.find(span):
                right.update((source.document.id, i) for block in source.around(found) for i in block if i in offsets)
    return len(right)
