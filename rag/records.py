"""The records that every layer speaks in: frozen, slotted, free of behaviour beyond derived views.

Offsets are code-point offsets into a document's decoded source text, half open: ``source[start:end]``.
Scores shown to anyone are in 0..1, higher is better; a grade is in 0..100.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

PassageKind = Literal["qa", "comment", "list", "table", "pointer", "prose"]
Language = Literal["zh", "en"]
Verdict = Literal["hit", "partial", "missed"]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the span it governs (up to the next heading of its level or above)."""

    title: str
    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Block:
    """The smallest structural unit of a document: one heading, paragraph line group, list item, table row ...

    ``kind`` is one of title, question, text, item, row, table_head, formula, code, quote, pages, reference, rule,
    signature, note, aside (a label such as 出处 and what follows it). ``text`` is the clean text of the span without markup; ``start`` and
    ``end`` delimit it in the source.
    """

    kind: str
    start: int
    end: int
    text: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file. ``id`` is its path relative to the corpus folder, with forward slashes."""

    id: str
    source: str
    sha256: str
    title: str
    language: Language
    sections: tuple[Section, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A span that answers one question. ``text == document.source[start:end]`` always holds."""

    id: str
    doc_id: str
    start: int
    end: int
    text: str
    kind: PassageKind
    heading_path: tuple[str, ...] = ()
    question: str | None = None
    author: str | None = None
    pages: str | None = None
    language: Language = "zh"


@dataclass(frozen=True, slots=True)
class Unit:
    """A citable sentence, list item, table row or formula inside a passage, with its clean text."""

    passage_id: str
    start: int
    end: int
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a query. ``parts`` shows what the score was made of, each in 0..1."""

    passage: Passage
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Citation:
    """An exact span of a source document: ``source[start:end] == quote`` always holds."""

    doc_id: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer with what it rests on. Sentences of kind ``frame`` only introduce and cite nothing."""

    text: str
    citations: tuple[Citation, ...] = ()
    kind: str = "claim"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the program understood it: its own words, or those of the conversation it stands in."""

    text: str
    language: Language
    terms: tuple[str, ...] = ()
    wants_source: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """A hit with how well each of its units fits the question.

    ``relevance`` is aligned with ``units``, in standard deviations above the mean key of the index; -9.0 for a unit that has no vector of its
    own (heads, page lines). ``question`` is the same figure for the question line the passage answers, ``raw`` the fused score before it is
    mapped to 0..1. ``judged`` is the probability that the passage answers the question, None where no judge has read it.
    """

    hit: Hit
    units: tuple[Unit, ...]
    relevance: tuple[float, ...]
    question: float
    raw: float
    judged: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose every sentence cites its source, or an honest refusal.

    ``abstained`` says that the corpus has no answer; then ``sentences`` holds the refusal and ``closest`` questions the corpus can
    answer. ``confidence`` is the calibrated probability that the corpus answers. ``engine`` is ``evidence`` or the name of the model that
    phrased it. ``violations`` lists citations a model invented.
    """

    question: str
    standalone_question: str
    language: Language
    sentences: tuple[Sentence, ...]
    abstained: bool = False
    caution: bool = False
    confidence: float = 0.0
    closest: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = ()
    engine: str = "evidence"
    notices: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The whole answer as Markdown, without citation marks."""
        return join_sentences(self.sentences)


def join_sentences(sentences: tuple[Sentence, ...]) -> str:
    """Sentences as Markdown: items as a list, formulas and code on lines of their own, claims as running text, in the item they follow."""
    out: list[str] = []
    last = ""
    for sentence in sentences:
        kind, text = sentence.kind, sentence.text
        if kind in {"item", "row"}:
            out.append(("" if last in {"item", "row"} else "\n") + f"- {text}\n")
        elif kind == "step":
            out.append(("" if last == "step" else "\n") + f"{text}\n")
        elif kind == "paragraph":
            out.append(f"\n{text}" if out else text)
        elif kind in {"frame", "caution", "pointer", "erratum", "formula", "code", "block"}:
            out.append(f"\n{text}\n")
        elif last in {"item", "row", "step"}:
            out[-1] = out[-1].rstrip("\n") + (" " if text[:1].isascii() else "") + f"{text}\n"
            continue
        else:
            glue = "" if not out or out[-1].endswith("\n") or not text[:1].isascii() else " "
            out.append(glue + text)
        last = kind
    return "".join(out).strip()


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A text in both languages; either may be empty in a user's own bank, not both."""

    zh: str
    en: str

    def in_language(self, language: Language) -> str:
        """The text in that language, or the other where it is missing."""
        return (self.zh or self.en) if language == "zh" else (self.en or self.zh)


@dataclass(frozen=True, slots=True)
class Asking:
    """Where a document asks a question: a literal quote of it."""

    doc_id: str
    quote: str


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """One thing a good reply says. Weights of a question's key points sum to 100."""

    id: str
    weight: int
    text: Bilingual


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question an interviewer asks when ``point`` was missed, or to go deeper."""

    point: str
    text: Bilingual


@dataclass(frozen=True, slots=True)
class Question:
    """An entry of the question bank. ``automatic`` marks one drawn from a document by the program."""

    id: str
    text: Bilingual
    area: str
    difficulty: int
    kind: str
    key_points: tuple[KeyPoint, ...]
    asked: tuple[Asking, ...] = ()
    handbook: str | None = None
    misconceptions: tuple[Bilingual, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    hints: tuple[Bilingual, ...] = ()
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Erratum:
    """A known mistake of a document, or a contradiction between documents."""

    id: str
    kind: Literal["mistake", "contradiction"]
    doc_id: str
    quote: str
    right: Bilingual
    why: Bilingual
    source: str
    against: tuple[Asking, ...] = ()


@dataclass(frozen=True, slots=True)
class PointGrade:
    """The verdict on one key point. ``evidence`` is the candidate's own words, empty when missed; ``strength`` is 0..1.

    ``corrected`` says that the candidate set the verdict, not the grader.
    """

    point_id: str
    text: str
    weight: int
    verdict: Verdict
    evidence: str = ""
    strength: float = 0.0
    citations: tuple[Citation, ...] = ()
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class WrongStatement:
    """Something the reply says that is wrong, and what it is held against."""

    said: str
    against: str
    kind: str = "contradiction"


@dataclass(frozen=True, slots=True)
class Grade:
    """The grade of one reply, 0..100, with the evidence of every verdict."""

    question: str
    score: float
    points: tuple[PointGrade, ...]
    wrong: tuple[WrongStatement, ...] = ()
    flags: tuple[str, ...] = ()
    feedback: str = ""
    language: Language = "zh"
    engine: str = "evidence"
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FollowUpAsked:
    """A follow-up question that was put, aimed at one key point.

    ``after`` is the number of the reply it followed, from 0. ``reply`` and ``grade`` are None while it waits, or when it was declined.
    ``grade`` is of that one key point.
    """

    point_id: str
    text: str
    after: int
    reply: str | None = None
    grade: Grade | None = None


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """One question of an interview with every reply to it and its grade, in order. ``skipped`` ones have no grade.

    ``grades`` already hold what the follow-ups lifted.
    """

    question_id: str
    text: str
    area: str
    difficulty: int
    replies: tuple[str, ...] = ()
    grades: tuple[Grade, ...] = ()
    follow_ups: tuple[FollowUpAsked, ...] = ()
    hints: int = 0
    skipped: bool = False

    @property
    def score(self) -> float | None:
        """The score that counts: the best grade; None when skipped or unanswered."""
        return max((g.score for g in self.grades), default=None)


@dataclass(frozen=True, slots=True)
class Reading:
    """Where to read up on a question: a heading of a document of the corpus."""

    doc_id: str
    heading: str
    question_id: str


@dataclass(frozen=True, slots=True)
class Report:
    """The end of an interview. ``total`` and areas are means over answered questions; skipped and never asked ones are counted apart."""

    session_id: str
    language: Language
    started: str
    finished: str
    total: float | None
    areas: Mapping[str, float]
    asked: tuple[AskedQuestion, ...]
    skipped: int = 0
    to_read: tuple[Reading, ...] = ()
    unasked: int = 0


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the history knows of one profile and one question. ``due`` is in UTC."""

    question_id: str
    last_score: float
    reviews: int
    last_asked: datetime
    due: datetime
