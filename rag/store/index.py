"""The index in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.dense import FaissIndex
from rag.records import Document, Passage, Unit
from rag.sparse import Bm25
from rag.text import ANY_FIELD, CONCEPT

Vectors = npt.NDArray[np.float32]
Keys = npt.NDArray[np.int32]


class KeyKind(IntEnum):
    """What a vector stands for: a whole passage, the question line it answers, or one of its units."""

    PASSAGE = 0
    QUESTION = 1
    UNIT = 2


class Index:
    """Everything search and answer need, read-only.

    Attributes:
        documents: by id, with their decoded source.
        passages: in document and reading order; the position is the passage's number.
        units: all units; ``unit_range[n]`` delimits those of passage ``n``.
        keys: int32 rows (passage number, :class:`KeyKind`, unit number or -1), one a vector.
        vectors: float32 unit rows, aligned with ``keys``.
        centres: the mean question vector of each language, from a fixed set of interview questions.
        tokens: the lexical tokens of each passage, heading path and question included.
        token_hashes: a hash of the text each of these was made of; empty for an index that does not know them.
    """

    def __init__(
        self,
        documents: Mapping[str, Document],
        passages: Sequence[Passage],
        units: Sequence[Unit],
        keys: Keys,
        vectors: Vectors,
        tokens: Sequence[Sequence[str]],
        bm25: Bm25,
        manifest: Mapping[str, Any],
        centres: Mapping[str, Vectors],
        token_hashes: Sequence[str] = (),
    ) -> None:
        self.documents = dict(documents)
        self.passages = tuple(passages)
        self.units = tuple(units)
        self.keys = keys
        self.vectors = vectors
        self.tokens = tokens
        self.token_hashes = tuple(token_hashes)
        self.bm25 = bm25
        self.manifest = dict(manifest)
        self.centres = dict(centres)
        self.number = {p.id: n for n, p in enumerate(self.passages)}
        self.unit_range = _ranges(self.passages, self.units)

    @cached_property
    def dense(self) -> FaissIndex:
        """FAISS over all keys; an id is the row of ``keys``."""
        index = FaissIndex(int(self.manifest["dimension"]))
        index.add(np.arange(len(self.keys), dtype=np.int64), self.vectors)
        return index

    @cached_property
    def concept_share(self) -> dict[str, float]:
        """By document: how many of its tokens are concepts of the glossary, without those that any field speaks of."""
        share: dict[str, tuple[int, int]] = {}
        for passage, tokens in zip(self.passages, self.tokens, strict=True):
            named, total = share.get(passage.doc_id, (0, 0))
            concepts = sum(t.startswith(CONCEPT) and t.removeprefix(CONCEPT) not in ANY_FIELD for t in tokens)
            share[passage.doc_id] = named + concepts, total + len(tokens)
        return {doc: named / max(1, total) for doc, (named, total) in share.items()}

    @cached_property
    def unit_rows(self) -> npt.NDArray[np.int32]:
        """The row of ``vectors`` of each unit, -1 where a unit has none of its own."""
        rows = np.full(len(self.units), -1, np.int32)
        is_unit = self.keys[:, 1] == KeyKind.UNIT if len(self.keys) else np.zeros(0, bool)
        rows[self.keys[is_unit, 2]] = np.flatnonzero(is_unit)
        return rows

    @cached_property
    def same_question(self) -> dict[tuple[str, tuple[str, ...]], tuple[int, ...]]:
        """Passage numbers by (document, heading path): the pieces that one question's answer was cut into."""
        groups: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        for n, passage in enumerate(self.passages):
            groups.setdefault((passage.doc_id, passage.heading_path), []).append(n)
        return {key: tuple(numbers) for key, numbers in groups.items()}

    def units_of(self, number: int) -> Sequence[Unit]:
        """The units of a passage."""
        start, end = self.unit_range[number]
        return self.units[start:end]


def _ranges(passages: Sequence[Passage], units: Sequence[Unit]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    at = 0
    for passage in passages:
        start = at
        while at < len(units) and units[at].passage_id == passage.id:
            at += 1
        ranges.append((start, at))
    return ranges
