"""Whether a sentence is held by the passages it cites, and by which of their units.

A sentence must be about what was asked, bring no number and no name of its own, agree with its source on negation, direction and the order of
a comparison, and share enough of its words with it, rare ones counting most. Where words alone leave it open (a paraphrase, another language),
an encoder or a judge decides if there is one; without one an open case counts as not held.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from rag.answer.polarity import disagrees
from rag.models import Encoder, Vectors
from rag.records import Asked, Language, Passage, Unit
from rag.store import Index, KeyKind
from rag.text import concepts, content_terms, is_cjk, language_of, mentions, normalise

HELD = 0.65
"""Share of a sentence's words, weighed by rarity, that its units (and the headings above them) must hold when nothing else speaks for it."""
HELD_CROSSED = 0.75
"""The same across languages, where only concepts can be compared."""
OPEN = 0.5
"""From here on meaning may decide."""
OWN = 0.3
"""The share that the units alone must hold, without the headings."""
NEAR = 3.5
"""How many deviations nearer than the average unit a sentence must be to its source for meaning to speak for it."""
FAR = 1.5
"""Below this, meaning speaks against a sentence that is no mere quotation."""
QUOTED = 0.97
ENTAILED = 0.5
MAX_UNITS = 3
GAIN = 0.08
COMMON_MAX = 3.0
"""The most an ordinary word can weigh, so that a paraphrase is not sunk by one unusual verb."""

_NUMBER = re.compile(r"(?<![\d.])\d+(?:,\d{3})*(?:\.\d+)?")
_COUNTED_ZH = re.compile(r"(二|两|三|四|五|六|七|八|九|十)(?=[个种层倍次步类点条项大]|[路阶维级])")
_COUNTED_EN = re.compile(r"\b(two|three|four|five|six|seven|eight|nine|ten|twice|double|half|triple)\b")
_COUNTS = {word: n for n, words in enumerate(("二 两 two twice double half", "三 three triple", "四 four", "五 five"), 2) for word in words.split()}
_COUNTS |= {word: n for n, words in enumerate(("六 six", "七 seven", "八 eight", "九 nine", "十 ten"), 6) for word in words.split()}
_OPENERS = '.!?:。：—-*“"'
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9+]*(?:[-./][A-Za-z0-9+]+)*")
_GLUE_WORDS = """
有助于 从而 使得 通过 进行 实现 具有 称为 指 表示 由于 因此 同时 此外 另外 例如 比如 这是 意味着 意味 能力 方式 情况 以便 帮助 使用 采用 利用
相当于 属于 成为 作为 例 起到 达到 首先 其次 最后 总之 help allow mean caus lead becaus therefor thus henc also enabl provid call known refer typic
usual general often exampl includ result way therebi wherea howev first second final
"""
_GENERIC_CONCEPTS = """
difference comparison advantage drawback problem question answer application example reason effect definition purpose interview interviewer method
mechanism mean
"""
_COMMON_CONCEPTS = """
training test neural-network deep-learning machine-learning model network layer feature image text data dataset parameter weight input output accuracy
performance deep-neural-network computation network-layer depth solution architecture increase decrease reduction improvement structure step
"""
_GLUE = frozenset(_GLUE_WORDS.split())
_GENERIC = frozenset(_GENERIC_CONCEPTS.split())
_COMMON = _GENERIC | frozenset(_COMMON_CONCEPTS.split())


class Entails(Protocol):
    """A judge that reads two texts together."""

    def entails(self, pairs: Sequence[tuple[str, str]]) -> Sequence[float]:
        """For each (source, statement) the probability that the statement follows from the source."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage as a model was shown it: the units a sentence may rest on, and the headings above them."""

    passage: Passage
    units: tuple[Unit, ...]

    @property
    def heading(self) -> str:
        """The last heading and the question above the passage, as one line."""
        return " ".join(dict.fromkeys([*self.passage.heading_path[-1:], self.passage.question or ""])).strip()


@dataclass(frozen=True, slots=True)
class Support:
    """The units a sentence rests on, best first; ``lacks`` says what speaks against it (topic, words, numbers, names, negation, meaning)."""

    units: tuple[Unit, ...] = ()
    share: float = 0.0
    lacks: str = ""

    @property
    def held(self) -> bool:
        """Whether the sentence may stand."""
        return not self.lacks


@dataclass(frozen=True, slots=True)
class _Words:
    """What a text holds, ready for matching."""

    plain: str
    tokens: frozenset[str]

    @classmethod
    def of(cls, text: str) -> _Words:
        return cls(normalise(text), frozenset(content_terms(text)))

    def __or__(self, other: _Words) -> _Words:
        return _Words(f"{self.plain}\n{other.plain}", self.tokens | other.tokens)

    def holds(self, token: str, through: Mapping[str, set[str]]) -> bool:
        if token in self.tokens or any("§" + c in self.tokens for c in through.get(token, ())):
            return True
        return len(token) > 1 and is_cjk(token[0]) and token in self.plain


@dataclass(slots=True)
class _Sentence:
    """A sentence taken apart: the weight of each of its words, and the concepts its words are part of."""

    text: str
    weights: dict[str, float]
    through: dict[str, set[str]] = field(default_factory=dict)

    def share(self, words: _Words) -> float:
        total = sum(self.weights.values())
        return sum(w for t, w in self.weights.items() if words.holds(t, self.through)) / total if total else 0.0


class Checker:
    """Checks sentences against shown passages of one index.

    Args:
        index: whose rarities and vectors are used.
        encoder: lets meaning decide open cases; it must be the one that built the index.
        judge: has the last word where there is one.
    """

    def __init__(self, index: Index, encoder: Encoder | None = None, judge: Entails | None = None) -> None:
        self._index = index
        self._encoder = encoder
        self._judge = judge
        self._backgrounds: dict[Language, Vectors] = {}

    def check(self, text: str, cited: Sequence[Shown], asked: Asked, shown: Sequence[Shown] | None = None) -> Support:
        """Which units of the cited passages hold a sentence; what it lacks where none do.

        Args:
            text: the sentence, without citation marks.
            cited: the passages it cites.
            asked: the question.
            shown: all passages that were shown, against which the topic is judged; by default the cited ones.
        """
        if not is_on_topic(text, asked, shown or cited):
            return Support(lacks="topic")
        best = Support(lacks="words")
        for group in _groups(cited):
            found = self._against(text, group)
            if found.held:
                return found
            if (found.share, -len(found.lacks)) > (best.share, -len(best.lacks)):
                best = found
        return best

    def _against(self, text: str, cited: Sequence[Shown]) -> Support:
        """A sentence against passages it cites together."""
        crossed = language_of(text) not in {s.passage.language for s in cited}
        sentence = self._taken_apart(text, crossed=crossed)
        heading = _Words.of("\n".join(s.heading for s in cited))
        candidates = [(u, _Words.of(u.text)) for s in cited for u in s.units]
        taken = _best_units(sentence, heading, candidates)
        taken += _units_with_numbers(text, heading.plain, taken, candidates)
        if not taken:
            return Support(lacks="words")
        units = tuple(u for u, _ in taken)
        own = taken[0][1]
        for _, words in taken[1:]:
            own |= words
        share = sentence.share(own | heading)
        lacks = self._against_facts(sentence, own, heading, units) or ("words" if sentence.share(own) < OWN or share < OPEN else "")
        return Support(units, share, lacks or self._open(sentence, share, heading, units, crossed=crossed))

    def _against_facts(self, sentence: _Sentence, own: _Words, heading: _Words, units: Sequence[Unit]) -> str:
        """What no likeness can make up for."""
        if missing_numbers(sentence.text, f"{own.plain} {heading.plain}"):
            return "numbers"
        if missing_names(sentence.text, own | heading):
            return "names"
        return "negation" if disagrees(sentence.text, [u.text for u in units]) else ""

    def _open(self, sentence: _Sentence, share: float, heading: _Words, units: Sequence[Unit], *, crossed: bool) -> str:
        """Words or meaning: which of them speaks for the sentence; ``meaning`` where neither does."""
        if self._judge is not None:
            premise = f"{heading.plain}\n" + "\n".join(u.text for u in units)
            return "" if self._judge.entails([(premise, sentence.text)])[0] >= ENTAILED else "meaning"
        if crossed:
            return "" if share >= HELD_CROSSED and len(sentence.weights) >= 2 else "meaning"
        if self._encoder is None or share >= QUOTED:
            return "" if share >= HELD else "meaning"
        return "" if self.nearness(sentence.text, units) >= (FAR if share >= HELD else NEAR) else "meaning"

    def _language(self, unit: Unit) -> Language:
        return self._index.passages[self._index.number[unit.passage_id]].language

    def _taken_apart(self, text: str, *, crossed: bool) -> _Sentence:
        """Weights by rarity. Across languages only concepts and names with digits can be compared; the other words are left to meaning."""
        through: dict[str, set[str]] = {}
        for words, concept in mentions(text):
            for token in content_terms(words):
                through.setdefault(token, set()).add(concept)
        terms = [t for t in content_terms(text) if t not in _GLUE and not t.isdigit() and (not crossed or t.startswith("§") or any(c.isdigit() for c in t))]
        return _Sentence(text, {t: self._weight(t) for t in terms}, through)

    def _weight(self, token: str) -> float:
        rarity = self._index.bm25.idf(token)
        return rarity if token.startswith("§") or any(c.isdigit() for c in token) else min(rarity, COMMON_MAX)

    def nearness(self, text: str, units: Sequence[Unit]) -> float:
        """How near a sentence is to the nearest of some units, in deviations above its mean to all units of their language; needs an encoder."""
        assert self._encoder is not None
        vector: Vectors = self._encoder.passages([text])[0]
        rows = [self._row(u) for u in units]
        rows = [r for r in rows if r >= 0]
        background = self._background(self._language(units[0]))
        if not rows or len(background) < 2:
            return 0.0
        scores = background @ vector
        spread = float(scores.std()) or 1.0
        return (float((self._index.vectors[rows] @ vector).max()) - float(scores.mean())) / spread

    def _background(self, language: Language) -> Vectors:
        if language not in self._backgrounds:
            keys, passages = self._index.keys, self._index.passages
            rows = [int(r) for r in np.flatnonzero(keys[:, 1] == KeyKind.UNIT) if passages[int(keys[r, 0])].language == language]
            self._backgrounds[language] = self._index.vectors[rows]
        return self._backgrounds[language]

    def _row(self, unit: Unit) -> int:
        first, last = self._index.unit_range[self._index.number[unit.passage_id]]
        return next((int(self._index.unit_rows[k]) for k in range(first, last) if self._index.units[k].start == unit.start), -1)


def _groups(cited: Sequence[Shown]) -> Iterable[Sequence[Shown]]:
    """Each cited passage alone first, then all together: a sentence with two citations may join what they say."""
    yield from ([s] for s in cited)
    if len(cited) > 1:
        yield cited


def _best_units(sentence: _Sentence, heading: _Words, candidates: Sequence[tuple[Unit, _Words]]) -> list[tuple[Unit, _Words]]:
    """Few units that together hold most of what the headings do not hold already, the best first."""
    taken: list[tuple[Unit, _Words]] = []
    held = heading
    share = sentence.share(held)
    while len(taken) < MAX_UNITS:
        rest = [c for c in candidates if c not in taken]
        scored = [(sentence.share(held | c[1]), sentence.share(c[1]), -n, c) for n, c in enumerate(rest)]
        best = max(scored, key=lambda s: s[:3], default=None)
        if best is None or best[1] == 0 or (taken and best[0] - share < GAIN):
            break
        share, held = best[0], held | best[3][1]
        taken.append(best[3])
    return taken


def _units_with_numbers(text: str, heading: str, taken: Sequence[tuple[Unit, _Words]], candidates: Sequence[tuple[Unit, _Words]]) -> list[tuple[Unit, _Words]]:
    """One more unit where it holds the numbers that those taken lack."""
    if not taken:
        return []
    held = " ".join([heading, *(w.plain for _, w in taken)])
    missing = missing_numbers(text, held)
    if not missing:
        return []
    more = [c for c in candidates if c not in taken and not missing_numbers(text, f"{held} {c[1].plain}")]
    return more[:1]


def numbers_of(text: str) -> set[float]:
    """The numbers of a text, those written as words included where they count something."""
    plain = normalise(text)
    found = {float(m.group().replace(",", "")) for m in _NUMBER.finditer(plain)}
    return found | {float(_COUNTS[m.group(1)]) for pattern in (_COUNTED_ZH, _COUNTED_EN) for m in pattern.finditer(plain)}


def missing_numbers(text: str, source: str) -> set[float]:
    """The numbers of a text that its source does not hold; 50 % counts as held by 0.5."""
    held = numbers_of(source)
    held |= {float(_COUNTS[c]) for c in source if c in _COUNTS}
    return {n for n in numbers_of(text) if n not in held and round(n / 100, 9) not in held and round(n * 100, 9) not in held}


def missing_names(text: str, source: _Words) -> set[str]:
    """What a text names that its source names in no form: concepts of the dictionary, and Latin words (in Chinese) or capitalised ones (in English)."""
    missing: set[str] = set()
    covered = ""
    for words, concept in mentions(text):
        covered += f" {words} "
        if concept not in _COMMON and "§" + concept not in source.tokens and words not in source.plain:
            missing.add(words)
    chinese = language_of(text) == "zh"
    held = source.plain.replace("-", "").replace(" ", "")
    for match in _LATIN.finditer(text):
        word, before = match.group(), text[: match.start()].rstrip()
        opens = not before or before[-1] in _OPENERS
        if len(word) < 2 or not (chinese or any(c.isupper() for c in (word[1:] if opens else word)) or any(c.isdigit() for c in word)):
            continue
        plain = normalise(word)
        if plain.replace("-", "") not in held and plain not in covered and not any(t in source.tokens for t in content_terms(word)):
            missing.add(word)
    return missing


def is_on_topic(text: str, asked: Asked, shown: Sequence[Shown]) -> bool:
    """Whether a sentence names something that the question, the headings, the field's dictionary or two of the shown units name too.

    An order that a document smuggles in speaks of itself alone; what a reader asked about is named more than once.
    """
    own = {t for t in content_terms(text) if not t.isdigit()}
    if {c for c in concepts(text) if c not in _GENERIC}:
        return True
    if own & {t for t in asked.terms if t.removeprefix("§") not in _GENERIC}:
        return True
    headings = {t for s in shown for t in content_terms(s.heading) if t.removeprefix("§") not in _GENERIC}
    if own & headings:
        return True
    units = [frozenset(content_terms(u.text)) for s in shown for u in s.units]
    return any(sum(t in u for u in units) >= 2 for t in own if not t.startswith("§"))
