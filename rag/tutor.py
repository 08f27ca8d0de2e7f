"""The only place that composes search, answer, grade, interview and history."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rag.answer import Chosen, choose, compose, is_pointer, phrase
from rag.answer.answerable import Answerability, signals
from rag.answer.compose import cite
from rag.answer.followup import Standalone, standalone
from rag.answer.gate import gate
from rag.answer.parts import split_parts
from rag.answer.refuse import refusal, small_talk
from rag.config import Settings
from rag.errors import IndexMissing
from rag.models import TransformerEncoder
from rag.records import Answer, Asked, Document, Evidence, Hit, Sentence
from rag.search import Query, Searcher
from rag.store import BuildReport, Index, Progress, build_index, is_stale, load_index
from rag.text import language_of

MAX_QUESTION = 2000
MAX_HISTORY = 12
CONTEXT_WEIGHT = 0.35
EVIDENCE = 12


class Tutor:
    """Search, answers, grades and interviews over one corpus. Reads are safe from several threads.

    Build one with :meth:`open`; it holds the encoder and the index for as long as it lives.
    """

    def __init__(self, settings: Settings, encoder: TransformerEncoder, index: Index) -> None:
        self.settings = settings
        self.encoder = encoder
        self._searcher = Searcher(index, encoder)

    @classmethod
    def open(cls, settings: Settings | None = None, *, report: Callable[[str], None] | None = None, progress: Progress | None = None) -> Tutor:
        """Load the index, building it first where there is none and bringing it up to date where the corpus changed.

        Raises:
            IndexForeign, IndexDamaged: the index needs a rebuild; the message says how.
            CorpusError, ModelError: as their names say.
        """
        settings = settings or Settings.load()
        encoder = TransformerEncoder(settings.encoder, settings.cache_dir, report)
        try:
            index = load_index(settings.index, encoder)
            if settings.corpus.is_dir() and is_stale(index.manifest, settings.corpus):
                build_index(settings.corpus, settings.index, encoder, progress=progress)
                index = load_index(settings.index, encoder)
        except IndexMissing:
            build_index(settings.corpus, settings.index, encoder, progress=progress)
            index = load_index(settings.index, encoder)
        return cls(settings, encoder, index)

    @property
    def index(self) -> Index:
        """The index in use."""
        return self._searcher.index

    def rebuild(self, *, rebuild: bool = False, progress: Progress | None = None) -> BuildReport:
        """Bring the index up to date and use the new one; questions asked meanwhile are answered from the old one."""
        report = build_index(self.settings.corpus, self.settings.index, self.encoder, rebuild=rebuild, progress=progress)
        self._searcher = Searcher(load_index(self.settings.index, self.encoder), self.encoder)
        return report

    def documents(self) -> list[Document]:
        """The indexed documents, by id."""
        return [self.index.documents[name] for name in sorted(self.index.documents)]

    def search(self, query: str, k: int = 10, documents: Collection[str] | None = None) -> list[Hit]:
        """The ``k`` best passages, ordered by (-score, id)."""
        return self._searcher.search(query[:MAX_QUESTION], k, documents, self.settings.search.candidates)

    def ask(self, question: str, history: Sequence[Mapping[str, object]] = (), documents: Collection[str] | None = None) -> Answer:
        """Answer a question with citations, or say that the corpus has no answer."""
        answer: Answer | None = None
        for answer in self.ask_stream(question, history, documents):
            pass
        assert answer is not None
        return answer

    def ask_stream(
        self, question: str, history: Sequence[Mapping[str, object]] = (), documents: Collection[str] | None = None
    ) -> Iterator[Answer]:
        """Growing answers; the last one is whole."""
        final = self._answer(question[:MAX_QUESTION], list(history)[-MAX_HISTORY:], documents)
        for n in range(1, len(final.sentences)):
            yield replace(final, sentences=final.sentences[:n])
        yield final

    def _answer(self, question: str, history: Sequence[Mapping[str, object]], documents: Collection[str] | None) -> Answer:
        started = time.perf_counter()
        language = language_of(question)
        gated = gate(question, has_history=bool(history))
        if gated.kind is not None:
            return small_talk(question, gated.kind, language)
        read = standalone(gated.question, history)
        if not history and not read.followed and gate(gated.question).kind == "vague":
            return small_talk(question, "vague", language)
        searcher = self._searcher
        found, query = self._find(searcher, read, documents)
        searched = time.perf_counter()
        asked = replace(query.asked, text=read.search if read.followed else query.text)
        model = Answerability.shipped()
        confidence = model.probability(signals(asked, found, searcher.index))
        refuse_below = self.settings.answer.refuse_below if self.settings.answer.refuse_below is not None else model.refuse_below
        caution_below = self.settings.answer.caution_below if self.settings.answer.caution_below is not None else model.caution_below
        if not found or confidence < refuse_below:
            answer = refusal(question, read.text, language, confidence, found)
        else:
            answer = self._compose(searcher, question, read, asked, found, documents)
            answer = replace(answer, confidence=confidence, caution=confidence < caution_below)
        timings = {"search": searched - started, "answer": time.perf_counter() - searched}
        return replace(answer, timings={k: round(v * 1000, 1) for k, v in timings.items()})

    def _find(self, searcher: Searcher, read: Standalone, documents: Collection[str] | None) -> tuple[list[Evidence], Query]:
        """Evidence for a question; one that continues a conversation leans on the passages of what it continues."""
        query = searcher.query(read.search)
        scored = searcher.score(query, documents, self.settings.search.candidates)
        if read.followed and read.context and scored:
            before = {s.number: s.raw for s in searcher.score(searcher.query(read.context), documents, self.settings.search.candidates)}
            floor = min(before.values(), default=0.0)
            leaning = [replace(s, raw=s.raw + CONTEXT_WEIGHT * (before.get(s.number, floor) - floor)) for s in scored]
            scored = sorted(leaning, key=lambda s: (-round(s.raw, 9), searcher.index.passages[s.number].id))
        return searcher.evidence(query, scored[:EVIDENCE]), query

    def _compose(
        self, searcher: Searcher, question: str, read: Standalone, asked: Asked, found: Sequence[Evidence], documents: Collection[str] | None
    ) -> Answer:
        chosen = choose(asked, found, searcher.index)
        sentences = compose(asked, chosen, searcher.index)
        parts = split_parts(read.text)
        if parts.items and not self._covers_all(chosen, [name for name, _ in parts.items]):
            by_part = self._compose_parts(searcher, asked, parts.items, documents)
            if by_part:
                sentences, chosen = by_part
        return Answer(question, read.text, asked.language, tuple(sentences), hits=tuple(c.evidence.hit for c in chosen) or tuple(e.hit for e in found[:3]))

    @staticmethod
    def _covers_all(chosen: Sequence[Chosen], names: Sequence[str]) -> bool:
        """Whether the first passage speaks of every part itself."""
        if not chosen:
            return False
        passage = chosen[0].evidence.hit.passage
        text = (" ".join(passage.heading_path) + " " + passage.text).lower()
        return all(name.lower() in text for name in names)

    def _compose_parts(
        self, searcher: Searcher, asked: Asked, items: Sequence[tuple[str, str]], documents: Collection[str] | None
    ) -> tuple[list[Sentence], list[Chosen]] | None:
        """One block a part, each found and judged on its own; None where fewer than two parts have an answer."""
        model = Answerability.shipped()
        refuse_below = self.settings.answer.refuse_below if self.settings.answer.refuse_below is not None else model.refuse_below
        out: list[Sentence] = []
        taken: list[Chosen] = []
        answered = 0
        for name, part in items:
            found, query = self._find(searcher, Standalone(part, part, False), documents)
            inner = Asked(part, asked.language, query.terms, asked.wants_source)
            out.append(Sentence(phrase("part", asked.language, part=name), kind="frame"))
            sure = found and model.probability(signals(inner, found, searcher.index)) >= refuse_below
            chosen = choose(inner, found, searcher.index)[:1] if sure else []
            if chosen:
                out += compose(inner, chosen, searcher.index)
                taken += chosen
                answered += 1
            else:
                out.append(Sentence(phrase("part_missing", asked.language, part=name), kind="frame"))
        return (out, taken) if answered >= 2 else None

    def warm(self) -> None:
        """Load what the first question would wait for."""
        self._searcher.search("warm up", 1)
        _ = self._searcher.index.same_question

    def source(self, doc_id: str) -> Document | None:
        """A document with its whole source text, or None."""
        return self.index.documents.get(doc_id)

    def cited(self, doc_id: str, start: int, end: int) -> str | None:
        """The quote of a span, or None where there is no such span."""
        document = self.source(doc_id)
        if document is None or not 0 <= start < end <= len(document.source):
            return None
        return cite(document, start, end).quote

    def add(self, path: Path, *, progress: Progress | None = None) -> BuildReport:
        """Copy a document into the corpus folder (under ``mine/``) and index it; nothing else is embedded again."""
        from rag.corpus.intake import copy_in

        copy_in(path, self.settings.corpus)
        return self.rebuild(progress=progress)

    def remove(self, doc_id: str, *, progress: Progress | None = None) -> BuildReport:
        """Take a document out of the corpus folder and the index."""
        from rag.corpus.intake import take_out

        take_out(doc_id, self.settings.corpus)
        return self.rebuild(progress=progress)


def answered_by_pointer(found: Sequence[Evidence]) -> bool:
    """Whether the best passage only names pages or sources."""
    return bool(found) and is_pointer(found[0])
