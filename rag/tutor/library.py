"""The documents, the index, the question bank and the known mistakes that the tutor works on."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock

from rag.answer.compose import cite
from rag.answer.select import HANDBOOK
from rag.bank import Bank, Errata, load_bank, load_errata, same_document
from rag.config import ROOT, Settings
from rag.judge import CrossEncoderJudge, Judge
from rag.models import TransformerEncoder
from rag.records import Document, Question
from rag.search import Fusion, Searcher
from rag.store import BuildReport, Index, Progress, build_index, load_index

CHOSEN_RERANKER = 0.5
"""The weight of a reranker's log odds, cut at four either way, beside a fused score in deviations: it can move a passage by two."""


class Library:
    """One corpus with its index, bank and errata. Reads are safe from several threads."""

    def __init__(self, settings: Settings, encoder: TransformerEncoder, index: Index, judge: Judge | None = None) -> None:
        self.settings = settings
        self.encoder = encoder
        self.judge = judge
        self._searcher = self._over(index)
        self._building = Lock()
        self._links_of: tuple[Index, dict[str, list[tuple[int, int, Question]]], dict[tuple[str, str], list[int]]] | None = None

    def _over(self, index: Index) -> Searcher:
        """A searcher; a reranker that the reader chose has a say in the order, the bundled judge as much as its fit gave it (docs/decisions/007)."""
        fusion = Fusion.shipped()
        if isinstance(self.judge, CrossEncoderJudge):
            fusion = replace(fusion, judge=CHOSEN_RERANKER)
        return Searcher(index, self.encoder, fusion, self.judge)

    @property
    def index(self) -> Index:
        """The index in use."""
        return self._searcher.index

    def rebuild(self, *, rebuild: bool = False, progress: Progress | None = None) -> BuildReport:
        """Bring the index up to date and use the new one; questions asked meanwhile are answered from the old one."""
        with self._building:
            report = build_index(self.settings.corpus, self.settings.index, self.encoder, rebuild=rebuild, progress=progress)
            searcher = self._over(load_index(self.settings.index, self.encoder))
            searcher.score(searcher.query("warm up"))  # so that the first question after the swap does not wait
            self._searcher = searcher
        return report

    def documents(self) -> list[Document]:
        """The indexed documents, by id."""
        return [self.index.documents[name] for name in sorted(self.index.documents)]

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
        """Copy a document, or a folder as zip, into the corpus folder (under ``mine/``) and index it; nothing else is embedded again."""
        from rag.corpus.intake import bring_in

        bring_in(path, self.settings.corpus)
        return self.rebuild(progress=progress)

    def remove(self, doc_id: str, *, progress: Progress | None = None) -> BuildReport:
        """Take a document out of the corpus folder and the index."""
        from rag.corpus.intake import take_out

        take_out(doc_id, self.settings.corpus)
        return self.rebuild(progress=progress)

    @cached_property
    def bank(self) -> Bank:
        """The question bank: ``bank/`` in the corpus folder, beside it, or shipped with the program; empty where there is none."""
        places = (self.settings.corpus / "bank", self.settings.corpus.parent / "bank", ROOT / "corpus" / "bank")
        return load_bank(*[p for p in places if p.is_dir()][:1])

    @property
    def _asked_in(self) -> dict[str, list[tuple[int, int, Question]]]:
        return self._links()[0]

    @property
    def _handbook_entries(self) -> dict[tuple[str, str], list[int]]:
        return self._links()[1]

    def _links(self) -> tuple[dict[str, list[tuple[int, int, Question]]], dict[tuple[str, str], list[int]]]:
        """Where the bank's questions are asked (document, span) and where the handbook answers them, for the index in use."""
        index = self.index
        if self._links_of is None or self._links_of[0] is not index:
            asked: dict[str, list[tuple[int, int, Question]]] = {}
            entries: dict[tuple[str, str], list[int]] = {}
            for n, passage in enumerate(index.passages):
                folders = passage.doc_id.split("/")
                if HANDBOOK in folders[:-1] and passage.question:
                    entries.setdefault(("/".join(folders[folders.index(HANDBOOK) + 1 :]), passage.question), []).append(n)
            for question in self.bank if entries else ():
                for asking in question.asked:
                    for doc_id, document in index.documents.items():
                        at = document.source.find(asking.quote) if same_document(asking.doc_id, doc_id) else -1
                        if at >= 0:
                            asked.setdefault(doc_id, []).append((at, at + len(asking.quote), question))
            self._links_of = (index, asked, entries)
        return self._links_of[1], self._links_of[2]

    @cached_property
    def errata(self) -> Errata:
        """The known mistakes of the corpus's documents: ``errata.yaml`` in the corpus folder, beside it, or shipped with the program."""
        places = (self.settings.corpus / "errata.yaml", self.settings.corpus.parent / "errata.yaml", ROOT / "corpus" / "errata.yaml")
        return (
            load_errata(*(p for p in places[:2] if p.is_file()))
            if any(p.is_file() for p in places[:2])
            else load_errata(*(p for p in places[2:] if p.is_file()))
        )
