"""A reply taken apart: its sentences with their places, and what can be seen of it without knowing what is right."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rag.records import Language
from rag.text import content_terms, is_cjk, language_of, normalise, split_sentences

MAX_REPLY = 6000
FLAGS = ("empty", "dont_know", "echo", "keyword_list", "off_topic", "padding", "instructions", "other_language")
LONG_CLAUSE = 60
_LATIN = 0.4

_UNKNOWN = re.compile(
    r"不(?:太|是很|大)?(?:知道|清楚|会|懂|了解|记得)|没(?:学过|了解过|接触过|看过|印象|听说过|想过|准备|复习)|忘(?:了|记|掉)|答不(?:上|出)|不会(?:做|答)|说不(?:上|出)来|(?:先)?跳过|pass|"
    r"\b(?:don'?t|do not|didn'?t|did not|doesn'?t|can'?t|cannot|could ?n'?t) (?:really |actually |quite )?(?:know|remember|recall|answer|say)\b|"
    r"\bno (?:idea|clue)\b|\bnot (?:sure|familiar)\b|\bforgot\b|\bskip\b|\bidk\b|\bdunno\b|\bdrawing a blank\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:忽略|无视|忘记|忘掉|不要理会|不用管|跳过|覆盖)(?:掉)?.{0,14}(?:指令|指示|规则|要求|提示|标准|评分|要点|rubric|以上|之前|上面)|"
    r"(?:直接|务必|请|必须|应当|应该)?(?:给|打|判|评|记)(?:我|为|出|上|个|成|作)*\s*(?:满分|一百分|100\s*分?|高分|最高分|hit|通过)|(?:评分|打分|阅卷|批改)(?:系统|模型|程序|助手|员|老师|者|器|机器人|ai).{0,24}"
    r"(?:满分|100|通过|命中|请|必须)|系统(?:提示|消息|指令|通知)|(?:本题|此题|该题|全部|所有)(?:答案|要点|得分点)?.{0,8}(?:满分|命中|全对|通过|judged)|"
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instruction|rubric|prompt|rule|above|previous|prior|criteria|key ?point|guideline)s?|"
    r"\b(?:give|award|assign|grant|grade|mark|score|rate|set|output|return)\b.{0,40}"
    r"\b(?:full (?:marks|score|credit|points)|100|perfect|maximum|a\+|hit|correct|10/10)\b|"
    r"\b(?:system|assistant|grader|examiner|admin(?:istrator)?)\s*(?:prompt|message|note|override|:|：)|<\|?(?:im_start|system|endoftext)|\[/?(?:inst|system)\]|"
    r"\"?(?:score|verdict|points?|得分|分数)\"?\s*[:=：]\s*\"?(?:100|hit|full|满分)",
    re.IGNORECASE,
)
_RELATION = re.compile(
    r"[=≈<>→∝]|是|为|会|能|可以|因为|所以|由于|使|让|把|被|从而|导致|如果|通过|用来|用于|来|将|对|在|比|而|但|就|不|没|有|得|了|着|过|"
    r"\b(?:is|are|was|were|be|been|being|has|have|had|do|does|did|can|could|will|would|should|may|might|must|because|so|when|if|which|that|while|by|to|than|not|no|makes?|gives?|lets?|"
    r"uses?|keeps?|reduces?|increases?|helps?|avoids?|causes?|means?|it|they|you|we|its)\b",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"[,，、;；/|\n·•+&]+|(?<=[\u4e00-\u9fff])\s+|\s{2,}|\s+-\s+")
_FILLER = re.compile(
    r"众所周知|大家都知道|非常(?:重要|经典|深刻)|面试官(?:您)?好|总(?:而言之|之)|值得(?:一提|注意)|我认为这是|博大精深|万物|大道至简|"
    r"\b(?:as (?:we all|everybody) knows?|very important|powerful|in today'?s world|"
    r"great question|good question|needless to say|at the end of the day)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A sentence, or a clause of a long one: ``reply[start:end] == text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply ready for grading. ``parts`` leave out what gives orders to the grader; ``body`` is their text."""

    text: str
    language: Language
    parts: tuple[Part, ...]
    body: str
    orders: tuple[str, ...]
    terms: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Reply:
        """Take a text apart; what is beyond MAX_REPLY characters is not read."""
        text = text[:MAX_REPLY]
        kept: list[Part] = []
        orders: list[str] = []
        for start, end in split_sentences(text):
            sentence = text[start:end]
            if gives_orders(sentence):
                orders.append(sentence)
                continue
            kept += _clauses(text, start, end)
        body = " ".join(p.text for p in kept) if orders else text.strip()
        return cls(text, language_of(body or text), tuple(kept), body, tuple(orders), tuple(content_terms(body)))


def size(text: str) -> float:
    """The length of a text in ideographs; other letters count 0.4 of one, about their ratio in tokens."""
    wide = sum(is_cjk(c) for c in text)
    return wide + _LATIN * (len(text) - wide)


def _clauses(text: str, start: int, end: int) -> list[Part]:
    """A sentence, cut at commas into runs of about LONG_CLAUSE ideographs where it is much longer."""
    if size(text[start:end]) <= 1.5 * LONG_CLAUSE:
        return [Part(start, end, text[start:end])]
    out: list[Part] = []
    at = start
    cuts = [start + m.end() for m in re.finditer(r"[，,；;](?=\D)", text[start:end])]
    for cut in [*cuts, end]:
        if cut == end or size(text[at:cut]) >= LONG_CLAUSE:
            piece = text[at:cut]
            lead = len(piece) - len(piece.lstrip())
            trimmed = piece.strip()
            if trimmed:
                out.append(Part(at + lead, at + lead + len(trimmed), trimmed))
            at = cut
    return out


def gives_orders(text: str) -> bool:
    """Whether a text tells the grader what to do instead of answering."""
    return bool(_ORDER.search(normalise(text)))


def is_empty(reply: Reply) -> bool:
    """Whether there is nothing to grade."""
    return not any(c.isalnum() for c in reply.body)


def does_not_know(reply: Reply) -> bool:
    """Whether a short reply says that the candidate does not know."""
    plain = normalise(reply.body)
    return size(plain) <= 60 and bool(_UNKNOWN.search(plain)) and not re.search(r"[=≈∝]", plain)


def is_keyword_list(reply: Reply) -> bool:
    """Whether a reply names things without saying anything of them: at least five pieces, nearly all bare."""
    plain = normalise(reply.body)
    if "=" in plain or re.search(r"\d\s*[*/+^]\s*\d|\b(?:def|import|return|class)\b", plain):
        return False
    pieces = [p.strip(" .。:：!！?？()（）") for p in _BETWEEN.split(plain)]
    pieces = [p for p in pieces if p]
    if len(pieces) < 5:
        words = plain.split()
        return len(words) >= 8 and not any(_RELATION.search(w) for w in words) and not any(is_cjk(c) for c in plain)
    bare = [p for p in pieces if size(p) <= 10 and not _RELATION.search(p)]
    return len(bare) >= 0.75 * len(pieces)


def is_echo(reply: Reply, question: str) -> bool:
    """Whether a reply says little that the question has not said."""
    asked = set(content_terms(question))
    own = [t for t in reply.terms if t not in asked]
    return len(reply.terms) >= 2 and len(own) <= 0.25 * len(reply.terms)


def is_padded(reply: Reply) -> bool:
    """Whether set phrases take up much of a reply."""
    sentences = len(reply.parts)
    return sentences >= 3 and len(_FILLER.findall(reply.body)) >= max(2, sentences / 3)


def new_terms(texts: Iterable[str], question: str) -> list[set[str]]:
    """The terms of each text that the question does not hold."""
    asked = set(content_terms(question))
    return [set(content_terms(t)) - asked for t in texts]
