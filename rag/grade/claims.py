"""What a clause claims of its terms: affirmed or denied, on which side of which opposites, with which numbers.

Whole texts that disagree may hold the same words, negations and opposites; what tells them apart is what these are said of. So the comparison
is made clause by clause: two clauses disagree where they share terms and stand on different sides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.grade.signs import Signs, negation_spans, signs
from rag.text import content_terms, normalise

_PART = re.compile(r"[，,；;。.!?！？：:\n]+(?=\s|[^\d\s]|$)|\b(?:while|whereas|but|because|so that)\b|而(?!不是|非)|但|所以|因为")
_SCOPE_ZH = 12
_SCOPE_EN = 34


@dataclass(frozen=True, slots=True)
class Claim:
    """One clause: the terms it affirms, the terms it denies, and its signs."""

    affirmed: frozenset[str]
    denied: frozenset[str]
    signs: Signs

    @property
    def terms(self) -> frozenset[str]:
        """All its terms."""
        return self.affirmed | self.denied


@lru_cache(maxsize=16384)
def claims(text: str) -> tuple[Claim, ...]:
    """The claims of a text, clause by clause; clauses without terms are left out."""
    out: list[Claim] = []
    for part in _PART.split(normalise(text)):
        if not part or not part.strip():
            continue
        terms = frozenset(content_terms(part))
        if not terms:
            continue
        denied = _denied(part)
        out.append(Claim(terms - denied, denied & terms, signs(part)))
    return tuple(out)


def _denied(part: str) -> frozenset[str]:
    """The terms in the scope of a negation: what follows it, up to a dozen ideographs or half a dozen words."""
    found: set[str] = set()
    spans = negation_spans(part)
    for n, (_, end) in enumerate(spans):
        limit = spans[n + 1][0] if n + 1 < len(spans) else len(part)
        reach = _SCOPE_ZH if any("\u3400" <= c <= "\u9fff" for c in part[end : end + 4]) else _SCOPE_EN
        found.update(content_terms(part[end : min(limit, end + reach)]))
    return frozenset(found)


CLAIMED = ("denied_alike", "denied_unlike", "sides_alike", "sides_unlike", "numbers_alike", "numbers_unlike", "shared")


def compare_claims(held: Sequence[Claim], said: Sequence[Claim], rarity: Mapping[str, float] | None = None) -> tuple[float, ...]:
    """How far clauses that share terms agree and disagree; each figure in 0..1, named in :data:`CLAIMED`.

    Every clause of ``held`` is compared with each of ``said``; a figure is the greatest share of common terms of two clauses that agree
    (disagree) in negation, in opposites, in numbers.
    """
    best = [0.0] * len(CLAIMED)
    for a in held:
        for b in said:
            union = _mass(a.terms | b.terms, rarity)
            common = a.terms & b.terms
            overlap = _mass(common, rarity) / max(1e-9, min(_mass(a.terms, rarity), _mass(b.terms, rarity), union))
            alike = (a.affirmed & b.affirmed) | (a.denied & b.denied)
            unlike = (a.affirmed & b.denied) | (a.denied & b.affirmed)
            smaller = max(1e-9, min(_mass(a.terms, rarity), _mass(b.terms, rarity)))
            found = (
                _mass(alike, rarity) / smaller if a.denied or b.denied else 0.0,
                _mass(unlike, rarity) / smaller,
                overlap * _sides(a.signs, b.signs, alike=True),
                overlap * _sides(a.signs, b.signs, alike=False),
                overlap * bool(a.signs.numbers & b.signs.numbers),
                overlap * bool(a.signs.numbers and b.signs.numbers and not a.signs.numbers & b.signs.numbers),
                overlap,
            )
            best = [max(x, y) for x, y in zip(best, found, strict=True)]
    return tuple(best)


def _mass(terms: frozenset[str], rarity: Mapping[str, float] | None) -> float:
    return float(len(terms)) if rarity is None else sum(rarity.get(t, 1.0) for t in terms)


def _sides(a: Signs, b: Signs, *, alike: bool) -> float:
    """Whether two clauses stand on the same side (on clean opposite sides) of some axis; an odd negation turns the sides round."""
    turned = (a.negations + b.negations) % 2 == 1
    for axis in {s[:-1] for s in a.sides} & {s[:-1] for s in b.sides}:
        one = {s[-1] for s in a.sides if s[:-1] == axis}
        two = {s[-1] for s in b.sides if s[:-1] == axis}
        if len(one) == len(two) == 1 and ((one == two) != turned) == alike:
            return 1.0
    return 0.0
