"""Questions that cannot be understood alone, completed from the conversation without a model.

A question depends on what came before when it holds a pronoun or an ellipsis, points at an item of the last answer, or names only an aspect
and no topic. Its topic then comes from the last question that had one; an ordinal ("the second one") names an item of the last answer, and a
bare new name ("and for GoogLeNet?") takes the place of the old one in the last question. A question that names its own topic starts anew.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from rag.answer.parts import compares
from rag.records import Language
from rag.text import concepts, content_terms, language_of, mentions, normalise

MAX_CONTEXT = 160
OTHER_TOPIC = 2
"""A question that names so many things, none of them of this field, has a topic of its own."""
_PRONOUN = re.compile(
    r"它们?|(?<![吉其排利维])他们?|这(?:个|种|样|些|里|点|一点|两个|题|么)|那(?:个|种|样|些|里|么|一个|要是|再|删|这|它|L|l)|^那|此|该(?:方法|网络|模型|结构|层|算法)|前者|"
    r"后者|其(?:中|他|它|余|优|缺)|上面|刚才|刚刚|上述|前面|后面|另外|另一个|剩下|"
    r"最后那|岂不是|\b(?:it|its|they|them|their|th(?:at|ose)(?! (?:of|which|who)\b)|these|this|"
    r"the (?:former|latter|other|first|second|third|fourth|last|next|same)|one|ones|he|his|"
    r"she|there|then what|what else|why not|else)\b",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(
    r"^(?:那|那么|然后|接着|还有|再|而|所以|但|不过|如果|要是|跟|和|比起|相比)|呢[？?]?$|^(?:and|but|so|or|then|also|what about|how about|what of|why|what's|"
    r"whats|any|vs\.?|versus|compared (?:to|with))\b|"
    r"继续|展开|详细(?:说|讲|点)|举个例子|举例|具体(?:点|说|怎么)|为什么[？?]?$|怎么(?:做|办|改进|解决)[？?呢]*$|有(?:什么)?(?:代价|缺点|优点|好处|坏处|用|"
    r"意义)吗?|后果|严重吗|more detail|go on|tell me more|elaborate|for example\??$|in (?:detail|practice)\??$",
    re.IGNORECASE,
)
_ORDINAL = re.compile(
    r"第\s*([一二三四五六七八九十\d]+)\s*(?:点|个|种|条|步|项|部分|类|层)?|最后\s*(?:那)?(?:一)?(?:个|种|点|条|步|项)|\b(first|second|third|fourth|fifth|"
    r"sixth|last|final)\b",
    re.IGNORECASE,
)
_NUMBERS = {c: n for n, c in enumerate("一二三四五六七八九十", 1)} | {w: n for n, w in enumerate("first second third fourth fifth sixth".split(), 1)}
_SWAP_ZH = re.compile(
    r"^(?:那|那么|后面那个|那个|再说说|再讲讲|换成|如果是|还有)?\s*(?P<new>[^，。？?]{1,24}?)\s*(?:呢|又好在哪|怎么样|又如何|又是什么|如何)[？?]*$"
)
_SWAP_EN = re.compile(
    r"^(?:and|what about|how about|and what about|and how about|and for|same for|now)\s+(?:for |with |in |about )?(?P<new>[\w.\-+ ∞]{1,40}?)\??$", re.IGNORECASE
)
_LEADING = re.compile(r"^(?:那么?|然后|所以|而|再)?\s*(?:它们?|这个|这种|该方法)?(?:的(?=[\u4e00-\u9fff]))?(?=[\u4e00-\u9fff])|呢(?=[？?]*$)")
"""What only leans on the question before, once that is named."""
_CLAUSE = re.compile(r"[，,；;？?]|\band\b|并且|以及|而且", re.IGNORECASE)
_INTERROGATIVE = re.compile(r"什么|为何|怎么|怎样|如何|哪|啥|\b(?:what|why|how|when|which|explain|define|describe)\b", re.IGNORECASE)
_TELL = re.compile(
    r"(?:请|麻烦)?(?:介绍|解释|讲解|说说|讲讲|谈谈|说明|聊聊|描述)(?:一下|下)?(?:你?对)?|的(?:理解|认识|概念|含义|定义)|"
    r"\b(?:explain|define|describe|introduce|briefly|tell me about|(?:the )?(?:definition|concept|meaning) of)\b",
    re.IGNORECASE,
)
"""Asks to be told of what follows."""
_SPLIT_ITEMS = re.compile(r"\n\s*(?:[-*•]|\d{1,2}[.)、])\s*|[；;]|(?<=[^\d])\d{1,2}[.)、](?=\S)|[、／/](?=\S)")
_IDENTIFIER = re.compile(r"[A-Z0-9_]")
"""What tells a name from a common word."""
_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.+-]*(?:\s?[vV]\d)?")

_WISH_ZH = r"(?:请|麻烦|能不能|能否|可以|可否)?\s*用(?:{zh})(?:来)?(?:(?:回答|解释|说明|讲|说|复述)(?:一遍|一下)?吗?|$)"
_WISH_EN = (
    r"\b(?:please )?(?:answer|reply|respond|say (?:it|that)|explain (?:it|that)|again) in {en}\b(?:,? please)?"
    r"|^in {en}(?:,? please)?[.?!]*$|\bin {en},? please\b"
)
_IN_LANGUAGE: dict[Language, re.Pattern[str]] = {
    "en": re.compile(f"{_WISH_ZH.format(zh='英文|英语|英語')}|{_WISH_EN.format(en='english')}", re.IGNORECASE),
    "zh": re.compile(f"{_WISH_ZH.format(zh='中文|汉语|漢語')}|{_WISH_EN.format(en='chinese')}", re.IGNORECASE),
}
"""A wish to be answered in a language; ``in English`` alone may as well belong to what is asked."""


@dataclass(frozen=True, slots=True)
class Standalone:
    """A question that can be understood alone.

    Attributes:
        text: the question as shown.
        search: what is searched for.
        followed: whether the history was needed.
        context: the earlier question it continues; its passages are likely to hold the answer.
        said: the last answer, which need not be repeated.
    """

    text: str
    search: str
    followed: bool
    context: str = ""
    said: str = ""


def _said(turn: Mapping[str, object]) -> str:
    """The text of a chat turn, whichever of the two usual shapes its content has."""
    content = turn.get("content", "")
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return ""


def standalone(question: str, history: Sequence[Mapping[str, object]], known: Container[str] | None = None) -> Standalone:
    """Complete a question from the conversation (oldest turn first, ``{"role", "content"}``); as it is when it stands alone.

    ``known`` are the terms of the corpus: a question whose only subject is none of them is about something else.
    """
    question = question.strip()
    turns = [(str(t.get("role", "")), _said(t).strip()) for t in history]
    asked = [text for role, text in turns if role == "user" and text]
    answers = [text for role, text in turns if role == "assistant" and text]
    if not asked or not depends(question, known):
        return Standalone(question, question, False)
    topic = _topic(asked)
    item = _item(question, answers[-1]) if answers else None
    swapped = None if item else _swap(question, topic)
    if swapped:
        return Standalone(swapped, swapped, True, "", answers[-1] if answers else "")
    chinese = language_of(question) == "zh"
    names = _names(topic) or _bare(topic)
    if item:
        text = f"{_bare(topic)}（{item}）：{question}" if chinese else f"{_bare(topic)} ({item}): {question}"
        return Standalone(text, f"{names} {item} {_plain_rest(question)}".strip(), True, topic, answers[-1])
    text = f"{_bare(topic)}：{question}" if chinese else f"{_bare(topic)}: {question}"
    # After "what is X" a pronoun stands for X, else perhaps for what the answer names.
    context = _antecedent(question, answers[-1]) if answers and not thing_asked(topic) else ""
    return Standalone(text, " ".join(filter(None, (names, context, _LEADING.sub("", question)))), True, topic, answers[-1] if answers else "")


def in_language(question: str, history: Sequence[Mapping[str, object]]) -> tuple[str, Language | None]:
    """A question without the wish to be answered in a language, and that language; where nothing else is left, the last question that had a topic."""
    for language, pattern in _IN_LANGUAGE.items():
        if pattern.search(question):
            rest = pattern.sub(" ", question).strip(" ，,。.?？!！")
            asked = [text for t in history if t.get("role") == "user" and (text := _said(t).strip())]
            return (rest or (_topic(asked) if asked else question)), language
    return question, None


def _names(topic: str) -> str:
    """The names a question holds, as words: its topic without what was asked about it."""
    return " ".join(words for words, concept in mentions(topic) if concept not in _ASPECTS)[:MAX_CONTEXT]


def thing_asked(question: str) -> str:
    """The one thing whose meaning a question asks for and nothing else ("什么是 LSTM", "explain attention"); empty for every other question."""
    question = _TELL.sub(" ", question)
    found = mentions(question)
    things = [words for words, concept in found if concept not in _ASPECTS]
    aspects = {concept for _, concept in found if concept in _ASPECTS}
    told = set(content_terms(" ".join(words for words, _ in found)))
    return things[0] if len(things) == 1 and aspects <= _BEING and set(content_terms(question)) <= told else ""


def _plain_rest(question: str) -> str:
    """A question without the ordinal that was resolved."""
    return _ORDINAL.sub("", question).strip(" ，,.。?？")


def depends(question: str, known: Container[str] | None = None) -> bool:
    """Whether a question needs what was said before it; ``known`` as for :func:`standalone`."""
    plain = normalise(question)
    if _of_its_own(plain):
        return False
    own = own_topic(plain)
    pronoun = bool(_PRONOUN.search(plain))
    ellipsis = bool(_ELLIPSIS.search(plain))
    if _SWAP_EN.match(plain) or (_SWAP_ZH.match(plain) and len(plain) <= 24):
        return True
    if _ORDINAL.search(plain) and len(own) <= 1 and len(plain) <= 60:
        return True
    if not own:
        named = _named(plain)
        foreign = bool(named) and known is not None and not any(t in known for t in named)
        return pronoun or ellipsis or (len(named) < OTHER_TOPIC and not foreign)
    if pronoun and compares(plain) and sum(concept not in _ASPECTS for _, concept in mentions(plain)) == 1:
        return True  # one thing is set beside what "it" stands for
    weight = len(own)
    if pronoun and ellipsis:
        return weight <= 3
    if pronoun:
        return weight <= 2 and not re.search(r"\b(?:that|this|it)\s+(?:is|are|was)\s+\w+ed\b", plain)
    return (
        ellipsis
        and weight <= 2
        and (plain.startswith(("那", "and ", "but ", "so ", "then ", "what about", "how about", "跟", "和", "如果", "要是", "然后")) or weight <= 1)
    )


def _of_its_own(plain: str) -> bool:
    """Whether what a pronoun stands for is asked about before it in the same question ("What is a saddle point and why does it matter?")."""
    first, _, rest = _CLAUSE.sub("\n", plain, count=1).partition("\n")
    named = any(concept not in _ASPECTS for _, concept in mentions(first))
    return bool(named and _INTERROGATIVE.search(first) and _PRONOUN.search(rest) and not _PRONOUN.search(first) and not _ELLIPSIS.search(first))


_ASPECTS = frozenset(
    "advantage drawback disadvantage principle derivation formula reason example application definition purpose difference comparison effect mechanism "
    "problem solution method question answer "
    "interview interviewer meaning property cost result function step detail improvement structure implementation importance influence goal idea "
    "intuition scene explain pros-and-cons complexity time-complexity code-implementation".split()
)

_BEING = frozenset({"definition", "meaning", "mechanism", "method", "problem", "explain"})
"""Aspects that stand for the thing itself."""


def own_topic(plain: str) -> list[str]:
    """The things a question names itself, words for mere aspects (drawback, formula, example ...) left out."""
    named = [c for c in concepts(plain) if c not in _ASPECTS]
    known = " ".join(plain.split())
    names = [w for w in _LATIN_NAME.findall(known) if re.search(r"\d|[a-z]{2}", w) and not concepts(w) and language_of(plain) == "zh"]
    return [*named, *names]


def _named(plain: str) -> set[str]:
    """The words of a question that are no aspect of something else, those inside longer ones left out: what it is about, known to the glossary or not."""
    for words, concept in mentions(plain):
        if concept in _ASPECTS:
            plain = plain.replace(words, " ")
    terms = {t for t in content_terms(plain) if len(t) > 1 and not t.startswith("§")}
    return {t for t in terms if not any(t != other and t in other for other in terms)}


def _topic(asked: Sequence[str]) -> str:
    """The last question that names a topic of its own; a chain of follow-ups reaches back to what began it."""
    for text in reversed(asked):
        if own_topic(normalise(text)) and not _only_points(text):
            return text
    return asked[-1]


def _only_points(text: str) -> bool:
    return bool(_ORDINAL.search(text)) and len(content_terms(text)) <= 3


def _clip(text: str) -> str:
    return text[:MAX_CONTEXT]


def _bare(text: str) -> str:
    return text.strip().rstrip("?？。.!！")


def _item(question: str, answer: str) -> str | None:
    """The item of the last answer that an ordinal points at."""
    match = _ORDINAL.search(normalise(question))
    if not match:
        return None
    items = _items(answer)
    if len(items) < 2:
        return None
    if match.group(1):
        number = _NUMBERS.get(match.group(1)) or (int(match.group(1)) if match.group(1).isdigit() else 0)
    elif match.group(2) and match.group(2).lower() in _NUMBERS:
        number = _NUMBERS[match.group(2).lower()]
    else:
        number = len(items)
    if not 1 <= number <= len(items):
        return None
    found = [items[number - 1]]
    if re.search(r"\blast\b|最后", question) and number != len(items):
        found.append(items[-1])
    return " ".join(found)[:MAX_CONTEXT]


def _items(answer: str) -> list[str]:
    """The items of an answer: list lines, else the longest enumeration in a sentence (by 、 or commas)."""
    listed = [m.strip() for m in re.findall(r"^\s*(?:[-*•]|\d{1,2}[.)、])\s+(.+)$", answer, re.MULTILINE)]
    if len(listed) >= 2:
        return listed
    marked = re.split(r"(?:^|[，,；;。\s])(?:[一二三四五六]是|(?:首先|其次|再次|最后)[，,]?)", answer)
    if len(marked) >= 3:
        return [part.strip("，,；;。 ") for part in marked[1:]]
    best: list[str] = []
    for sentence in re.split(r"[。.!！?？\n]", answer):
        tail = (
            re.split(r"[:：]|\b(?:through|are|include[s]?|namely|by)\b", sentence)[-1]
            if re.search(r"[:：]|through| are |includ|namely", sentence)
            else sentence
        )
        for pattern in (r"[、／]", r"[；;]", r",\s*(?:and\s+)?|\s+and\s+", r"[，,]"):
            parts = [p.strip() for p in re.split(pattern, tail) if p.strip()]
            if len(parts) >= 2 and len(parts) > len(best):
                best = parts
                break
    return best


def _swap(question: str, topic: str) -> str | None:
    """The last question with its name exchanged for a new one ("and for GoogLeNet?"); None where that does not fit."""
    match = _SWAP_EN.match(question) or _SWAP_ZH.match(question)
    if not match:
        return None
    new = match.group("new").strip(" 那的")
    if (
        not new
        or not (own_topic(normalise(new)) or _IDENTIFIER.search(new))
        or len(new) > 16
        or re.search(r"如果|不用|不|另外|比$|什么|怎么|为什么|哪|\b(?:it|that|this|they|those|one|the other)\b", new, re.IGNORECASE)
    ):
        return None
    version = re.fullmatch(r"[vV]\d+", new)
    names = [m for m in re.finditer(r"[A-Za-z][A-Za-z0-9_+-]*(?:\s[vV]\d)?(?:\s(?:norm|network|pooling|net))?", topic) if _is_name(m.group())]
    if version and names:
        base = re.sub(r"\s?[vV]\d+$", "", names[-1].group())
        return topic[: names[-1].start()] + f"{base} {new}" + topic[names[-1].end() :]
    if names:
        old = names[0] if len(names) == 1 else _nearest_name(names, new)
        return f"{_bare(topic[: old.start()] + new + topic[old.end() :])}？" if language_of(topic) == "zh" else topic[: old.start()] + new + topic[old.end() :]
    return f"{_bare(topic)}：{new}" if language_of(question) == "zh" else f"{_bare(topic)}: {new}"


_COMMON = frozenset(
    "what which who why how does did do is are was were the a an of in on for with and or to it by from cover improve page pages paper norm pooling explain "
    "tell me about between used use".split()
)


def _is_name(text: str) -> bool:
    return text.lower() not in _COMMON and (bool(_IDENTIFIER.search(text)) or bool(concepts(text)))


def _nearest_name(names: Sequence[re.Match[str]], new: str) -> re.Match[str]:
    upper = sum(c.isupper() for c in new) / max(1, len(new))
    return min(names, key=lambda m: (abs(sum(c.isupper() for c in m.group()) / len(m.group()) - upper), m.start()))


def _antecedent(question: str, answer: str) -> str:
    """What a pronoun may stand for in the last answer: the names it holds."""
    if not _PRONOUN.search(normalise(question)):
        return ""
    return " ".join(words for words, concept in mentions(answer) if concept not in _ASPECTS and _LATIN_NAME.search(words))[: MAX_CONTEXT // 2]
