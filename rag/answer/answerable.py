"""How probable it is that the corpus answers: a logistic model over signals that mean the same in every corpus.

The weights are fitted by ``training/fit_answerable.py``; docs/decisions says why these signals. No signal looks at the words of a
particular question or corpus, and none is a raw cosine.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from rag.measure import log_odds
from rag.records import Asked, Evidence
from rag.store import Index
from rag.text import ANY_FIELD, CONCEPT, compounds, glossed_share, tokenize

SIGNALS = (
    "top",
    "question",
    "margin",
    "coverage",
    "concepts",
    "unknown",
    "unknown_concepts",
    "crosses",
    "known_words",
    "names",
    "kind_missing",
    "unknown_english",
    "question_unknown",
    "glossed",
    "glossed_concepts",
    "judge",
    "judged",
    "judge_margin",
    "judge_kind",
)
CONCEPTS_OF_THE_FIELD = 0.12
"""At least so many of the tokens of notes on deep learning are concepts of the glossary (.13 to .24 in the documents that ship; .003 to .06 in encyclopedia
articles, .04 in notes on SQL)."""
READ = frozenset({"judge", "judged", "judge_margin", "judge_kind"})
"""The signals that only a judge gives."""


@dataclass(frozen=True, slots=True)
class Answerability:
    """The fitted model and its two thresholds (without and with a judge's score)."""

    weights: Mapping[str, float]
    bias: float
    mean: Mapping[str, float]
    scale: Mapping[str, float]
    refuse_below: float
    caution_below: float

    @classmethod
    @lru_cache(maxsize=2)
    def shipped(cls, *, judged: bool = False) -> Answerability:
        """The model that comes with the program."""
        data = json.loads((files("rag") / "data" / "answerable.json").read_text(encoding="utf-8"))
        return cls(**data["judged" if judged else "plain"])

    def probability(self, signals: Mapping[str, float]) -> float:
        """P(the corpus answers)."""
        z = self.bias + sum(w * (signals[name] - self.mean[name]) / self.scale[name] for name, w in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, z))))


def signals(asked: Asked, found: Sequence[Evidence], index: Index) -> dict[str, float]:
    """The signals of one question: how far its best passage stands out, how much of what it names the passage and the corpus hold."""
    if not found:
        return dict.fromkeys(SIGNALS, 0.0) | {"unknown": 1.0, "unknown_concepts": 1.0}
    best = found[0]
    terms = [t for t in asked.terms if len(t) > 1]
    weight = {t: index.bm25.idf(t) for t in terms}
    words = [t for t in terms if not t.startswith(CONCEPT) and _comparable(t, asked, best)]
    named = _named(asked.text, terms, index)
    top_tokens = [set(index.tokens[index.number[e.hit.passage.id]]) for e in found[:3]]
    fifth = found[min(5, len(found)) - 1]
    # The best of n independent scores lies about sqrt(2 ln n) deviations up by chance alone; only what exceeds that speaks.
    chance = math.sqrt(2.0 * math.log(max(2, len(index.keys))))
    question = max(-3.0, max(e.question for e in found[:3]) - chance)
    margin = best.raw - fifth.raw
    concepts = max((_share(named, weight, tokens) for tokens in top_tokens), default=0.0) if named else 0.5
    unknown = 1.0 - _share(words, weight, index.bm25) if words else 0.0
    unknown_english = unknown if asked.language == "en" and best.hit.passage.language == "en" else 0.0
    glossed = glossed_share(asked.text)
    odds = 0.0 if best.judged is None else log_odds(best.judged)
    kind_missing = float(_kind_missing(asked, found[:2]))
    known_words = float(any(t.removeprefix(CONCEPT) not in ANY_FIELD for t in named) or _writes(index, asked.text))
    # Of notes on another field a question can ask without naming a concept of ours.
    known_words = max(known_words, 1.0 - index.concept_share[best.hit.passage.doc_id] / CONCEPTS_OF_THE_FIELD)
    return {
        "top": best.raw - chance,
        "question": question,
        "margin": margin,
        "coverage": max((_share(words, weight, tokens) for tokens in top_tokens), default=0.0) if words else 0.5,
        "concepts": concepts,
        "unknown": unknown,
        "unknown_concepts": 1.0 - _share(named, weight, index.bm25) if named else 0.0,
        "crosses": float(asked.language != best.hit.passage.language),
        "known_words": known_words,
        "names": _names_missing(asked, index),
        "kind_missing": kind_missing,
        # An English question is near every heading that begins like it ("What is a ..."), so a near heading beside unknown words says little.
        "unknown_english": unknown_english,
        "question_unknown": question * unknown_english,
        "glossed": glossed,
        "glossed_concepts": glossed * concepts,
        "judge": odds,
        "judged": max((log_odds(e.judged) for e in found if e.judged is not None), default=0.0),
        # What a judge says counts more of a passage that stands out, and where the passages hold no year, number or name that was asked for.
        "judge_margin": odds * margin,
        "judge_kind": odds * kind_missing,
    }


def _named(text: str, terms: Sequence[str], index: Index) -> list[str]:
    """The concepts among terms, without those that the corpus does not know as a whole but by what they are made of."""
    made_of = compounds(text)

    def known_by_parts(term: str) -> bool:
        parts = made_of.get(term.removeprefix(CONCEPT), ())
        return bool(parts) and all(CONCEPT + part in index.bm25 for part in parts)

    return [t for t in terms if t.startswith(CONCEPT) and (t in index.bm25 or not known_by_parts(t))]


_NAME = re.compile(r"\b(?:[A-Z][A-Za-z0-9]*[A-Z0-9][A-Za-z0-9]*|[A-Za-z]+-?[A-Z][A-Za-z]*|[A-Za-z]+\d+)\b")
_IDENTIFIER = re.compile(r"[A-Za-z]+(?:_[A-Za-z0-9]+)+")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9]+(?:[-&][A-Za-z0-9]+)*")
# What a question asks for, and what a text must hold to give it: an answer without any number does not say how many.
_WANTED: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile(r"哪一?年|哪年|什么时候|何时|\b(?:what|which) year\b|\bwhen (?:was|did|were)\b", re.I), re.compile(r"(?:19|20)\d\d")),
    (
        re.compile(
            r"多少(?!种|类)|多大|多长|几层|几个参数|取多少|设多少|设为多少|\bhow (?:many|much|large|big|deep|long)\b|\bwhat (?:value|number|size)\b", re.I
        ),
        re.compile(r"\d"),
    ),
    (
        re.compile(r"公式|推导|手推|怎么算|如何计算|\bformula\b|\bderiv\w+|\bequation\b|\bwrite (?:down|out)\b", re.I),
        re.compile(r"[=≈∝]|\\frac|\$[^$]{4,}\$|p\d{2,}"),
    ),
    (
        re.compile(r"代码|pytorch|tensorflow|keras|手撕|手写|实现一下|\bcode\b|\bimplement\w*\b|\bAPI\b", re.I),
        re.compile(r"```|def |import |`[^`]*\(|代码|pytorch|tensorflow|CUDA", re.I),
    ),
    (
        re.compile(r"谁(?:提出|发明|写|出|提)|由谁|作者是谁|\bwho (?:invented|proposed|wrote|introduced|posted|asked)\b", re.I),
        re.compile(r"作者|等人|et al|提出者|[A-Z][a-z]+ [A-Z][a-z]+"),
    ),
)


def _writes(index: Index, text: str) -> bool:
    """Whether the corpus writes an identifier of a text ("he_normal")."""
    return any(max((t for t in tokenize(name) if not t.startswith(CONCEPT)), key=len) in index.bm25 for name in _IDENTIFIER.findall(text))


def _names_missing(asked: Asked, index: Index) -> float:
    """The share of the names in a question (Latin words in Chinese, spellings such as DeepFM in English) that the corpus never writes."""
    pattern = _LATIN if asked.language == "zh" else _NAME
    names = list(dict.fromkeys(pattern.findall(asked.text)))
    if not names:
        return 0.0
    missing = sum(not any(t in index.bm25 for t in tokenize(name) if len(t) > 1) for name in names)
    return missing / len(names)


def _kind_missing(asked: Asked, found: Sequence[Evidence]) -> bool:
    """Whether the question asks for a year, a number, a formula, code or a person, and the best passages hold nothing of the kind."""
    for question, answer in _WANTED:
        if question.search(asked.text):
            return not any(answer.search(e.hit.passage.text) for e in found)
    return False


def _comparable(term: str, asked: Asked, best: Evidence) -> bool:
    """Whether a word could stand in the passage at all: across languages only names and numbers can."""
    if asked.language == best.hit.passage.language:
        return True
    return any(c.isdigit() for c in term)


def _share(terms: Sequence[str], weight: Mapping[str, float], held: Container[str]) -> float:
    total = sum(weight[t] for t in terms)
    return sum(weight[t] for t in terms if t in held) / total if total else 0.0
