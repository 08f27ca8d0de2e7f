"""Small charts as SVG, drawn on the server: they follow the theme, print well and need no library in the browser."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from html import escape

from rag.history import DayScore

GOOD_FROM, FAIR_FROM = 85.0, 60.0
_TICKS = (0, 50, 100)


def band(score: float) -> str:
    """Which of three bands a score of 0..100 lies in: good, fair or poor."""
    return "good" if score >= GOOD_FROM else "fair" if score >= FAIR_FROM else "poor"


def ring(score: float | None, *, size: int = 96) -> str:
    """A score as a ring that is filled so far, with the number in it; decoration for readers of the number beside it."""
    radius, shown = 40, 0.0 if score is None else score
    length = 2 * math.pi * radius
    text = "–" if score is None else f"{score:.0f}"
    arc = f'stroke-dasharray="{length * shown / 100:.1f} {length:.1f}" transform="rotate(-90 50 50)"'
    return (
        f'<svg class="ring {band(shown)}" width="{size}" height="{size}" viewBox="0 0 100 100" aria-hidden="true">'
        f'<circle cx="50" cy="50" r="{radius}" class="ring-track"/><circle cx="50" cy="50" r="{radius}" class="ring-arc" {arc}/>'
        f'<text x="50" y="60" text-anchor="middle" class="ring-text">{text}</text></svg>'
    )


def bars(scores: Sequence[tuple[str, float]]) -> str:
    """Named scores as bars with their numbers."""
    rows = "".join(
        f'<li class="{band(score)}"><span class="bar-name">{escape(name)}</span>'
        f'<span class="bar" aria-hidden="true"><span style="width:{score:.0f}%"></span></span><span class="bar-value">{score:.0f}</span></li>'
        for name, score in scores
    )
    return f'<ul class="bars">{rows}</ul>'


def radar(scores: Sequence[tuple[str, float]], label: str) -> str:
    """Three or more named scores around a centre; empty for fewer, which a radar cannot show."""
    if len(scores) < 3:
        return ""
    radius = 90

    def at(n: int, share: float) -> tuple[float, float]:
        angle = 2 * math.pi * n / len(scores) - math.pi / 2
        return radius * share * math.cos(angle), radius * share * math.sin(angle)

    def outline(shares: Sequence[float]) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(n, share) for n, share in enumerate(shares)))

    webs = "".join(f'<polygon class="web" points="{outline([tick / 4] * len(scores))}"/>' for tick in range(1, 5))
    spokes = "".join('<line class="web" x1="0" y1="0" x2="{:.1f}" y2="{:.1f}"/>'.format(*at(n, 1.0)) for n in range(len(scores)))
    names = ""
    for n, (name, _) in enumerate(scores):
        x, y = at(n, 1.14)
        anchor = "middle" if abs(x) < 12 else "start" if x > 0 else "end"
        lines = _halves(name)
        rows = "".join(f'<tspan x="{x:.1f}" dy="{"1.1em" if n else 0}">{escape(line)}</tspan>' for n, line in enumerate(lines))
        top = y + 5 - (17 if y < 0 else 9) * (len(lines) - 1)
        names += f'<text x="{x:.1f}" y="{top:.1f}" text-anchor="{anchor}">{rows}</text>'
    dots = "".join('<circle class="dot" r="3" cx="{:.1f}" cy="{:.1f}"/>'.format(*at(n, score / 100)) for n, (_, score) in enumerate(scores))
    shape = f'<polygon class="shape" points="{outline([score / 100 for _, score in scores])}"/>'
    return f'<svg class="radar" viewBox="-225 -130 450 260" role="img" aria-label="{escape(label)}">{webs}{spokes}{shape}{dots}{names}</svg>'


def _halves(name: str) -> list[str]:
    """A name on one line, or a long one on two, cut at the space nearest its middle."""
    spaces = [at for at, char in enumerate(name) if char == " "]
    if len(name) <= 14 or not spaces:
        return [name]
    at = min(spaces, key=lambda place: (abs(place - len(name) / 2), place))
    return [name[:at], name[at + 1 :]]


def curve(days: Sequence[DayScore], label: str, *, width: int = 640, height: int = 180, ticks: bool = True) -> str:
    """Daily means over time; days keep their distance. Two days at least make a curve."""
    left, right, top, bottom = (30, 12, 10, 24) if ticks else (4, 6, 6, 6)
    first, last = days[0].day, days[-1].day
    span = max(1, (last - first).days)

    def at(day: date, mean: float) -> tuple[float, float]:
        return left + (width - left - right) * (day - first).days / span, top + (height - top - bottom) * (1 - mean / 100)

    grid = "".join(
        f'<line class="grid" x1="{left}" x2="{width - right}" y1="{at(first, tick)[1]:.1f}" y2="{at(first, tick)[1]:.1f}"/>'
        + (f'<text x="{left - 6}" y="{at(first, tick)[1] + 4:.1f}" text-anchor="end">{tick}</text>' if ticks else "")
        for tick in _TICKS
    )
    places = [at(d.day, d.mean) for d in days]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    floor = at(first, 0)[1]
    area = f'<polygon class="under" points="{places[0][0]:.1f},{floor:.1f} {line} {places[-1][0]:.1f},{floor:.1f}"/>'
    dots = "".join(
        f'<circle class="dot" r="{3.5 if ticks else 2.5}" cx="{x:.1f}" cy="{y:.1f}"><title>{d.day.isoformat()}: {d.mean:.0f}</title></circle>'
        for d, (x, y) in zip(days, places, strict=True)
    )
    ends = ""
    if ticks:
        ends = f'<text x="{left}" y="{height - 4}">{first:%m-%d}</text><text x="{width - right}" y="{height - 4}" text-anchor="end">{last:%m-%d}</text>'
    drawn = f'{grid}{area}<polyline class="line" points="{line}"/>{dots}{ends}'
    return f'<svg class="curve" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{drawn}</svg>'


def spark(scores: Sequence[float]) -> str:
    """The scores of one question, oldest first, as a line of dots; decoration beside the numbers."""
    width, height = 72, 22
    step = (width - 8) / max(1, len(scores) - 1)
    places = [(4 + n * step, 3 + (height - 6) * (1 - score / 100)) for n, score in enumerate(scores)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle class="dot {band(score)}" r="2.5" cx="{x:.1f}" cy="{y:.1f}"/>' for score, (x, y) in zip(scores, places, strict=True))
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg class="spark" {size} aria-hidden="true"><polyline class="line" points="{line}"/>{dots}</svg>'
