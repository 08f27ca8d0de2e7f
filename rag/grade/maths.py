"""Formulas and numbers as they are typed: ``2的n-1次方``, ``pow(2, n-1)`` and ``2^(n-1)`` are one."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_POWER_ZH = re.compile(r"([\w.]+|[（(][^（）()]+[）)])\s*的\s*([\w+\-*/().（）]+?)\s*次(?:方|幂)")
_SQUARE_ZH = re.compile(r"([\w.]+)\s*的?\s*(平方|立方)(?!差|和|误差)")
_POW = re.compile(r"\b(?:math\.)?pow\s*\(([^,()]+),([^()]+(?:\([^()]*\))?)\)")
_SUPERSCRIPT = re.compile(r"([\w)\]])([⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ⁺⁻⁽⁾ⁱ]+)")
_EXPRESSION = re.compile(r"(?<![a-z])[a-zα-ω\d(\[√∞][a-zα-ω\d+\-*/^()\[\]=.,_'√∞|≤≥<>%]*")
_DROP = re.compile(r"[\s*·()\[\]{}^_,'$\\]")
_QUANTITY = re.compile(r"多少|几[个次种层倍步]|是几|求|计算|概率|复杂度|how (?:many|much|long|often)|calculate|compute|what is the (?:probability|value|number|result|order|complexity)|value of")
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "÷": "/", "，": ",", "（": "(", "）": ")", "：": ":", "＾": "^"})


def plain(text: str) -> str:
    """A text with its powers written ``a^b`` and its signs in ASCII, lower case."""
    text = _SUPERSCRIPT.sub(lambda m: f"{m.group(1)}^({unicodedata.normalize('NFKC', m.group(2))})", text)
    text = unicodedata.normalize("NFKC", text).translate(_SIGNS).lower()
    text = _POWER_ZH.sub(r"\1^(\2)", text)
    text = _SQUARE_ZH.sub(lambda m: f"{m.group(1)}^{2 if m.group(2) == '平方' else 3}", text)
    return _POW.sub(r"\1^(\2)", text)


@lru_cache(maxsize=8192)
def expressions(text: str) -> tuple[str, ...]:
    """The formulas and numbers of a text in canonical form, in reading order, without repetition; words are none."""
    out: dict[str, None] = {}
    for match in _EXPRESSION.finditer(re.sub(r"\s*([+\-*/^=])\s*", r"\1", plain(text))):
        raw = match.group().strip(".,=:-")
        if not re.search(r"\d", raw) and not re.search(r"[a-zα-ω)]\s*[+\-*/^=]\s*[a-zα-ω(]", raw):
            continue
        if re.fullmatch(r"[a-z]{3,}-?\d*|[a-z]+-[a-z]+(?:-[a-z]+)*", raw):
            continue
        for part in re.split(r"=|≤|≥|<|>|,", raw):
            short = _DROP.sub("", part)
            if short and re.search(r"\d|[+\-/]", short):
                out.setdefault(short, None)
    return tuple(out)


@lru_cache(maxsize=8192)
def _squeezed(text: str) -> str:
    return _DROP.sub("", plain(text))


def found(expression: str, text: str) -> bool:
    """Whether a canonical formula or number stands in a text, not as a part of a longer number."""
    return re.search(rf"(?<![\d.a-z]){re.escape(expression)}(?![\d.]?\d)", _squeezed(text)) is not None


def asks_for_quantity(question: str) -> bool:
    """Whether a question wants a number or a formula."""
    return bool(_QUANTITY.search(question.lower()))


def share_found(held: str, said: str, asked: str = "") -> tuple[float, int]:
    """(share of the formulas of ``held`` that are in ``said``, their number); those of the question do not count. (0, 0) where there are none."""
    given = set(expressions(asked))
    wanted = [e for e in expressions(held) if e not in given]
    return (sum(found(e, said) for e in wanted) / len(wanted), len(wanted)) if wanted else (0.0, 0)
