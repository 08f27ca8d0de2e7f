"""Building an index: what is embedded, what is reused, what is written."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from rag.chunk import passages_of, units_of
from rag.corpus import Skipped, load_corpus
from rag.errors import CorpusError
from rag.models import Encoder, Vectors
from rag.records import Document, Passage, Unit
from rag.sparse import Bm25
from rag.store import disk
from rag.store.index import Index, KeyKind
from rag.text import tokenize

Progress = Callable[[str, int, int], None]
"""Hears (stage, done, total): ``read``, ``embed``, ``write``."""

UNIT_KEY_KINDS = frozenset({"text", "item", "row", "formula", "reference"})
UNIT_KEY_MIN = 6
ASKED_MIN = 8
_ASKED = re.compile(r"[^?？]+[?？]")


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did."""

    documents: int
    passages: int
    keys: int
    embedded: int
    seconds: float
    skipped: tuple[Skipped, ...] = ()


def context_line(document: Document, passage: Passage) -> str:
    """What stands above a passage: title, headings and question, as one line that gives its embedding a context."""
    parts = [document.title, *passage.heading_path]
    if passage.question and passage.question not in parts:
        parts.append(passage.question)
    if passage.author:
        parts.append(passage.author)
    return " > ".join(dict.fromkeys(p for p in parts if p))


def passage_text(document: Document, passage: Passage, units: Sequence[Unit]) -> str:
    """The text a passage is embedded as."""
    body = "\n".join(u.text for u in units if u.kind not in {"head"})
    return f"{context_line(document, passage)}\n{body}"


def question_keys(passage: Passage) -> list[str]:
    """The question line (or last heading) that is a retrieval key of its own; of a line that asks several questions each is one, too."""
    line = passage.question or (passage.heading_path[-1] if passage.heading_path else "")
    asked = [q.strip() for q in _ASKED.findall(line)]
    return [line, *(q for q in asked if len(q) >= ASKED_MIN)] if len(asked) > 1 else [line] if line else []


def _keys(documents: Sequence[Document], passages: Sequence[Passage], units: Sequence[Unit]) -> tuple[list[tuple[int, int, int]], list[str]]:
    by_doc = {d.id: d for d in documents}
    rows: list[tuple[int, int, int]] = []
    texts: list[str] = []
    at = 0
    for n, passage in enumerate(passages):
        first = at
        while at < len(units) and units[at].passage_id == passage.id:
            at += 1
        own = units[first:at]
        rows.append((n, KeyKind.PASSAGE, -1))
        texts.append(passage_text(by_doc[passage.doc_id], passage, own))
        for key in question_keys(passage):
            rows.append((n, KeyKind.QUESTION, -1))
            texts.append(key)
        topic = passage.heading_path[-1] if passage.heading_path else ""
        for k, unit in enumerate(own):
            if unit.kind in UNIT_KEY_KINDS and len(unit.text) >= UNIT_KEY_MIN:
                rows.append((n, KeyKind.UNIT, first + k))
                texts.append(f"{topic}：{unit.text}" if topic and passage.kind != "comment" else unit.text)
    return rows, texts


def build_index(corpus: Path, folder: Path, encoder: Encoder, *, rebuild: bool = False, progress: Progress | None = None) -> BuildReport:
    """Build or bring up to date the index of a corpus folder, and swap it in.

    Texts that are unchanged since the index in ``folder`` (same encoder) keep their vectors unless ``rebuild``. The new index is
    written beside the old one and takes its place in one rename; an interruption leaves the old one in force.

    Raises:
        CorpusError: the folder does not exist or holds no readable document.
        UserInputError: the index cannot be written.
    """
    started = time.perf_counter()
    tell = progress or (lambda stage, done, total: None)
    tell("read", 0, 1)
    documents, skipped = load_corpus(corpus, None if rebuild else disk.known_sources(folder))
    if not documents:
        reason = f" ({skipped[0].reason})" if skipped else ""
        raise CorpusError(f"corpus folder {corpus} holds no document that can be read{reason}; put .md, .txt, .html, .pdf or .docx files there")
    with disk.building(folder):
        old = {} if rebuild else disk.known_vectors(folder, encoder.fingerprint)
        centres = None if rebuild else disk.known_centres(folder, encoder.fingerprint)
        index, hashes, embedded = make_index(documents, encoder, old, tell, centres, {} if rebuild else disk.known_tokens(folder))
        # What cannot be read is remembered, so that the index does not look stale for it.
        index.manifest["skipped"] = {s.doc_id: disk.digest_of(corpus / s.doc_id) for s in skipped if (corpus / s.doc_id).is_file()}
        tell("write", 0, 1)
        with disk.writing(folder):
            disk.save_index(index, hashes, folder)
        tell("write", 1, 1)
    seconds = time.perf_counter() - started
    return BuildReport(len(documents), len(index.passages), len(index.keys), embedded, seconds, tuple(skipped))


def make_index(
    documents: Sequence[Document],
    encoder: Encoder,
    known: Mapping[str, Vectors],
    tell: Progress = lambda stage, done, total: None,
    centres: Mapping[str, Vectors] | None = None,
    tokens_of: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Index, list[str], int]:
    """An index in memory: (index, the hash of each key's text, how many texts were embedded and not taken from ``known``).

    ``known`` are vectors and ``tokens_of`` tokens of texts by their hash; what is in them is not made again.
    """
    passages: list[Passage] = []
    units: list[Unit] = []
    for n, document in enumerate(documents):
        for passage in passages_of(document):
            passages.append(passage)
            units.extend(units_of(document, passage))
        tell("read", n + 1, len(documents))
    rows, texts = _keys(documents, passages, units)
    hashes = [_hash(t) for t in texts]
    vectors, embedded = _embed(texts, hashes, known, encoder, tell)
    by_doc = {d.id: d for d in documents}
    lexical = [context_line(by_doc[p.doc_id], p).removeprefix(by_doc[p.doc_id].title) + "\n" + _plain(own) for p, own in _with_units(passages, units)]
    made_of = [_hash(text) for text in lexical]
    tokens = [(tokens_of or {}).get(h) or tokenize(text) for h, text in zip(made_of, lexical, strict=True)]
    manifest = disk.manifest_for(documents, encoder, len(passages), len(rows))
    keys = np.asarray(rows, np.int32).reshape(-1, 3)
    return Index(by_doc, passages, units, keys, vectors, tokens, Bm25(tokens), manifest, centres or question_centres(encoder), made_of), hashes, embedded


def question_centres(encoder: Encoder) -> dict[str, Vectors]:
    """The mean question vector of each language over ``rag/data/background.json``, a fixed set of interview questions."""
    questions: dict[str, list[str]] = json.loads((files("rag") / "data" / "background.json").read_text(encoding="utf-8"))
    return {language: encoder.queries(texts).mean(axis=0) for language, texts in sorted(questions.items())}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _plain(units: Sequence[Unit]) -> str:
    return "\n".join(u.text for u in units if u.kind != "head")


def _with_units(passages: Sequence[Passage], units: Sequence[Unit]) -> list[tuple[Passage, list[Unit]]]:
    own: dict[str, list[Unit]] = {p.id: [] for p in passages}
    for unit in units:
        own[unit.passage_id].append(unit)
    return [(p, own[p.id]) for p in passages]


def _embed(texts: Sequence[str], hashes: Sequence[str], old: Mapping[str, Vectors], encoder: Encoder, tell: Progress) -> tuple[Vectors, int]:
    fresh = {h: t for h, t in zip(hashes, texts, strict=True) if h not in old}
    done = 0

    def heard(more: int) -> None:
        nonlocal done
        done += more
        tell("embed", done, len(fresh))

    if fresh:
        tell("embed", 0, len(fresh))
        found = encoder.passages(list(fresh.values()), heard)
        old = {**old, **dict(zip(fresh, found, strict=True))}
    vectors = np.stack([old[h] for h in hashes]) if hashes else np.zeros((0, encoder.dimension), np.float32)
    return np.ascontiguousarray(vectors, np.float32), len(fresh)
