"""Replies graded, each key point with the passage that holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rag.answer.compose import cite
from rag.answer.select import HANDBOOK
from rag.bank import automatic_questions, same_document
from rag.grade import Grader
from rag.records import Asking, Bilingual, Citation, Grade, KeyPoint, Language, Question
from rag.store import Index
from rag.tutor.answering import Answering
from rag.tutor.opinion import with_opinion

MAX_REPLY = 6000
HOLDS = 0.5
"""How far above the mean of the index, in standard deviations, a unit must lie to count as holding a key point."""
STATING = frozenset({"text", "item", "row", "formula"})


class Grading(Answering):
    """Grades over the library."""

    _sources_of: tuple[Index, dict[tuple[str, Language], dict[str, Citation]]] | None = None
    _pool_of: tuple[Index, tuple[Question, ...]] | None = None

    @property
    def grader(self) -> Grader:
        """The grader over the encoder and the judge in use."""
        return Grader(self.encoder, self.judge, self.settings.grading.strictness)

    def grade(
        self,
        question: str,
        key_points: Sequence[KeyPoint],
        reply: str,
        reference: str | Sequence[str] | None = None,
        misconceptions: Sequence[Bilingual | str] = (),
        *,
        language: Language | None = None,
    ) -> Grade:
        """The grade of a reply. Key points of a question the bank knows carry a citation of the passage that holds them.

        Raises:
            UserInputError: neither key points nor a reference.
        """
        graded = self.grader.grade(question, key_points, reply[:MAX_REPLY], reference=reference, misconceptions=misconceptions, language=language)
        known = self.bank.exact(question)
        return self._with_opinion(graded if known is None else self._with_sources(graded, known), reply)

    def grade_question(self, question: Question, reply: str, language: Language, point: KeyPoint | None = None, asked: str | None = None) -> Grade:
        """The grade of a reply to a question of the pool; for a follow-up, of the one ``point`` that ``asked`` is about."""
        points = question.key_points if point is None else (point,)
        text = asked or question.text.in_language(language)
        graded = self.grader.grade(text, points, reply[:MAX_REPLY], misconceptions=question.misconceptions, language=language)
        graded = self._with_sources(graded, question)
        return self._with_opinion(graded, reply) if point is None else graded

    def prepare_grading(self, question: Question, language: Language) -> None:
        """Compute ahead what grading a reply to a question will need, so that whoever sends one waits less."""
        self.grader.prepare(question.text.in_language(language), question.key_points, question.misconceptions, language)
        self.sources(question, language)

    def _with_opinion(self, graded: Grade, reply: str) -> Grade:
        """What the optional model thinks of a grade too, where that is wanted."""
        wanted = self.settings.grading.second_opinion and self.settings.llm.enabled
        return with_opinion(graded, reply[:MAX_REPLY], self.settings.llm) if wanted else graded

    @property
    def pool(self) -> tuple[Question, ...]:
        """Every question that can be asked: the bank's with the ids of the documents in use, then those drawn from documents the bank does not know."""
        return self._pool()[1]

    def _pool(self) -> tuple[Index, tuple[Question, ...]]:
        index = self.index
        if self._pool_of is None or self._pool_of[0] is not index:
            placed = [_placed(question, index) for question in self.bank]
            asked_in = {asking.doc_id for question in placed for asking in question.asked}
            numbers: dict[str, list[int]] = {}
            for n, passage in enumerate(index.passages):
                numbers.setdefault(passage.doc_id, []).append(n)
            drawn: list[Question] = []
            for doc_id in sorted(numbers):
                if doc_id not in asked_in and HANDBOOK not in doc_id.split("/")[:-1]:
                    units = [unit for n in numbers[doc_id] for unit in index.units_of(n)]
                    drawn += automatic_questions(index.documents[doc_id], [index.passages[n] for n in numbers[doc_id]], units)
            self._pool_of = (index, (*placed, *drawn))
        return self._pool_of

    def _with_sources(self, graded: Grade, question: Question) -> Grade:
        sources = self.sources(question, graded.language)
        points = tuple(replace(p, citations=(sources[p.point_id],)) if p.point_id in sources and not p.citations else p for p in graded.points)
        return replace(graded, points=points)

    def sources(self, question: Question, language: Language) -> dict[str, Citation]:
        """For each key point of a question, the span of the handbook, or of the document that asks it, that says it; by id, absent where none does."""
        index = self.index
        if self._sources_of is None or self._sources_of[0] is not index:
            self._sources_of = (index, {})
        known = self._sources_of[1]
        key = (question.id, language)
        if key not in known:
            numbers = self._places(question, language)
            known[key] = {p.id: found for p in question.key_points if (found := self._holding(p.text.in_language(language), numbers)) is not None}
        return known[key]

    def _holding(self, statement: str, numbers: Sequence[int]) -> Citation | None:
        """The unit of those passages that is nearest to a statement, if it is near enough."""
        searcher, index = self._searcher, self.index
        units = [n for number in numbers for n in range(*index.unit_range[number]) if index.units[n].kind in STATING and index.unit_rows[n] >= 0]
        if not units:
            return None
        relevance = searcher.deviations(searcher.query(statement), index.unit_rows[units].astype(np.int64))
        at = int(np.argmax(np.round(relevance, 6)))
        if relevance[at] < HOLDS:
            return None
        unit = index.units[units[at]]
        return cite(index.documents[index.passages[index.number[unit.passage_id]].doc_id], unit.start, unit.end)

    def _places(self, question: Question, language: Language) -> list[int]:
        """The passages that answer a question: its entry in the handbook, else where a document asks it."""
        index = self.index
        other: Language = "en" if language == "zh" else "zh"
        for code in (language, other) if question.handbook else ():
            entries = self._handbook_entries.get((f"{code}/{question.handbook}", question.text.in_language(code)))
            if entries:
                return entries
        found: dict[int, None] = {}
        for asking in question.asked:
            for doc_id, document in index.documents.items():
                at = document.source.find(asking.quote) if same_document(asking.doc_id, doc_id) else -1
                if at < 0:
                    continue
                for passage in index.passages:
                    if passage.doc_id == doc_id and passage.start < at + len(asking.quote) and at < passage.end:
                        found.update(dict.fromkeys(index.same_question[doc_id, passage.heading_path]))
        return list(found)


def _placed(question: Question, index: Index) -> Question:
    """A question of the bank with the ids of the documents in use, the ones absent from them left out."""
    asked = [Asking(doc_id, a.quote) for a in question.asked for doc_id in index.documents if same_document(a.doc_id, doc_id)]
    return replace(question, asked=tuple(asked))
