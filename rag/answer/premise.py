"""Questions that take something for granted which the passage denies: another number, a higher count, the opposite word."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from rag.records import Asked, Unit
from rag.text import content_terms, normalise

_PRESUPPOSES = re.compile(r"为什么|为何|為什麼|为啥|凭什么|既然|\bwhy\b|\bhow come\b|\bas (?:your|the) (?:notes|table|document)", re.IGNORECASE)
_ORDINAL = re.compile(r"第\s*([一二三四五六七八九十]|\d{1,2})\s*(?:个|种|点|条|类|步|项)|\b(fifth|sixth|seventh|eighth|ninth|tenth)\b", re.IGNORECASE)
_COUNT = re.compile(r"(?:有|是|为|分为|分成|包括|主要有)?\s*([两二三四五六七八九]|\d)\s*(?:个|种|点|条|类|步|项)")
_VALUE = re.compile(r"(?<![a-z0-9.])(?:\d+\.\d+|\d{1,3}x\d{1,3})(?![a-z0-9.]|\.\d)")
_DIGITS = (
    {c: n for n, c in enumerate("一二三四五六七八九十", 1)} | {"两": 2} | {w: n for n, w in enumerate("fifth sixth seventh eighth ninth tenth".split(), 5)}
)
_OPPOSITES: tuple[tuple[str, str], ...] = (
    (r"更多|more\b|越多", r"更少|较少|fewer|less\b"),
    (r"更少|fewer|\bless\b", r"更多"),
    (r"完全|彻底|根本上?解决|completely|entirely|fully|eliminat\w*", r"没有根本|一定程度|缓解|部分|mitigat\w*|partly"),
    (r"增加|增大|提高|提升|increas\w*", r"降低|减少|减小|decreas\w*|reduc\w*"),
    (r"降低|减少|减小|decreas\w*|reduc\w*", r"增加|增大|提高|increas\w*"),
    (r"首选|推荐|最好|popular|best|recommend\w*", r"太弱|不使用|不用|不合理|代替|意义不对"),
    (r"所有元素之和|sum of all", r"最大|max"),
    (r"(?<!非)凸|(?<!non-)(?<!non)convex", r"非凸|不满足|non-?convex"),
    (r"(?<!不)共享|\bshare\w*", r"不(?:用|再|需要)?共享"),
)


def denied_by(asked: Asked, units: Sequence[Unit]) -> list[Unit]:
    """The units that contradict what a question presupposes, best first; empty where nothing does.

    Only questions that presuppose (why ..., the fifth ...) are looked at, and only units that share at least two of the question's terms. A value that
    the passage names itself is not denied by another one beside it.
    """
    plain = normalise(asked.text)
    ordinal = _ORDINAL.search(plain)
    presupposes = bool(_PRESUPPOSES.search(plain))
    if not presupposes and not ordinal:
        return []
    terms = {t for t in asked.terms if len(t) > 1}
    values = set(_VALUE.findall(plain)) if presupposes else set()
    if values & set(_VALUE.findall(normalise(" ".join(u.text for u in units)))):
        values = set()
    out: list[Unit] = []
    for unit in units:
        text = normalise(unit.text)
        if len(terms & set(content_terms(unit.text))) < 2:
            continue
        if (ordinal and _beyond(ordinal, text)) or _other_value(values, text) or (presupposes and _opposite(plain, text)):
            out.append(unit)
    return out[:2]


def _beyond(ordinal: re.Match[str], text: str) -> bool:
    said = (ordinal.group(1) or ordinal.group(2)).lower()
    number = _DIGITS.get(said) or (int(said) if said.isdigit() else 0)
    counts = [_DIGITS.get(c) or (int(c) if c.isdigit() else 0) for c in _COUNT.findall(text)]
    return bool(counts) and number > max(counts)


def _other_value(values: Set[str], text: str) -> bool:
    """Whether a text, which names none of the values, names one of their form (a size, or a decimal number)."""
    return bool({"x" in v for v in values} & {"x" in v for v in _VALUE.findall(text)})


def _opposite(plain: str, text: str) -> bool:
    return any(re.search(x, plain) and not re.search(y, plain) and re.search(y, text) and not re.search(x, re.sub(y, " ", text)) for x, y in _OPPOSITES)
