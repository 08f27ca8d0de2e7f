"""Whole replies put together from the learning pairs of the bank, with the label of every key point: what the grader's calibration learns from.

Every text is this project's own (corpus/bank, corpus/handbook). A reply is made of texts that state, half state or contradict the key points of
one question, of pages of the handbook, of replies to other questions, and of words that say nothing.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.bank import Bank, Pair
from rag.records import Language, Question

HIT, PARTIAL, MISSED = 1.0, 0.5, 0.0

OPENERS: dict[Language, tuple[str, ...]] = {
    "zh": (
        "这个问题挺经典的，我之前面试也被问过。",
        "我先说一下我的理解。",
        "嗯，我想想。",
        "这个我在项目里用过。",
        "首先背景大家都知道，深度学习这几年发展很快。",
        "我觉得可以从几个方面来讲。",
        "面试官您好，这个问题问得非常好。",
        "这块我准备过，不过可能说得不全。",
        "我从头说起吧，最早是看论文的时候碰到的。",
    ),
    "en": (
        "Good question, I was asked this once before.",
        "Let me think about it for a second.",
        "I would look at it from a few angles.",
        "So, as far as I understand it,",
        "We used this in a project last year.",
        "As everybody knows, deep learning has come a long way.",
        "I prepared this topic, though I may miss something.",
        "Let me start from the beginning.",
    ),
}
CLOSERS: dict[Language, tuple[str, ...]] = {
    "zh": (
        "总之在实际项目里效果不错。",
        "当然还要结合具体业务来看。",
        "大概就是这样吧。",
        "具体细节我记不太清了。",
        "工程上还要考虑显存和框架。",
        "总结一下，要灵活运用。",
        "我的回答就到这里，谢谢。",
        "反正多试几次就知道了。",
    ),
    "en": (
        "That is basically it.",
        "Of course it depends on the application.",
        "In practice it works quite well.",
        "I do not remember all the details.",
        "Anyway, you have to try it out.",
        "In short, it is a very useful tool.",
        "Thanks, that is my answer.",
    ),
}
FLUFF: dict[Language, tuple[str, ...]] = {
    "zh": (
        "这是深度学习里非常重要的一个概念，几乎每个项目都离不开它。",
        "它的设计十分巧妙，体现了研究者对问题本质的深刻理解。",
        "只要合理使用，就一定能给模型带来明显的提升。",
        "不同的方法各有优劣，需要根据实际情况综合权衡。",
        "随着数据和算力的增长，它还会发挥更大的作用。",
        "归根到底，一切都是为了让模型学得更好。",
        "每一步都有明确的意义，环环相扣，缺一不可。",
        "这需要丰富的经验和耐心，还要一点运气。",
        "它既能保证效果，又能兼顾效率，可以说是两全其美。",
        "学习的过程就像爬山，有时平坦，有时陡峭，坚持下去总会看到风景。",
    ),
    "en": (
        "It is a powerful and elegant idea which has changed the whole field.",
        "Used well, it always brings a clear improvement to the model.",
        "There are many methods and each has its own strengths and weaknesses.",
        "It takes experience, patience and a bit of luck to get it right.",
        "With more data and more compute it will become even more important.",
        "In the end everything is about learning better representations.",
        "It balances quality and efficiency in a beautiful way.",
        "This is one of the most important topics in modern AI.",
        "Both theory and practice show how successful it is in industry.",
    ),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply with what it does to each key point: the credit (1, 1/2, 0) and whether it says something false about it.

    ``held`` is the language of the key points and misconceptions it is to be graded against.

    ``parts`` are its texts with, for each, the number of the key point it contradicts (None where it contradicts none).
    """

    question: Question
    language: Language
    held: Language
    text: str
    kind: str
    credit: tuple[float, ...]
    against: tuple[bool, ...]
    parts: tuple[tuple[str, int | None], ...]


class Maker:
    """Makes replies to the questions of a bank, the same ones for the same seed."""

    def __init__(self, bank: Bank, pairs: Sequence[Pair], corpus: Path, seed: int = 7) -> None:
        self.bank = bank
        self.rng = random.Random(seed)
        self.said: dict[tuple[str, str, str, Language], list[str]] = defaultdict(list)
        for pair in pairs:
            if pair.point_id is not None:
                self.said[pair.question_id, pair.point_id, pair.label, pair.language].append(pair.text)
        self.pages = {q.id: {language: page(corpus, q, language) for language in ("zh", "en")} for q in bank}

    def replies(self) -> Iterator[Reply]:
        """About three dozen replies a question, every kind in both languages."""
        for question in self.bank:
            for language in ("zh", "en"):
                yield from self._of(question, language)

    def _of(self, question: Question, language: Language) -> Iterator[Reply]:
        points = question.key_points
        size = len(points)
        full = ["entails"] * size
        for n in range(2):
            yield self._make(question, language, full, "full", pick=n)
        yield self._make(question, language, ["restated" if self.rng.random() < 0.6 else "entails" for _ in points], "full", pick=0)
        if self.pages[question.id][language]:
            yield self._page(question, language)
        for _ in range(4):
            plan = [self.rng.choices(("entails", "partly", "restated", "nothing"), (5, 2, 1.5, 4))[0] for _ in points]
            yield self._make(question, language, plan, "some")
        for _ in range(2):
            plan = ["nothing"] * size
            for j in self.rng.sample(range(size), min(size, self.rng.randint(1, 2))):
                plan[j] = "partly"
            yield self._make(question, language, plan, "weak")
        for n in range(3):
            plan = ["contradicts" if n == 0 or self.rng.random() < 0.6 else "nothing" for _ in points]
            if "contradicts" in plan:
                yield self._make(question, language, plan, "wrong", mistakes=self.rng.randint(0, 2))
        yield self._make(question, language, ["nothing"] * size, "wrong", mistakes=2)
        for _ in range(3):
            plan = [self.rng.choices(("entails", "partly", "contradicts", "nothing"), (4, 1, 3, 1))[0] for _ in points]
            yield self._make(question, language, plan, "mixed", mistakes=self.rng.randint(0, 1))
        yield self._fluff(question, language)
        yield self._elsewhere(question, language)

    def _text(self, question: Question, j: int, what: str, language: Language, pick: int | None) -> str | None:
        point = question.key_points[j]
        if what == "restated":
            return point.text.in_language(language)
        found = self.said.get((question.id, point.id, what, language), [])
        if not found:
            return None
        return found[pick % len(found)] if pick is not None else self.rng.choice(found)

    def _make(self, question: Question, language: Language, plan: Sequence[str], kind: str, pick: int | None = None, mistakes: int = 0) -> Reply:
        held = self._held(language, mistakes)
        credit = [MISSED] * len(plan)
        against = [False] * len(plan)
        parts: list[tuple[str, int | None]] = []
        for j, what in enumerate(plan):
            text = self._text(question, j, what, language, pick) if what != "nothing" else None
            if text is None:
                continue
            credit[j] = {"entails": HIT, "restated": HIT, "partly": PARTIAL}.get(what, MISSED)
            against[j] = what == "contradicts"
            parts.append((text, j if against[j] else None))
        for wrong in self.rng.sample(question.misconceptions, min(mistakes, len(question.misconceptions))):
            parts.append((wrong.in_language(language), -1))
        self.rng.shuffle(parts)
        if self.rng.random() < 0.3:
            parts.insert(0, (self.rng.choice(OPENERS[language]), None))
        if self.rng.random() < 0.25:
            parts.append((self.rng.choice((*CLOSERS[language], *FLUFF[language])), None))
        return Reply(question, language, held, self._joined([p[0] for p in parts], language), kind, tuple(credit), tuple(against), tuple(parts))

    def _held(self, language: Language, mistakes: int = 0) -> Language:
        """The language to grade in; the other one where the reply has a misconception word for word, which would be too easy to find."""
        return other(language) if mistakes or self.rng.random() < 0.35 else language

    def _joined(self, texts: Sequence[str], language: Language) -> str:
        """Texts as one reply: sentences, or a run of clauses as people type them."""
        loose = self.rng.random() < 0.3
        out = ""
        for text in texts:
            text = text.strip()
            if loose:
                text = text.rstrip("。.，,；;")
            if out:
                out += ("，" if language == "zh" else ", ") if loose else ("" if language == "zh" else " ")
            out += text if loose or text[-1:] in "。.!！?？;；" else text + ("。" if language == "zh" else ".")
        return out

    def _page(self, question: Question, language: Language) -> Reply:
        sentences = self.pages[question.id][language]
        text = ("" if language == "zh" else " ").join(sentences)
        size = len(question.key_points)
        return Reply(question, language, self._held(language), text, "page", (HIT,) * size, (False,) * size, ((text, None),))

    def _fluff(self, question: Question, language: Language) -> Reply:
        texts = self.rng.sample(FLUFF[language], self.rng.randint(1, 4))
        size = len(question.key_points)
        return Reply(
            question, language, self._held(language), self._joined(texts, language), "fluff", (MISSED,) * size, (False,) * size, tuple((t, None) for t in texts)
        )

    def _elsewhere(self, question: Question, language: Language) -> Reply:
        """A good reply to another question of the area."""
        others = [q for q in self.bank.in_area(question.area) if q.id != question.id]
        other = self.rng.choice(others)
        parts = [t for j in range(len(other.key_points)) if (t := self._text(other, j, "entails", language, None))]
        parts = self.rng.sample(parts, min(len(parts), self.rng.randint(1, 3)))
        size = len(question.key_points)
        return Reply(
            question,
            language,
            self._held(language),
            self._joined(parts, language),
            "elsewhere",
            (MISSED,) * size,
            (False,) * size,
            tuple((t, None) for t in parts),
        )


def other(language: Language) -> Language:
    """The other language."""
    return "en" if language == "zh" else "zh"


def page(corpus: Path, question: Question, language: Language) -> list[str]:
    """The sentences of the handbook's answer to a question, without markup; none where there is no page."""
    if not question.handbook:
        return []
    source = (corpus / "handbook" / language / question.handbook).read_text(encoding="utf-8")
    found = re.search(rf"^#+\s*{re.escape(question.text.in_language(language))}\s*$(.*?)(?=^#+\s|\Z)", source, re.MULTILINE | re.DOTALL)
    if not found:
        return []
    lines = [re.sub(r"[*`>]|^\s*[-\d]+[.)]?\s+|\[\d+\]", "", line).strip() for line in found.group(1).split("\n")]
    return [line for line in lines if line and not line.startswith(("|", "!", "出处", "来源", "Source", "---"))]
