"""What a text asserts beside its topic: negations, opposites, directions, numbers, who does what to whom.

Two texts on one topic may say the opposite of each other with the same words. :func:`compare` puts the ways in which they differ into figures.
The opposites are ``rag/data/opposites.tsv``: axes of two sides in both languages, so that they are compared across languages as well.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from rag.text import concepts, normalise

_NOT_ZH = re.compile(
    r"代替|取代|替代|并非|绝非|而非|并不|毫不|毫无|从不|绝不|决不|不是|不会|不能|不可|不必|不用|不需|无需|无须|没有|没法|无法|未必|[不没无非未别莫](?![同少断仅但只过妨论管])"
)
_NOT_EN = re.compile(
    r"\b(?:not|no|never|none|nothing|neither|nor|cannot|without|hardly|isn't|aren't|wasn't|don't|doesn't|didn't|won't|can't|couldn't|shouldn't|wouldn't|"
    r"isnt|dont|doesnt|didnt|cant|wont|instead of|rather than|fails? to|no longer|replac(?:es?|ing)|has nothing to do)\b"
)
_EXTREME = re.compile(
    r"只有|只要|只能|只会|唯一|完全|永远|总是|始终|必须|必然|一定|所有|任何|任意|全部|彻底|绝对|从来|根本|每个|都|越.{1,6}越|"
    r"\b(?:only|always|never|all|every|any|completely|entirely|exactly|must|guarantees?d?|impossible|perfectly|purely|simply|nothing|everything)\b"
)
_HEDGE = re.compile(
    r"大概|可能|好像|似乎|应该是|差不多|左右|吧|之类|什么的|某种|有点|有些|反正|挺|比较|效果好|更好|等等|"
    r"\b(?:maybe|probably|perhaps|i guess|i think|kind of|sort of|somehow|something|stuff|things?|somewhere|or so|better|good|etc)\b"
)
_CAUSE = re.compile(r"因为|由于|所以|因此|从而|导致|使得|于是|造成|引起|\b(?:because|since|therefore|so that|thus|hence|leads? to|causes?|due to|so)\b")
_CONTRAST = re.compile(r"而不是|而非|不是.{1,20}而是|并不是|相反|但是|\b(?:rather than|instead of|not .{1,30} but|but not|unlike|contrary)\b")
_NUMBER = re.compile(r"(?<![a-z\d.])\d+(?:\.\d+)?(?:x\d+)*%?|(?<=[一-鿿])\d+(?:\.\d+)?|[一二两三四五六七八九十](?=[个层倍次种步维类阶点项])")
_ZH_DIGIT = {c: str(i) for i, c in enumerate("一二三四五六七八九十", 1)} | {"两": "2"}
_EN_DIGIT = {w: str(i) for i, w in enumerate("two three four five six seven eight nine ten".split(), 2)} | {"twice": "2", "half": "0.5"}
_EN_NUMBER = re.compile(r"\b(?:" + "|".join(_EN_DIGIT) + r")\b")
_LATIN = re.compile(r"[a-z]")


@dataclass(frozen=True, slots=True)
class Signs:
    """What :func:`signs` reads off a text. ``sides`` holds ``axis+`` and ``axis-``, each negated form counted on the other side as well."""

    negations: int
    extremes: int
    hedges: int
    causes: int
    contrasts: int
    sides: frozenset[str]
    numbers: frozenset[str]
    order: tuple[str, ...]


@lru_cache(maxsize=1)
def _axes() -> tuple[re.Pattern[str], dict[str, tuple[str, ...]], re.Pattern[str], dict[str, tuple[str, ...]]]:
    """One pattern a language, and the sides each form stands for."""
    zh: dict[str, list[str]] = {}
    en: dict[str, list[str]] = {}
    for line in (files("rag") / "data" / "opposites.tsv").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        axis, *cells = line.split("\t")
        for table, sign, cell in ((zh, "+", cells[0]), (zh, "-", cells[1]), (en, "+", cells[2]), (en, "-", cells[3])):
            for form in cell.split("|"):
                table.setdefault(form.strip(), []).append(axis + sign)
    pattern = lambda forms: "|".join(re.escape(f) for f in sorted(forms, key=lambda f: (-len(f), f)))  # noqa: E731 - used twice
    return (
        re.compile(pattern(zh)),
        {k: tuple(v) for k, v in zh.items()},
        re.compile(r"(?<![\w-])(?:" + pattern(en) + r")(?![\w-])"),
        {k: tuple(v) for k, v in en.items()},
    )


def _sides(plain: str) -> Iterator[str]:
    zh, zh_sides, en, en_sides = _axes()
    for pattern, table in ((zh, zh_sides), (en, en_sides)):
        for match in pattern.finditer(plain):
            yield from table[match.group()]


def _numbers(plain: str) -> Iterator[str]:
    for match in _NUMBER.finditer(plain):
        yield _ZH_DIGIT.get(match.group(), match.group())
    for match in _EN_NUMBER.finditer(plain):
        yield _EN_DIGIT[match.group()]


def negation_spans(plain: str) -> list[tuple[int, int]]:
    """Where a normalised text negates, in reading order."""
    return sorted(m.span() for pattern in (_NOT_ZH, _NOT_EN) for m in pattern.finditer(plain))


@lru_cache(maxsize=8192)
def signs(text: str) -> Signs:
    """The signs of a text in either language."""
    plain = normalise(text)
    latin = bool(_LATIN.search(plain))
    negations = len(_NOT_ZH.findall(plain)) + (len(_NOT_EN.findall(plain)) if latin else 0)
    return Signs(
        negations,
        len(_EXTREME.findall(plain)),
        len(_HEDGE.findall(plain)),
        len(_CAUSE.findall(plain)),
        len(_CONTRAST.findall(plain)),
        frozenset(_sides(plain)),
        frozenset(_numbers(plain)),
        tuple(concepts(plain)),
    )


COMPARED = (
    "negation_mismatch",
    "negations_said",
    "negations_held",
    "opposed",
    "opposed_strict",
    "agreed",
    "sides_missed",
    "numbers_found",
    "numbers_other",
    "extremes_more",
    "hedges",
    "causes",
    "contrasts",
    "inverted",
)


def compare(held: Signs, said: Signs) -> tuple[float, ...]:
    """How what is said differs from what it is held against; the figures are named in :data:`COMPARED`."""
    axes_held = _by_axis(held.sides)
    axes_said = _by_axis(said.sides)
    shared = axes_held.keys() & axes_said.keys()
    opposed = sum(1 for a in shared if not axes_held[a] & axes_said[a])
    strict = sum(1 for a in shared if len(axes_held[a]) == len(axes_said[a]) == 1 and axes_held[a] != axes_said[a])
    agreed = sum(1 for a in shared if axes_held[a] & axes_said[a])
    odd = (held.negations + said.negations) % 2
    return (
        float(odd),
        float(min(said.negations, 3)),
        float(min(held.negations, 3)),
        float(min(opposed, 3)),
        float(min(strict, 3)),
        float(min(agreed, 4)),
        float(min(len(axes_held.keys() - axes_said.keys()), 5)),
        len(held.numbers & said.numbers) / len(held.numbers) if held.numbers else 0.5,
        float(min(len(said.numbers - held.numbers), 4)) if held.numbers else 0.0,
        float(max(-3, min(said.extremes - held.extremes, 3))),
        float(min(said.hedges, 3)),
        float(min(said.causes, 3)),
        float(min(said.contrasts, 2)),
        inverted(held.order, said.order),
    )


def _by_axis(sides: Iterable[str]) -> dict[str, frozenset[str]]:
    out: dict[str, set[str]] = {}
    for side in sides:
        out.setdefault(side[:-1], set()).add(side[-1])
    return {axis: frozenset(found) for axis, found in out.items()}


def inverted(held: tuple[str, ...], said: tuple[str, ...]) -> float:
    """The share of pairs of shared concepts that stand in the other order; 0 with fewer than two shared."""
    places = {c: i for i, c in enumerate(said)}
    shared = [places[c] for c in held if c in places]
    pairs = [(a, b) for i, a in enumerate(shared) for b in shared[i + 1 :]]
    return sum(a > b for a, b in pairs) / len(pairs) if pairs else 0.0


def term_counts(texts: Iterable[str]) -> Counter[str]:
    """How many of the texts name each concept."""
    return Counter(c for text in texts for c in set(concepts(text)))
