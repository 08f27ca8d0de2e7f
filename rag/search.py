"""Hybrid search: dense and lexical evidence fused per passage, aware of the languages of question and passage.

Dense. Every passage has several keys (itself, the question line it answers, its units). A question's vector is first moved away from the
mean question of its language (mean-centring; cf. Mu and Viswanath, 2018, "All-but-the-Top"), because e5 places English questions nearer to
any text that holds English words. A key's score is its inner product in standard deviations above the mean over all keys, so that it means
the same in every corpus; a passage takes its best key. Towards passages in the other language the vector is blended with that of the question's
glossary translation (the names of its concepts in the other language), a dictionary-based bridge in the sense of Pirkola (1998).

Lexical. BM25 over the terms that carry meaning, as a share of what a full match would reach; concept tokens cross languages, the words do not,
so the share is weighed differently where question and passage differ in language.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.judge import Judge
from rag.measure import log_odds
from rag.models import Encoder, Vectors
from rag.records import Asked, Evidence, Hit, Language, Passage
from rag.store import Index, KeyKind
from rag.text import concepts, content_terms, first_forms, language_of, mentions
from rag.views import view, weight

Floats = npt.NDArray[np.float64]

_SOURCE_WANTED = re.compile(
    r"链接|連結|网址|资料(?!集)|資料(?!集)|论文|論文|文章|博客|部落格|教程|哪篇|哪本|出自|出处|在?书[里上中]?的?第几页|第几页|页码|頁碼|哪一?页|几页|p几|推荐|推薦|参考|參考|"
    r"\b(?:links?|urls?|papers?|articles?|blogs?|posts?|reading|references?|resources?|which book|pages?|tutorials?|cite|citation)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Za-z][\w.+-]*\d[\w.+-]*|[A-Z][a-z]*[A-Z]\w*|\d+\s?[x×]\s?\d+")
SMALL = 50_000
"""Up to so many keys every passage is scored; beyond, only candidates are."""
READ_AT_MOST = 8
READ_BUDGET = 850.0
"""How much a judge reads for one question: passages from the best one down, in ideographs (about 700 tokens), at least three passages."""
_FUZZY_MIN = 5
_FUZZY_SCORE = 80.0


@dataclass(frozen=True, slots=True)
class Fusion:
    """The weights of the fusion, fitted by ``training/fit_fusion.py``; dense quantities are in standard deviations.

    Attributes:
        centring: how far a question is moved from its language's mean, by language of the question.
        bridge: share of the glossary translation's vector towards passages in the other language.
        sparse_same: weight of the lexical share where question and passage share a language.
        sparse_cross: the same across languages.
        passage: weight of the whole-passage key beside the best key.
        question_cost: what a question-line key must be better by (a question is not yet an answer).
        reference_cost: what a bare reference must be better by, unless a source is asked for.
        middle, width: the logistic map of the sum to 0..1.
        judge: weight of the judge's log odds, which are cut at four either way.
    """

    centring: dict[str, float]
    bridge: float
    sparse_same: float
    sparse_cross: float
    passage: float
    question_cost: float
    reference_cost: float
    middle: float
    width: float
    judge: float = 0.0

    @classmethod
    @lru_cache(maxsize=1)
    def shipped(cls) -> Fusion:
        """The fitted weights that come with the program."""
        return cls(**json.loads((files("rag") / "data" / "fusion.json").read_text(encoding="utf-8"))["weights"])


@dataclass(frozen=True, slots=True)
class Direction:
    """A linear score over keys: ``vectors @ vector - offset`` is in standard deviations above the mean over all keys."""

    vector: Floats
    offset: float


@dataclass(frozen=True, slots=True)
class Query:
    """A question made ready: its language, vector and terms; made once and shared by search, answer and abstention."""

    text: str
    language: Language
    terms: tuple[str, ...]
    wants_source: bool
    same: Direction
    cross: Direction

    @property
    def asked(self) -> Asked:
        """The part of it that is plain data."""
        return Asked(self.text, self.language, self.terms, self.wants_source)


@dataclass(frozen=True, slots=True)
class Scored:
    """A passage number with everything its score was made of, before it becomes a Hit."""

    number: int
    raw: float
    dense: float
    passage: float
    question: float
    unit: float
    sparse: float


class Searcher:
    """Search over one index. Stateless between calls; safe to share between threads."""

    def __init__(self, index: Index, encoder: Encoder, fusion: Fusion | None = None, judge: Judge | None = None) -> None:
        self.index = index
        self.encoder = encoder
        self.judge = judge
        self.fusion = fusion or Fusion.shipped()

    @cached_property
    def _moments(self) -> tuple[Floats, Floats]:
        """Mean vector and covariance of all keys: mean and deviation of any question's scores follow without scoring them all."""
        vectors = self.index.vectors.astype(np.float64)
        mean = vectors.mean(axis=0)
        spread = vectors - mean
        return mean, spread.T @ spread / max(1, len(vectors))

    @cached_property
    def _starts(self) -> npt.NDArray[np.int64]:
        """Where each passage's keys begin in the rows of the index (they stand together), and the end of the last."""
        return np.searchsorted(self.index.keys[:, 0], np.arange(len(self.index.passages) + 1)).astype(np.int64)

    @cached_property
    def _english(self) -> npt.NDArray[np.bool_]:
        return np.array([p.language == "en" for p in self.index.passages], bool)

    @cached_property
    def _costs(self) -> tuple[Floats, Floats]:
        """Per key, in deviations: (always, unless a source is asked for)."""
        always = np.where(self.index.keys[:, 1] == KeyKind.QUESTION, self.fusion.question_cost, 0.0)
        bare = np.zeros(len(self.index.keys))
        for row, (number, kind, unit) in enumerate(self.index.keys.tolist()):
            passage = self.index.passages[number]
            is_reference = kind == KeyKind.UNIT and self.index.units[unit].kind == "reference"
            if is_reference or (passage.kind == "pointer" and passage.question is None):
                bare[row] = self.fusion.reference_cost
        return always, bare

    @cached_property
    def _latin(self) -> tuple[str, ...]:
        return tuple(sorted(t for t in self.index.bm25.vocabulary if t.isascii() and t.isalpha() and len(t) >= _FUZZY_MIN))

    def query(self, text: str) -> Query:
        """Make a question ready for search: one encoder call, its glossary translation beside it where that can help."""
        language = language_of(text)
        other: Language = "en" if language == "zh" else "zh"
        bridged = self.fusion.bridge > 0 and len(self.index.keys) > 0 and self._has_language[other]
        translated = translation(text, other) if bridged else ""
        vectors = self.encoder.queries([text, translated] if translated else [text])
        same = self._direction(vectors[0], language)
        cross = same
        if translated:
            bridge = self._direction(vectors[1], other)
            share = self.fusion.bridge
            cross = Direction((1 - share) * same.vector + share * bridge.vector, (1 - share) * same.offset + share * bridge.offset)
        wants_source = bool(_SOURCE_WANTED.search(text))
        terms = content_terms(_SOURCE_WANTED.sub(" ", text) if wants_source else text) or content_terms(text)
        return Query(text, language, tuple(self._mended(terms)), wants_source, same, cross)

    @cached_property
    def _has_language(self) -> dict[Language, bool]:
        present = {p.language for p in self.index.passages}
        return {"zh": "zh" in present, "en": "en" in present}

    @cached_property
    def _english_keys(self) -> npt.NDArray[np.bool_]:
        """Which keys belong to English passages."""
        english = np.array([p.language == "en" for p in self.index.passages], bool)
        return english[self.index.keys[:, 0]] if len(self.index.keys) else np.zeros(0, bool)

    def _direction(self, vector: Vectors, language: Language) -> Direction:
        """A question's vector, centred, as a score in standard deviations."""
        moved: Floats = vector.astype(np.float64) - self.fusion.centring.get(language, 0.0) * self.index.centres[language]
        if not len(self.index.keys):
            return Direction(moved, 0.0)
        mean, covariance = self._moments
        spread = math.sqrt(max(float(moved @ covariance @ moved), 1e-12))
        return Direction(moved / spread, float(mean @ moved) / spread)

    def _mended(self, terms: Sequence[str]) -> list[str]:
        """Terms, each unknown Latin word followed by the nearest known one (optimal string alignment), if one is near."""
        out: list[str] = []
        for term in terms:
            out.append(term)
            if term in self.index.bm25 or not (term.isascii() and term.isalpha() and len(term) >= _FUZZY_MIN):
                continue
            near = nearest(term, self._latin)
            if near is not None:
                out.append(near)
                out.extend("§" + c for c in concepts(near))
        return list(dict.fromkeys(out))

    def deviations(self, query: Query, rows: npt.NDArray[np.int64] | None = None) -> Floats:
        """Scores of keys (all, or ``rows``) in standard deviations above the mean over all keys."""
        vectors = self.index.vectors if rows is None else self.index.vectors[rows]
        english = self._english_keys if rows is None else self._english_keys[rows]
        own = english == (query.language == "en")
        found = np.empty(len(vectors))
        for direction, mine in ((query.same, own), (query.cross, ~own)):
            if mine.any():
                found[mine] = vectors[mine] @ direction.vector.astype(np.float32) - direction.offset
        return found

    def score(self, query: Query, documents: Collection[str] | None = None, limit: int = 60) -> list[Scored]:
        """The best passages with all score parts, ordered by (-score, passage id).

        Candidates are the passages of the nearest keys and of the best BM25 scores, ``limit`` each; each is then scored exactly.
        """
        if not self.index.passages:
            return []
        lexical = self.index.bm25.scores(query.terms)
        numbers = self._numbers(query, lexical, documents, limit)
        if not len(numbers):
            return []
        scored = self._score_many(numbers, query, lexical / self.index.bm25.ceiling(query.terms), 2 * limit)
        return sorted(scored, key=lambda s: (-round(s.raw, 9), self.index.passages[s.number].id))

    def _numbers(self, query: Query, lexical: Any, documents: Collection[str] | None, limit: int) -> npt.NDArray[np.int64]:
        """Which passages to score: all of a small index (cheaper than choosing), the candidates of both halves in a large one."""
        if len(self.index.keys) > SMALL:
            return np.asarray(self._candidates(query, lexical, documents, limit), np.int64)
        if documents is None:
            return np.arange(len(self.index.passages), dtype=np.int64)
        allowed = set(documents)
        return np.asarray([n for n, p in enumerate(self.index.passages) if p.doc_id in allowed], np.int64)

    def _score_many(self, numbers: npt.NDArray[np.int64], query: Query, share: Any, keep: int) -> list[Scored]:
        """The best ``keep`` of some passages, unordered, each by its best key of every kind."""
        starts, ends = self._starts[numbers], self._starts[numbers + 1]
        whole = len(numbers) == len(self.index.passages)
        rows = None if whole else np.concatenate([np.arange(s, e) for s, e in zip(starts, ends, strict=True)])
        edges = starts if whole else np.concatenate([[0], np.cumsum(ends - starts)[:-1]])
        always, bare = self._costs
        kinds = self.index.keys[:, 1] if rows is None else self.index.keys[rows, 1]
        value = self.deviations(query, rows)
        if not query.wants_source:
            value = value - (bare if rows is None else bare[rows])
        top = np.maximum.reduceat(value - (always if rows is None else always[rows]), edges)
        passage, question, unit = (np.maximum.reduceat(np.where(kinds == kind, value, -9.0), edges) for kind in KeyKind)
        same = self._english[numbers] == (query.language == "en")
        weight = np.where(same, self.fusion.sparse_same, self.fusion.sparse_cross)
        raw = top + self.fusion.passage * passage + weight * share[numbers]
        best = np.argpartition(-raw, keep)[:keep] if len(raw) > keep else np.arange(len(raw))
        columns = (numbers, raw, top, passage, question, unit, share[numbers])
        return [Scored(int(n), *rest) for n, *rest in zip(*(c[best].tolist() for c in columns), strict=True)]

    def _candidates(self, query: Query, lexical: Any, documents: Collection[str] | None, limit: int) -> list[int]:
        allowed = None if documents is None else set(documents)

        def keep(number: int) -> bool:
            return allowed is None or self.index.passages[number].doc_id in allowed

        wide = min(len(self.index.keys), limit * (24 if allowed is not None else 6))
        chosen: dict[int, None] = {}
        for direction in {id(d): d for d in (query.same, query.cross)}.values():
            ids, _ = self.index.dense.search(direction.vector.astype(np.float32), wide)
            near = dict.fromkeys(n for n in self.index.keys[ids, 0].tolist() if keep(n))
            chosen.update(dict.fromkeys(list(near)[:limit]))
        taken = 0
        for number in np.lexsort((np.arange(len(lexical)), -lexical)).tolist():
            if taken >= limit or lexical[number] <= 0:
                break
            if keep(number):
                chosen[number] = None
                taken += 1
        return list(chosen)

    def hit(self, scored: Scored) -> Hit:
        """A Scored as the record that others see: every part in 0..1."""
        return Hit(self.index.passages[scored.number], self._unit(scored.raw), self._parts(scored))

    def _unit(self, raw: float) -> float:
        return 1.0 / (1.0 + math.exp(-(raw - self.fusion.middle) / self.fusion.width))

    def _parts(self, s: Scored) -> dict[str, float]:
        def plain(deviations: float) -> float:
            return round(min(1.0, max(0.0, deviations / 6.0)), 4)  # six deviations are as good as a match gets

        return {
            "dense": plain(s.dense),
            "passage": plain(s.passage),
            "question": plain(s.question),
            "unit": plain(s.unit),
            "sparse": round(min(1.0, max(0.0, s.sparse)), 4),
        }

    def evidence(self, query: Query, scored: Sequence[Scored]) -> list[Evidence]:
        """Hits with the relevance of each unit, in the order given."""
        out: list[Evidence] = []
        for one in scored:
            first, last = self.index.unit_range[one.number]
            rows = self.index.unit_rows[first:last].astype(np.int64)
            relevance = np.full(last - first, -9.0)
            if (rows >= 0).any():
                relevance[rows >= 0] = self.deviations(query, rows[rows >= 0])
            out.append(Evidence(self.hit(one), tuple(self.index.units[first:last]), tuple(relevance.tolist()), one.question, one.raw))
        return out

    @property
    def rereads(self) -> bool:
        """Whether there is a judge and it has a say in the order."""
        return self.judge is not None and self.fusion.judge > 0

    def reread(self, query: Query, found: Sequence[Evidence]) -> list[Evidence]:
        """The evidence in a better order: a judge reads the best passages beside the question; the others keep their order below those.

        Without a judge that has a say, and for a question after a source, nothing changes: a pointer answers no question, however well it is read.
        """
        if self.judge is None or not self.rereads or query.wants_source or not found:
            return list(found)
        seen: list[str] = []
        spent = 0.0
        for evidence in found[:READ_AT_MOST]:
            text = view(evidence.hit.passage, evidence.units, evidence.relevance)
            spent += weight(text) + weight(query.text)
            if len(seen) >= 3 and spent > READ_BUDGET:
                break
            seen.append(text)
        judged = [float(p) for p in self.judge.answers([(query.text, text) for text in seen])]
        values = [e.raw + self.fusion.judge * log_odds(p) for e, p in zip(found, judged, strict=False)]
        order = sorted(range(len(seen)), key=lambda n: (-round(values[n], 9), found[n].hit.passage.id))
        out = []
        for n in order:
            hit = found[n].hit
            hit = replace(hit, score=self._unit(values[n]), parts={**hit.parts, "judge": round(judged[n], 4)})
            out.append(replace(found[n], hit=hit, judged=judged[n]))
        lowest = out[-1].hit.score
        return [*out, *(replace(e, hit=replace(e.hit, score=min(e.hit.score, lowest))) for e in found[len(seen) :])]

    def evidence_of(self, query: Query, numbers: Sequence[int]) -> list[Evidence]:
        """Evidence of given passages, scored like any other, in the order given."""
        if not numbers:
            return []
        share = self.index.bm25.scores(query.terms) / self.index.bm25.ceiling(query.terms)
        scored = {s.number: s for s in self._score_many(np.asarray(sorted(set(numbers)), np.int64), query, share, len(numbers))}
        return self.evidence(query, [scored[n] for n in numbers])

    def search(self, text: str, k: int = 10, documents: Collection[str] | None = None, limit: int = 60) -> list[Hit]:
        """The ``k`` best passages for a question, ordered by (-score, id); fewer where there are fewer.

        Args:
            text: the question; an empty one finds nothing.
            k: how many.
            documents: only passages of these document ids.
            limit: how many candidates each half contributes.
        """
        if not text.strip():
            return []
        query = self.query(text)
        scored = self.score(query, documents, max(limit, k))[: max(k, READ_AT_MOST)]
        if not self.rereads:
            return [self.hit(s) for s in scored[:k]]
        read = self.reread(query, self.evidence(query, scored[:READ_AT_MOST]))
        lowest = min((e.hit.score for e in read), default=0.0)
        # Passages that were not read stay below those that were.
        rest = [replace(hit, score=min(hit.score, lowest)) for hit in map(self.hit, scored[READ_AT_MOST:])]
        return [*(e.hit for e in read), *rest][:k]


def translation(text: str, language: Language) -> str:
    """The concepts a text names, in another language, by the glossary's first form each; names it has no entry for stay as they are."""
    forms = first_forms(language)
    found = mentions(text)
    words = [forms.get(concept, word) for word, concept in found]
    known = " ".join(word for word, _ in found)
    names = [w for w in _NAME.findall(text) if w.lower() not in known]
    return " ".join(dict.fromkeys([*words, *names])) if words else ""


@lru_cache(maxsize=4096)
def nearest(term: str, words: tuple[str, ...]) -> str | None:
    """The known word nearest to a misspelt one, if it is near: optimal string alignment similarity of at least 80 of 100."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    found = process.extractOne(term, words, scorer=OSA.normalized_similarity, score_cutoff=_FUZZY_SCORE / 100)
    return str(found[0]) if found else None


def passage_numbers(index: Index, passages: Sequence[Passage]) -> list[int]:
    """The positions of passages in an index."""
    return [index.number[p.id] for p in passages]
