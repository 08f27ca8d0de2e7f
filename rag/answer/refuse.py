"""Answers that are none: small talk, questions asked back, honest refusals with what comes closest."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answer.phrases import EXAMPLES, phrase
from rag.records import Answer, Evidence, Language, Sentence
from rag.text import ANY_FIELD, CONCEPT, content_terms

MAX_CLOSEST = 3


def small_talk(question: str, kind: str, language: Language) -> Answer:
    """The short reply to a text that is no question: it never searches and never repeats what it was told."""
    text = phrase(kind, language, example=EXAMPLES[language]) if kind in {"vague", "gibberish"} else phrase(kind, language)
    return Answer(question, "", language, (Sentence(text, kind="refusal"),), abstained=True, confidence=0.0, closest=(EXAMPLES[language],), engine="none")


def refusal(question: str, standalone: str, language: Language, confidence: float, found: Sequence[Evidence]) -> Answer:
    """One honest sentence, the questions the corpus can answer instead, and the nearest passages marked as such."""
    hits = tuple(e.hit for e in found[:3])
    return Answer(
        question,
        standalone,
        language,
        (Sentence(phrase("refuse", language), kind="refusal"),),
        abstained=True,
        confidence=confidence,
        closest=closest_questions(standalone, found, language),
        hits=hits,
    )


def closest_questions(question: str, found: Sequence[Evidence], language: Language) -> tuple[str, ...]:
    """Questions that the corpus can answer, nearest first: those the nearest passages answer, in the reader's language where there is one. Those that
    name something which was asked about; where none does, as to a question of another field, only the nearest that reads as a question, to show what the
    notes are about.
    """
    asked = _topics(question)
    answered = [e.hit.passage for e in found if e.hit.passage.kind != "pointer"]
    mine = [p for p in answered if p.language == language] or answered
    names = list(dict.fromkeys(n for p in mine if (n := p.question or (p.heading_path[-1] if p.heading_path else ""))))
    related = [n for n in names if asked & _topics(n)]
    return tuple(related[:MAX_CLOSEST] or sorted(names, key=lambda n: not n.endswith(("?", "？")))[:1])


def _topics(text: str) -> set[str]:
    """What a text speaks of: its concepts and words, without those of how something is asked."""
    return {t for t in content_terms(text) if t.removeprefix(CONCEPT) not in ANY_FIELD}
