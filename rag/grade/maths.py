"""Formulas and numbers as they are typed: ``2的n-1次方``, ``pow(2, n-1)`` and ``2^(n-1)`` are one."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_POWER_ZH = re.compile(r"([\w.]+|[（(][^（）()]+[）)])\s*的\s*([\w+\-*/().（）]+?)\s*次(?:方|幂)")
_SQUARE_ZH = re.compile(r"([\w.]+)\s*的?\s*(平方|立方)(?!差|和|误差)")
_POW = re.compile(r"\b(?:math\.)?pow\s*\(([^,()]+),([^()]+(?:\([^()]*\))?)\)")
_SUPERSCRIPT = re.compile(r"([\w)\]])([⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ⁺⁻⁽⁾ⁱ]+)")
_EXPRESSION = re.compile(r"(?<![a-z\d])[a-zα-ω\d(\[√∞][a-zα-ω\d+\-*/^()\[\]=._'√∞|≤≥<>%]*")
_SIZE = re.compile(r"(?<=\d)\s*[×✕╳]\s*(?=\d)")
_AROUND = re.compile(r"\s*([+\-*/^=|])\s*")
_MARKER = re.compile(r"(?m)^\s*[(（]?\d{1,2}[.)）、:](?!\d)\s*")
_QUANTITY = re.compile(
    r"多少|几[个次种层倍步]|是几|求|计算|概率|复杂度|how (?:many|much|long|often)|calculate|compute|what is the (?:probability|value|number|result|order|complexity)|value of"
)
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "÷": "/", "，": ",", "（": "(", "）": ")", "：": ":", "＾": "^"})


def plain(text: str) -> str:
    """A text with its powers written ``a^b`` and its signs in ASCII, lower case."""
    text = _SUPERSCRIPT.sub(lambda m: f"{m.group(1)}^({unicodedata.normalize('NFKC', m.group(2))})", text)
    text = _SIZE.sub("x", unicodedata.normalize("NFKC", text)).translate(_SIGNS).lower()
    text = _POWER_ZH.sub(r"\1^(\2)", text)
    text = _SQUARE_ZH.sub(lambda m: f"{m.group(1)}^{2 if m.group(2) == '平方' else 3}", text)
    return _POW.sub(r"\1^(\2)", text)


@lru_cache(maxsize=8192)
def _typed(text: str) -> str:
    """A text with no white space around its operators and no list markers."""
    return _AROUND.sub(r"\1", _MARKER.sub(" ", plain(text)))


def _canonical(expression: str) -> str:
    """A formula without multiplication signs, quotes and idle brackets."""
    short = re.sub(r"[\s*_'$\\]", "", expression).translate(str.maketrans("[]{}", "()()"))
    short = re.sub(r"\(\(([^()]+)\)\)", r"(\1)", re.sub(r"(?<![a-z])\((\w+)\)", r"\1", short))
    while short.startswith("(") and short.endswith(")") and _closes_at_end(short):
        short = short[1:-1]
    return short


def _closes_at_end(text: str) -> bool:
    depth = 0
    for i, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return i == len(text) - 1
    return False


@lru_cache(maxsize=8192)
def expressions(text: str) -> tuple[str, ...]:
    """The formulas and numbers of a text in canonical form, in reading order, without repetition; words are none."""
    out: dict[str, None] = {}
    for match in _EXPRESSION.finditer(_typed(text)):
        raw = match.group()
        while raw and (raw[-1] in ".=:-+/*" or raw.count(")") > raw.count("(")):
            raw = raw[:-1]
        if re.search(r"[a-z]{3}", raw) and not re.search(r"[=^(]", raw):
            continue
        for part in re.split(r"[=≤≥<>|]", raw):
            while part.count("(") > part.count(")") and part.startswith("("):
                part = part[1:]
            short = _canonical(part)
            if re.search(r"\d", short) or re.search(r"(?:^|[^a-z])[a-zα-ω][+\-/^][a-zα-ω](?:[^a-z]|$)", short):
                out.setdefault(short, None)
    return tuple(out)


def asks_for_quantity(question: str) -> bool:
    """Whether a question wants a number or a formula."""
    return bool(_QUANTITY.search(question.lower()))


def share_found(held: str, said: str, asked: str = "") -> tuple[float, int]:
    """(share of the formulas and numbers of ``held`` that ``said`` has, how many there are); those of the question, and parts of others, do not
    count; longer ones count more. (0, 0) where there are none."""
    given = set(expressions(asked))
    wanted = [e for e in expressions(held) if e not in given]
    wanted = [e for e in wanted if not any(e != other and e in other for other in wanted)]
    has = set(expressions(said))
    weights = [1.0 + (len(e) > 2) for e in wanted]
    return (sum(w for e, w in zip(wanted, weights, strict=True) if e in has) / sum(weights), len(wanted)) if wanted else (0.0, 0)
