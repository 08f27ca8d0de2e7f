"""The question bank: questions by id, area, difficulty and document, and by their words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from rag.bank.questions import Placed, question_files, read_questions
from rag.bank.tree import one_line
from rag.errors import BankError, UserInputError
from rag.records import Language, Question
from rag.text import content_terms, normalise


def same_document(path: str, doc_id: str) -> bool:
    """Whether a bank's document path means the document ``doc_id``.

    Paths are written relative to ``corpus/``; where the corpus folder is a part of it, ids lack the leading folders.
    """
    return bool(doc_id) and (path == doc_id or path.endswith("/" + doc_id))


class Bank:
    """Questions in file order, read-only.

    Raises:
        BankError: two questions have one id.
    """

    def __init__(self, questions: Iterable[Question] = ()) -> None:
        self.questions = tuple(questions)
        self.by_id: Mapping[str, Question] = {q.id: q for q in self.questions}
        if len(self.by_id) != len(self.questions):
            twice = sorted(i for i, n in Counter(q.id for q in self.questions).items() if n > 1)
            raise BankError(one_line([f"id '{i}' is used more than once" for i in twice], "question bank"))

    def __len__(self) -> int:
        return len(self.questions)

    def __iter__(self) -> Iterator[Question]:
        return iter(self.questions)

    def __contains__(self, question_id: object) -> bool:
        return question_id in self.by_id

    def __getitem__(self, question_id: str) -> Question:
        """The question with that id.

        Raises:
            UserInputError: there is none.
        """
        try:
            return self.by_id[question_id]
        except KeyError:
            raise UserInputError(f"no question with id {question_id!r}; `select` and `find` list those there are") from None

    @cached_property
    def areas(self) -> tuple[str, ...]:
        """The areas in the order of their first question."""
        return tuple(dict.fromkeys(q.area for q in self.questions))

    def in_area(self, area: str) -> tuple[Question, ...]:
        """The questions of an area, in file order; none where there is no such area."""
        return self._by_area.get(area, ())

    def select(
        self,
        *,
        areas: Iterable[str] | None = None,
        difficulties: Iterable[int] | None = None,
        doc: str | None = None,
        automatic: bool | None = None,
    ) -> tuple[Question, ...]:
        """The questions that meet every given condition, in file order.

        Args:
            areas: any of these areas.
            difficulties: any of these (1 basic, 2 standard, 3 hard).
            doc: the document ``doc`` asks it (see :func:`same_document`).
            automatic: only those drawn by the program, or only those written by hand.
        """
        in_areas = None if areas is None else frozenset(areas)
        at = None if difficulties is None else frozenset(difficulties)
        return tuple(
            q
            for q in self.questions
            if (in_areas is None or q.area in in_areas)
            and (at is None or q.difficulty in at)
            and (doc is None or any(same_document(a.doc_id, doc) for a in q.asked))
            and (automatic is None or q.automatic == automatic)
        )

    def with_questions(self, more: Iterable[Question]) -> Bank:
        """A bank of these questions and more.

        Raises:
            BankError: an id is taken.
        """
        return Bank((*self.questions, *more))

    def handbook(self, question: Question, language: Language) -> str | None:
        """The handbook page of a question, relative to the corpus folder; its heading there is the question's text."""
        return f"handbook/{language}/{question.handbook}" if question.handbook else None

    def exact(self, text: str) -> Question | None:
        """The question with just these words (its id, its text, or the words of a document), whatever the case, width and spacing."""
        return self._by_words.get(_words(text))

    def find(self, text: str, limit: int = 5) -> tuple[Question, ...]:
        """The questions nearest in wording, best first: an exact match, then by the rarity of shared terms; none without a shared term.

        Terms are those of :func:`rag.text.content_terms`, so known concepts meet across the two languages. The score is the cosine of the
        two bags of terms weighted by inverse document frequency; ties go by id.
        """
        first = self.exact(text)
        wanted = self._weights(content_terms(text))
        norm = math.sqrt(math.fsum(w * w for w in wanted.values()))
        scored: list[tuple[float, str]] = []
        for question_id, own in self._terms.items():
            shared = math.fsum(w * own[t] for t, w in wanted.items() if t in own)
            if shared > 0 and (first is None or question_id != first.id):
                scored.append((shared / (norm * math.sqrt(math.fsum(w * w for w in own.values()))), question_id))
        scored.sort(key=lambda s: (-s[0], s[1]))
        found = [first] if first is not None else []
        return tuple([*found, *(self.by_id[i] for _, i in scored)][: max(limit, 0)])

    @cached_property
    def _by_area(self) -> dict[str, tuple[Question, ...]]:
        return {area: tuple(q for q in self.questions if q.area == area) for area in self.areas}

    @cached_property
    def _by_words(self) -> dict[str, Question]:
        words: dict[str, Question] = {}
        for question in self.questions:
            for said in (question.id, question.text.zh, question.text.en):
                words.setdefault(_words(said), question)
        for question in self.questions:
            for asking in question.asked:
                words.setdefault(_words(asking.quote), question)
        words.pop("", None)
        return words

    @cached_property
    def _bags(self) -> dict[str, frozenset[str]]:
        return {q.id: frozenset(content_terms(f"{q.text.zh}\n{q.text.en}\n{' '.join(a.quote for a in q.asked)}")) for q in self.questions}

    @cached_property
    def _frequency(self) -> Counter[str]:
        return Counter(term for bag in self._bags.values() for term in bag)

    def _weights(self, terms: Iterable[str]) -> dict[str, float]:
        return {t: math.log(1 + len(self.questions) / (1 + self._frequency[t])) for t in sorted(set(terms))}

    @cached_property
    def _terms(self) -> dict[str, dict[str, float]]:
        return {question_id: self._weights(bag) for question_id, bag in self._bags.items()}


def _words(text: str) -> str:
    return "".join(c for c in normalise(text) if c.isalnum())


def load_bank(*folders: str | Path) -> Bank:
    """The questions of all ``.yaml`` files of the folders (not of their subfolders), folders in the given order, files by name.

    Raises:
        BankError: a folder is absent, or an entry does not validate; one message with every fault, each naming file, entry, field, the value
            and what is accepted. An id used twice is named with both places.
    """
    faults: list[str] = []
    first: dict[str, Placed] = {}
    questions: list[Question] = []
    for file in dict.fromkeys(f for folder in folders for f in question_files(Path(folder), faults)):
        for placed in read_questions(file, faults):
            known = first.setdefault(placed.question.id, placed)
            if known is not placed:
                taken = f"already used in {known.file} (line {known.line})"
                faults.append(f"{placed.file}: entry '{placed.question.id}' (line {placed.line}): id: {taken}; accepted: an id of its own")
                continue
            questions.append(placed.question)
    if faults:
        raise BankError(one_line(faults, "question bank"))
    return Bank(questions)
