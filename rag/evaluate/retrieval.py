"""How well search ranks: the fusion that is shipped beside each of its halves, on BEIR-like sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rag.corpus import document_from_text
from rag.errors import UserInputError
from rag.evaluate.data import BeirSet
from rag.measure import hit_at, ndcg, reciprocal_rank
from rag.models import Encoder
from rag.search import Query, Searcher
from rag.store import Progress, disk
from rag.store.build import make_index
from rag.store.index import Index

DEPTH = 100
Rank = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Ranked:
    """What each way of searching ranked for one question: ids of texts, best first, at most :data:`DEPTH`."""

    language: str
    relevance: Mapping[str, float]
    fusion: tuple[str, ...]
    dense: tuple[str, ...]
    sparse: tuple[str, ...]


WAYS = ("fusion", "dense", "sparse")


def measure_retrieval(
    sets: Sequence[BeirSet], encoder: Encoder, *, candidates: int = 60, keep: Path | None = None, tell: Progress | None = None
) -> dict[str, Any]:
    """Rank the texts of each set for its questions and measure the rankings (:func:`summary`), per set and language.

    Args:
        sets: what to search; each is indexed on its own, ``text`` only.
        encoder: the encoder of the index and the questions.
        candidates: passages each half hands to the fusion, as the settings of search have it.
        keep: a folder where the indexes stay, so that a later run embeds nothing again.
        tell: hears the stages of each build.

    ``fusion_minus_better_half`` is nDCG@10 of the fusion less the higher of the two halves'.
    """
    out: dict[str, Any] = {}
    for data in sets:
        index = index_of(data, encoder, keep / data.name if keep else None, tell)
        ranked = rank(data, index, encoder, candidates)
        languages = sorted({r.language for r in ranked})
        groups = {"all": ranked} | {name: [r for r in ranked if r.language == name] for name in languages}
        figures = {way: {name: summary(group, way) for name, group in groups.items()} for way in WAYS}
        better = max(figures["dense"]["all"]["nDCG@10"], figures["sparse"]["all"]["nDCG@10"])
        out[data.name] = {
            "texts": len(data.texts),
            "questions": len(ranked),
            **figures,
            "fusion_minus_better_half": figures["fusion"]["all"]["nDCG@10"] - better,
        }
    return {"what": "retrieval", "encoder": encoder.fingerprint, "sets": out}


def index_of(data: BeirSet, encoder: Encoder, folder: Path | None = None, tell: Progress | None = None) -> Index:
    """The index of a set's texts; vectors kept in ``folder`` are used again, and new ones are kept there."""
    documents = [document_from_text(name, text) for name, text in data.texts.items()]
    known = disk.known_vectors(folder, encoder.fingerprint) if folder else {}
    centres = disk.known_centres(folder, encoder.fingerprint) if folder else None
    index, hashes, embedded = make_index(documents, encoder, known, tell or (lambda stage, done, total: None), centres)
    if folder and embedded:
        disk.save_index(index, hashes, folder)
    return index


def rank(data: BeirSet, index: Index, encoder: Encoder, candidates: int = 60) -> list[Ranked]:
    """Rank texts by their best passage: by the fusion as shipped, by its dense part alone, and by BM25 alone.

    The dense half is the fusion with both lexical weights at 0. The lexical half is the BM25 score over the same terms; passages without any
    of them are not ranked.

    Raises:
        UserInputError: no text of the set gives a passage.
    """
    if not index.passages:
        raise UserInputError(f"{data.name}: none of its {len(data.texts)} texts gives a passage")
    searcher = Searcher(index, encoder)
    dense = Searcher(index, encoder, replace(searcher.fusion, sparse_same=0.0, sparse_cross=0.0))
    out: list[Ranked] = []
    for name, text in data.queries.items():
        query = searcher.query(text)
        ways = (_fused(searcher, query, candidates), _fused(dense, query, candidates), _lexical(index, query))
        out.append(Ranked(data.languages[name], data.relevance[name], *ways))
    return out


def _fused(searcher: Searcher, query: Query, candidates: int) -> tuple[str, ...]:
    scored = searcher.score(query, None, candidates)
    return _texts(searcher.index, [s.number for s in scored])


def _lexical(index: Index, query: Query) -> tuple[str, ...]:
    scores = index.bm25.scores(query.terms)
    found = np.flatnonzero(scores > 0).tolist()
    return _texts(index, sorted(found, key=lambda n: (-float(scores[n]), index.passages[n].id)))


def _texts(index: Index, numbers: Sequence[int]) -> tuple[str, ...]:
    """The texts of passages, each at the place of its best passage."""
    return tuple(dict.fromkeys(index.passages[n].doc_id for n in numbers))[:DEPTH]


def summary(ranked: Sequence[Ranked], way: str) -> dict[str, float]:
    """The means over questions of one way of searching; a text is relevant where its grade is above 0.

    - ``nDCG@10``: :func:`rag.measure.ndcg`
    - ``hit@1``, ``hit@5``: questions with a relevant text among the first k / questions
    - ``MRR``: mean of 1 / rank of the first relevant text, 0 where it is not among the first 100
    """
    rows = [(tuple(getattr(r, way)), r.relevance) for r in ranked]
    marks = [[relevance.get(name, 0.0) > 0 for name in names] for names, relevance in rows]
    return {
        "questions": len(rows),
        "nDCG@10": float(np.mean([ndcg(names, relevance, 10) for names, relevance in rows])),
        "hit@1": float(np.mean([hit_at(m, 1) for m in marks])),
        "hit@5": float(np.mean([hit_at(m, 5) for m in marks])),
        "MRR": float(np.mean([reciprocal_rank(m) for m in marks])),
    }
