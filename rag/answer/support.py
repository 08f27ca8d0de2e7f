"""Whether a sentence is held by the passages it cites, and by which of their units.

A sentence must be about what was asked, bring no number and no name of its own, agree with its source on negation, direction and the order of
a comparison, and share enough of its words with it, rare ones counting most. Where words alone leave it open (a paraphrase, another language),
an encoder or a judge decides if there is one; without one an open case counts as not held.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.answer.polarity import clauses, denies, disagrees
from rag.judge import ENTAILS, PARTLY, Judge
from rag.models import Encoder, Vectors
from rag.records import Asked, Language, Passage, Unit
from rag.store import Index, KeyKind
from rag.text import concepts, content_terms, is_cjk, language_of, mentions, normalise, split_sentences

HELD = 0.65
"""Share of a sentence's words, weighed by rarity, that its units (and the headings above them) must hold when nothing else speaks for it."""
HELD_CROSSED = 0.85
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
SHORT = 200
"""A passage of at most so many characters speaks of one thing: what its units name may be brought together."""
GAIN = 0.08
COMMON_MAX = 3.0
"""The most an ordinary word can weigh, so that a paraphrase is not sunk by one unusual verb."""

_NUMBER = re.compile(r"(?<![\d.])\d+(?:,\d{3})*(?:\.\d+)?")
_COUNTED_ZH = re.compile(r"(二|两|三|四|五|六|七|八|九|十)(?=[个种层倍次步类点条项大]|[路阶维级])")
_COUNTED_EN = re.compile(r"\b(two|three|four|five|six|seven|eight|nine|ten|twice|double|half|triple)\b")
_COUNTS = {word: n for n, words in enumerate(("二 两 two twice double half", "三 three triple", "四 four", "五 five"), 2) for word in words.split()}
_COUNTS |= {word: n for n, words in enumerate(("六 six", "七 seven", "八 eight", "九 nine", "十 ten"), 6) for word in words.split()}
_OPENERS = '.!?:。：—-*“"'
_LATIN = re.compile(r"(?<![\\A-Za-z])[A-Za-z][A-Za-z0-9+]*(?:[-./][A-Za-z0-9+]+)*")
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
learning training-phase relationship
"""
_GLUE = frozenset(_GLUE_WORDS.split())
_GENERIC = frozenset(_GENERIC_CONCEPTS.split())
_COMMON = _GENERIC | frozenset(_COMMON_CONCEPTS.split())


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
    through: dict[str, set[str]]
    names: list[Name]

    def share(self, words: _Words) -> float:
        total = sum(self.weights.values())
        return sum(w for t, w in self.weights.items() if words.holds(t, self.through)) / total if total else 0.0

    def lacking(self, words: _Words) -> int:
        """How many of its names and numbers some words lack."""
        return sum(not n.in_(words) for n in self.names) + len(missing_numbers(self.text, words.plain))


class Checker:
    """Checks sentences against shown passages of one index.

    Args:
        index: whose rarities and vectors are used.
        encoder: lets meaning decide open cases; it must be the one that built the index.
        judge: has the last word where there is one.
    """

    def __init__(self, index: Index, encoder: Encoder | None = None, judge: Judge | None = None) -> None:
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
        quoted = next((u for s in cited for u in s.units if is_quoted(text, u.text)), None)
        if quoted is not None and is_on_topic(text, asked, shown or cited, of_the_field=False):
            return Support((quoted,), 1.0)
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
        if not taken:
            return Support(lacks="words")
        units = tuple(u for u, _ in taken)
        sources = [w for _, w in taken]
        own = sources[0]
        for words in sources[1:]:
            own |= words
        share = sentence.share(own | heading)
        if sum(len(u.text) for u, _ in candidates) <= SHORT:
            sources.append(own)
        lacks = _against_facts(sentence, sources, own, heading)
        if not lacks and (sentence.share(own) < OWN or share < OPEN):
            lacks = "words"
        if not lacks and (disagrees(text, [u.text for u in units]) or denies(text, [u.text for u, _ in candidates])):
            lacks = "negation"
        return Support(units, share, lacks or self._open(sentence, share, heading, units, crossed=crossed))

    def _open(self, sentence: _Sentence, share: float, heading: _Words, units: Sequence[Unit], *, crossed: bool) -> str:
        """Words or meaning: which of them speaks for the sentence; ``meaning`` where neither does."""
        if self._judge is not None:
            premise = f"{heading.plain}\n" + "\n".join(u.text for u in units)
            held = self._judge.entails([(sentence.text, premise)])[0]
            return "" if held[ENTAILS] + held[PARTLY] / 2 >= ENTAILED else "meaning"
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
        return _Sentence(text, {t: self._weight(t) for t in terms}, through, names_of(text))

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


def _against_facts(sentence: _Sentence, sources: Sequence[_Words], own: _Words, heading: _Words) -> str:
    """What no likeness can make up for: a number or a name of its own, names brought together that no source brings together."""
    if missing_numbers(sentence.text, f"{own.plain} {heading.plain}"):
        return "numbers"
    if not all(n.in_(own | heading) for n in sentence.names):
        return "names"
    return "" if is_bound(sentence.text, sources, heading) else "names"


def _groups(cited: Sequence[Shown]) -> Iterable[Sequence[Shown]]:
    """Each cited passage alone first, then all together: a sentence with two citations may join what they say."""
    yield from ([s] for s in cited)
    if len(cited) > 1:
        yield cited


def _best_units(sentence: _Sentence, heading: _Words, candidates: Sequence[tuple[Unit, _Words]]) -> list[tuple[Unit, _Words]]:
    """Few units that together hold most of what the headings do not hold already: first what is named and counted, then the other words."""
    taken: list[tuple[Unit, _Words]] = []
    held, share, lacking = heading, sentence.share(heading), sentence.lacking(heading)
    while len(taken) < MAX_UNITS:
        rest = [c for c in candidates if c not in taken]
        scored = [(-sentence.lacking(held | c[1]), sentence.share(held | c[1]), sentence.share(c[1]), -n, c) for n, c in enumerate(rest)]
        best = max(scored, key=lambda s: s[:4], default=None)
        if best is None or best[2] == 0 or (taken and -best[0] == lacking and best[1] - share < GAIN):
            break
        held, share, lacking = held | best[4][1], best[1], -best[0]
        taken.append(best[4])
    return taken


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


@dataclass(frozen=True, slots=True)
class Name:
    """Something a text names: a concept of the dictionary, or a Latin word (in Chinese), a capitalised or mixed one (in English)."""

    word: str
    concept: str = ""

    def in_(self, source: _Words) -> bool:
        """Whether a source names it too, in any form."""
        plain = normalise(self.word)
        if self.concept and ("§" + self.concept in source.tokens or plain in source.plain):
            return True
        parts = [t for t in content_terms(self.word) if not t.startswith("§")]
        if self.concept:
            return bool(parts) and all(t in source.tokens for t in parts)
        bare = source.plain.replace("-", "").replace(" ", "")
        return plain.replace("-", "") in bare or any(t in source.tokens for t in content_terms(self.word))


def names_of(text: str) -> list[Name]:
    """What a text names, without what every text of the field names."""
    found: list[Name] = []
    covered = ""
    for words, concept in mentions(text):
        covered += f" {words} "
        if concept not in _COMMON:
            found.append(Name(words, concept))
    chinese = language_of(text) == "zh"
    for match in _LATIN.finditer(text):
        word, before = match.group(), text[: match.start()].rstrip()
        opens = not before or before[-1] in _OPENERS
        marked = chinese or any(c.isupper() for c in (word[1:] if opens else word)) or any(c.isdigit() for c in word)
        if len(word) > 1 and marked and normalise(word) not in covered:
            found.append(Name(word))
    return found


def is_bound(text: str, sources: Sequence[_Words], heading: _Words) -> bool:
    """Whether each clause of a text finds all it names, and its numbers, in one source: what two sources say of two things is not mixed up."""
    for clause in clauses(text):
        names = names_of(clause)
        if len(names) > 1 and not any(all(n.in_(s | heading) for n in names) and not missing_numbers(clause, f"{s.plain} {heading.plain}") for s in sources):
            return False
    return True


def is_quoted(text: str, source: str) -> bool:
    """Whether a text is a source or a whole sentence of it, word for word."""
    plain = _letters(text)
    return plain in {_letters(source), *(_letters(source[start:end]) for start, end in split_sentences(source))}


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", normalise(text))


def is_on_topic(text: str, asked: Asked, shown: Sequence[Shown], *, of_the_field: bool = True) -> bool:
    """Whether a sentence names something that the question, the headings or two of the shown units name too, or (``of_the_field``) any concept of
    the dictionary.

    An order that a document smuggles in speaks of itself alone; what a reader asked about is named more than once.
    """
    own = {t for t in content_terms(text) if not t.isdigit()}
    if of_the_field and {c for c in concepts(text) if c not in _GENERIC}:
        return True
    if own & {t for t in asked.terms if t.removeprefix("§") not in _GENERIC}:
        return True
    headings = {t for s in shown for t in content_terms(s.heading) if t.removeprefix("§") not in _GENERIC}
    if own & headings:
        return True
    units = [frozenset(content_terms(u.text)) for s in shown for u in s.units]
    return any(sum(t in u for u in units) >= 2 for t in own if not t.startswith("§"))
