"""A reply taken apart: its sentences with their places, and what can be seen of it without knowing what is right."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rag.records import Language
from rag.text import STOP_EN, content_terms, is_cjk, language_of, normalise, split_sentences

MAX_REPLY = 6000
FLAGS = ("empty", "dont_know", "echo", "keyword_list", "off_topic", "padding", "instructions", "other_language")
LONG_CLAUSE = 60
LISTED = 10
"""Ideographs of a piece that may be a bare name."""
_LATIN = 0.4

_WHO = r"(?:^|[^\u4e00-\u9fff]|我|真的?|也|都|完全|实在|确实|有点|还|这个|这题|这道题|这块|这方面|题|根本|压根|具体|暂时|好像|可能|缘由|原因|细节)"
"""What stands before 不知道 where it is the candidate who does not know, not the network."""
_UNKNOWN = re.compile(
    rf"{_WHO}不(?:太|是很|大)?(?:知道|清楚|懂|了解|记得|熟)|{_WHO}不(?:太)?会(?=$|[^\u4e00-\u9fff]|做|答|说|讲|这|了|啊|呀)|"
    r"没(?:学过|了解过|接触过|看过|印象|听说过|想过|准备|复习)(?!的)|忘(?:了|记了?)(?=$|[^\u4e00-\u9fff]|怎|这|具)|答不(?:上|出)|说不(?:上|出)来|"
    r"(?:先)?跳过(?=$|[^\u4e00-\u9fff]|吧|了|行)|没(?:有)?(?:深究|研究|总结|听过|用过)过?(?=$|[^\u4e00-\u9fff]|这)|记不(?:清|起来|得了)|想不(?:起来|到(?=$|[^\u4e00-\u9fff]))|"
    r"不(?:就)?(?:瞎|乱)(?:说|猜|编)|瞎猜|还给老师|没资格说|写不出(?=$|[^\u4e00-\u9fff])|"
    r"(?:^|[.,;!?:] *|\b(?:i|we|honestly|sorry|well|really|just) )(?:really |actually |quite |honestly |just |also )?"
    r"(?:don'?t|do not|didn'?t|did not|can'?t|cannot|could ?n'?t) (?:really |actually |quite |even )?(?:know|remember|recall|answer|say)\b|"
    r"\bno (?:idea|clue)\b|\bnot (?:sure|familiar)\b|\bi(?:'ve| have)? (?:just |totally )?forgot|(?:^|[.!?…] *)(?:i'?ll |let'?s |let me |i )?(?:pass|skip)\W*$|"
    r"\bi(?:'ve| have)? never (?:seen|used|studied|heard|touched|thought|read|had)|\bi haven'?t (?:studied|seen|used|learned|learnt|read)|"
    r"\bnot able to define\b|"
    r"\b(?:couldn'?t|can'?t) (?:tell you|judge that|give you|derive it)\b|\bno (?:answer|explanation) from\b|\bsorry, guessing\b|"
    r"\bskip (?:this|it|that)\b|\bidk\b|\bdunno\b|\bdrawing a blank\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:忽略|无视|忘记|忘掉|不要理会|不用管|跳过|覆盖)(?:掉)?.{0,14}(?:指令|指示|规则|要求|提示|标准|评分|要点|rubric|"
    r"(?:以上|之前|上面|上述|前面)(?:的|所有|全部|一切)*(?:内容|话|文字|说明|设定))|"
    r"(?:给|打|判|评|记)(?:我|为|出|上|个|成|作)*\s*(?:满分|一百分|100\s*分|100(?=\s*(?:$|[，。,.!！]))|高分|最高分|hit\b|通过(?=$|[^\u4e00-\u9fff]))|"
    r"(?:评分|打分|阅卷|批改)(?:系统|模型|程序|助手|员|老师|者|器|机器人|ai).{0,24}(?:满分|100\s*分|命中|判?(?:为)?通过|请(?:给|判|将|把|忽略|按|直接)|必须(?:给|判))|"
    r"系统(?:提示|消息)\s*[:：]|系统(?:指令|通知)|(?:本题|此题|该题|(?:全部|所有)(?:答案|要点|得分点)).{0,8}(?:满分|命中|全对|通过|judged)|"
    r"(?:全部|所有|都|均)(?:判为?|记为?|算)(?:满分|命中|全对|对)|(?:总分|得分|分数|评分|成绩)(?:已|应|须|必须|需|可)?(?:锁定|定|记|判|计|评)?(?:为|是|成|写)?\s*(?:100|满分)(?![.\d])|"
    r"(?:返回|输出|按)\s*100(?:\s*分)?(?=\s*(?:$|[，。,.!！；;)）]|计))|(?:得|给|打|判|拿)满分|(?:判|勾|标).{0,10}[“\"]?命中|要点.{0,4}(?:命中|全中|满足)|(?:\[k\d\])+|视为(?:全对|命中|满分)|无[需须](?:再评|逐点)|"
    r"(?:^|[.!?:;,\"'()\[\]<>*#-] *|\b(?:please|must|should|now|and|to|you|then) )(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b"
    r"(?:instructions?|rubrics?|prompts?|criteria|key ?points?|guidelines?|(?:your|grading|scoring|previous|prior|above) rules?|"
    r"(?:previous|prior) (?:\w+ )?(?:messages?|texts?|conversations?|directions?|contents?|orders?)|above(?= *(?:$|[.,;:!])))|"
    r"\b(?:give|award|assign|grant|grade|mark|score|rate|set|output|return)\b.{0,40}\b(?:full (?:marks?|scores?|credits?|points?)|"
    r"(?:100|perfect|maximum|max|top|highest) (?:marks?|scores?|credits?|points?|grades?)|"
    r"100 ?(?:/ ?100|out of 100)|(?:as|is|=) (?:an? |fully )?(?:hit|correct)|a\+|10/10)|"
    r"\b(?:score|grade|mark|verdict|rating)s?\b.{0,12}(?:\b(?:to|as|of|is|at)|[=:]) *(?:100(?![.\d])|hit\b|full\b|perfect\b|max)|"
    r"\b(?:return|grant|output|give|award|assign) (?:(?:me|us|it|this|a|an|the|reply|answer|just|only) )*(?:100|hit|hits)(?= *(?:$|[.,;!]))|"
    r"^\W*(?:system|grader|examiner|admin(?:istrator)?) ?(?:note|message|override|prompt)? ?[:：]|\b(?:system|grader|examiner|admin) (?:message|override)\b|"
    r"<\|?(?:im_start|system|endoftext)|\[/?(?:inst|system)\]|<(?:grade|score|verdict)>|\btreat\b.{0,30}\bas (?:answered|correct|hits?)\b|"
    r"\"?(?:score|verdict|points?|得分|分数)\"?\s*[:=：]\s*\"?(?:100(?![.\d])|hit|full|满分)",
    re.IGNORECASE,
)
_RELATION = re.compile(
    r"[=≈<>→∝]|是|为|会|能|可以|因为|所以|由于|使|让|把|被|从而|导致|如果|通过|用来|用于|来|将|对|在|比|而|但|就|不|没|有|得|了|着|过|从|往|都|做|说|才|该|跟|代替|换成|变成|记住|省|"
    r"\b(?:is|are|was|were|be|been|being|has|have|had|do|does|did|can|could|will|would|should|may|might|must|because|so|when|if|which|that|while|by|to|than|not|no|makes?|gives?|lets?|"
    r"uses?|keeps?|reduces?|increases?|helps?|avoids?|causes?|means?|it|they|you|we|its)\b",
    re.IGNORECASE,
)
DENIAL = re.compile(r"不|没|无|非|未|\b(?:not|no|never|without|cannot|n't|nor|neither)\b|n't\b", re.IGNORECASE)
NUMBER = re.compile(r"(?<![A-Za-z0-9_.])\d+(?:\.\d+)?(?![A-Za-z0-9_])")
"""A number, also one that touches ideographs."""
_CHOICE = re.compile(r"哪|还是|\b(?:which|or|whether)\b", re.IGNORECASE)
_BETWEEN = re.compile(r"[,，、;；/|\n·•+&]+|(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])|\s{2,}|\s+-\s+")
_PAUSE = re.compile(r"[,，、;；:：。.|\n→=](?!\d)")
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
    if "=" in plain or re.search(r"\d\s*[*/+^]\s*\d|\b(?:def|import|return)\b|\bclass \w+ ?[:(]", plain):
        return False
    if not _PAUSE.search(plain.rstrip(" .。!！")) and any(is_cjk(c) for c in plain):
        words = plain.split()
        return len(words) >= 8 and sum(size(w) <= LISTED and not _RELATION.search(w) for w in words) >= 0.9 * len(words)
    pieces = [p.strip(" .。:：!！?？()（）") for p in _BETWEEN.split(plain)]
    pieces = [p for p in pieces if p]
    if len(pieces) < 5:
        words = plain.split()
        if len(words) < 8 or any(is_cjk(c) for c in plain):
            return False
        return not any(_RELATION.search(w) for w in words) and sum(w in STOP_EN for w in words) <= 0.1 * len(words)
    bare = [p for p in pieces if size(p) <= LISTED and not _RELATION.search(p)]
    return len(bare) >= 0.82 * len(pieces)


def is_echo(reply: Reply, question: str) -> bool:
    """Whether a reply says little that the question has not said."""
    asked = set(content_terms(question))
    own = [t for t in reply.terms if t not in asked]
    if bool(DENIAL.search(normalise(reply.body))) != bool(DENIAL.search(normalise(question))):
        return False  # "a perceptron cannot solve XOR" answers whether it can
    if _CHOICE.search(normalise(question)) and not asked <= set(reply.terms):
        return False  # to name one of two answers which of them
    return len(reply.terms) >= 2 and len(own) <= 0.25 * len(reply.terms)


def is_padded(reply: Reply) -> bool:
    """Whether set phrases take up much of a reply."""
    sentences = len(reply.parts)
    return sentences >= 3 and len(_FILLER.findall(reply.body)) >= max(2, sentences / 3)


def new_terms(texts: Iterable[str], question: str) -> list[set[str]]:
    """The terms of each text that the question does not hold."""
    asked = set(content_terms(question))
    return [set(content_terms(t)) - asked for t in texts]
