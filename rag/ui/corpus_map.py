"""The map of the passages: where they lie to each other, and which have no bank question near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from rag.answer.select import HANDBOOK
from rag.corpus.intake import is_mine
from rag.models import Vectors
from rag.records import Language, Passage, Question
from rag.store import Index, KeyKind
from rag.store.build import question_keys
from rag.tutor import Tutor
from rag.ui.strings import say
from rag.ui.typeset import inline, plain

Floats = npt.NDArray[np.float64]

NEAR = 0.30
"""Cosine, both sides centred, from which a bank question is near a passage: 95 of 100 passages that a bank question points to are above it."""
FEW = 5
MOST = 3000
COLOURS = 9
WIDTH, HEIGHT, EDGE = 720.0, 460.0, 14.0
LISTED = 30
_NEIGHBOURS, _STEPS, _PUSHED = 12, 240, 4


@dataclass(frozen=True, slots=True)
class Spot:
    """A passage on the map, in 0..1 both ways; ``near`` is its nearest bank question, None where none is near."""

    number: int
    x: float
    y: float
    near: Question | None


@dataclass(frozen=True, slots=True)
class Chart:
    """The map of an index; ``judged`` says whether there is a bank to be near to."""

    index: Index
    spots: tuple[Spot, ...]
    judged: bool


class Atlas:
    """Draws the map of an index once and keeps it as long as that index is in use."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._chart: Chart | None = None

    def chart(self, tutor: Tutor) -> Chart:
        """The map of the index in use. The same index gives the same map."""
        with self._lock:
            index = tutor.index
            if self._chart is None or self._chart.index is not index:
                self._chart = self._draw(tutor, index)
            return self._chart

    def _draw(self, tutor: Tutor, index: Index) -> Chart:
        shown = np.arange(len(index.passages))
        if len(shown) > MOST:
            shown = shown[:: -(-len(shown) // MOST)]
        if len(shown) < FEW:
            return Chart(index, (), judged=False)
        vectors = centred(passage_vectors(index)[shown], [index.passages[n].language for n in shown])
        places = laid_out(vectors)
        near = self._near(tutor, vectors)
        questions = tutor.bank.questions
        spots = tuple(
            Spot(int(number), float(x), float(y), questions[at] if cosine >= NEAR else None)
            for number, (x, y), (at, cosine) in zip(shown, places, near or [(0, 0.0)] * len(shown), strict=True)
        )
        return Chart(index, spots, judged=near is not None)

    def _near(self, tutor: Tutor, vectors: Floats) -> list[tuple[int, float]] | None:
        """For each passage the number and cosine of the nearest bank question, in either language; None without a bank."""
        if not len(tutor.bank):
            return None
        asked = [_asked(tutor, language) for language in ("zh", "en")]
        cosines = np.maximum(*(vectors @ rows.T for rows in asked))
        best = cosines.argmax(axis=1)
        return [(int(at), float(row[at])) for at, row in zip(best, cosines, strict=True)]


def _asked(tutor: Tutor, language: Language) -> Floats:
    """The bank's questions as unit vectors around their mean. Those that head a passage are taken from the index, the others are embedded."""
    index, texts = tutor.index, [q.text.in_language(language) for q in tutor.bank]
    rows = np.flatnonzero(index.keys[:, 1] == KeyKind.QUESTION)
    known: dict[str, Vectors] = {}
    for row, n in zip(rows, index.keys[rows, 0], strict=True):
        known.setdefault(question_keys(index.passages[n])[0], index.vectors[row])  # a passage's first row is of its whole line
    fresh = [text for text in texts if text not in known]
    known.update(zip(fresh, tutor.encoder.passages(fresh), strict=True))
    found = np.stack([known[text] for text in texts]).astype(np.float64)
    return _unit(found - found.mean(axis=0))


def passage_vectors(index: Index) -> Floats:
    """The vector of each passage as a whole, in passage order."""
    rows = index.keys[:, 1] == KeyKind.PASSAGE
    out = np.zeros((len(index.passages), index.vectors.shape[1]))
    out[index.keys[rows, 0]] = index.vectors[rows]
    return out


def _unit(rows: Floats) -> Floats:
    norms: Floats = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(norms, 1e-9)


def centred(vectors: Floats, languages: Sequence[Language]) -> Floats:
    """Unit vectors with the mean of their language taken away, so that passages of one meaning meet across languages."""
    out = vectors.copy()
    for language in ("zh", "en"):
        rows = np.array([one == language for one in languages], bool)
        if rows.any():
            out[rows] -= (vectors[rows] if rows.sum() >= 2 * FEW else vectors).mean(axis=0)
    return _unit(out)


def laid_out(vectors: Floats) -> Floats:
    """Places in 0..1 for unit vectors: neighbours near each other, the whole as their principal axes have it. Deterministic.

    Starts at the two principal components, then pulls each point to its nearest neighbours and pushes it from some others, in the manner of
    UMAP (McInnes et al., 2018) with its curve 1 / (1 + d^2).
    """
    count = len(vectors)
    whole = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(whole.T @ whole)
    axes = axes[:2] * np.sign(axes[:2, np.abs(axes[:2]).argmax(axis=1)].diagonal())[:, None]
    places = whole @ axes.T
    places = 10.0 * places / max(float(np.abs(places).max()), 1e-9)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    k = min(_NEIGHBOURS, count - 1)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    heads = np.repeat(np.arange(count), k)
    tails = nearest.ravel()
    weights = np.clip(np.take_along_axis(cosines, nearest, axis=1), 0.05, 1.0).ravel()[:, None]
    random = np.random.default_rng(0)
    for step in range(_STEPS):
        rate = 0.6 * (1.0 - step / _STEPS)
        apart = places[heads] - places[tails]
        pull = -2.0 * weights * apart / (1.0 + (apart * apart).sum(axis=1, keepdims=True))
        moved = np.zeros_like(places)
        np.add.at(moved, heads, pull)
        np.add.at(moved, tails, -pull)
        for _ in range(_PUSHED):
            away = places - places[random.permutation(count)]
            far = (away * away).sum(axis=1, keepdims=True)
            moved += np.clip(3.0 * away / ((0.05 + far) * (1.0 + far)), -4.0, 4.0)
        places = places + rate * np.clip(moved / k, -2.0, 2.0)
    low, high = np.percentile(places, 1, axis=0), np.percentile(places, 99, axis=0)
    scaled: Floats = np.clip((places - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)
    return scaled


def map_html(chart: Chart, language: Language) -> str:
    """The map with its key, and a list of the passages that no question is near."""
    title = f'<h2 class="display" tabindex="-1">{say(language, "map_title")}</h2>'
    if not chart.spots:
        return f'<div class="map">{title}<p class="lead">{say(language, "map_few")}</p></div>'
    far = [spot for spot in chart.spots if chart.judged and spot.near is None]
    total, shown = len(chart.index.passages), len(chart.spots)
    count = say(language, "map_count", passages=shown, far=len(far))
    sampled = f" {say(language, 'map_sampled', total=total, passages=shown)}" if shown < total else ""
    colours = _colours(chart)
    order = sorted(chart.spots, key=lambda s: (is_mine(chart.index.passages[s.number].doc_id), s.near is None, s.number))  # one's own on top
    dots = "".join(_dot(spot, chart, colours, language) for spot in order)
    view = f'viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}"'
    picture = f'<svg {view} role="img" aria-label="{say(language, "map_label", passages=shown)}">{dots}</svg>'
    stop = "." if language == "en" else "。"
    hint = say(language, "map_point")
    return (
        f'<div class="map">{title}<p class="lead">{say(language, "map_lead")}</p><p class="lead">{count}{stop}{sampled}</p>'
        f'<p class="pointed" data-empty="{hint}">{hint}</p>{picture}{_key(chart, colours, language)}{_far(chart, far, language)}</div>'
    )


def _colours(chart: Chart) -> dict[str, int]:
    """The colour number of each document: one's own first, reference answers all 0, what is left over the last."""
    ids = sorted(chart.index.documents, key=lambda d: (not is_mine(d), d))
    plain_ids = [d for d in ids if HANDBOOK not in d.split("/")[:-1]]
    return {**dict.fromkeys(ids, 0), **{d: min(n, COLOURS) for n, d in enumerate(plain_ids, 1)}}


def _dot(spot: Spot, chart: Chart, colours: dict[str, int], language: Language) -> str:
    passage = chart.index.passages[spot.number]
    x, y = EDGE + spot.x * (WIDTH - 2 * EDGE), EDGE + spot.y * (HEIGHT - 2 * EDGE)
    far = " own" * is_mine(passage.doc_id) + (" far" if chart.judged and spot.near is None else "")
    near = say(language, "map_near", question=spot.near.text.in_language(language)) if spot.near else ""
    said = plain(_said(passage, chart))
    return (
        f'<circle class="dot c{colours[passage.doc_id]}{far}" cx="{x:.1f}" cy="{y:.1f}" r="4.5" data-doc="{plain(passage.doc_id)}" '
        f'data-span="{passage.start}-{passage.end}" data-said="{said}" data-near="{plain(near)}"/>'
    )


def _said(passage: Passage, chart: Chart) -> str:
    path = passage.question or " › ".join(passage.heading_path) or " ".join(passage.text.split())[:80]
    title = chart.index.documents[passage.doc_id].title
    return f"{title}: {path[:160]}" if path != title else title


def _key(chart: Chart, colours: dict[str, int], language: Language) -> str:
    names: dict[int, str] = {}
    for doc_id, n in sorted(colours.items(), key=lambda item: (item[1], item[0])):
        names[n] = say(language, "map_handbook") if n == 0 else say(language, "map_others") if n in names else chart.index.documents[doc_id].title
    order = sorted(names, key=lambda n: (n == 0, n))
    items = "".join(
        f'<li><button type="button" data-colour="{n}" aria-pressed="false"><span class="swatch c{n}" aria-hidden="true"></span>{plain(names[n])}</button></li>'
        for n in order
    )
    ring = f'<li class="ring-key"><span class="swatch far" aria-hidden="true"></span>{say(language, "map_far_key")}</li>' if chart.judged else ""
    return f'<ul class="key">{items}{ring}</ul>'


def _far(chart: Chart, far: Sequence[Spot], language: Language) -> str:
    if not far:
        return ""
    passages = [chart.index.passages[spot.number] for spot in far[:LISTED]]
    rows = "".join(
        f'<li><a class="open" href="#span-{p.start}-{p.end}" data-doc="{plain(p.doc_id)}">{inline(_said(p, chart))}</a></li>'
        for p in sorted(passages, key=lambda p: (not is_mine(p.doc_id), p.doc_id, p.start))
    )
    return f'<h3>{say(language, "map_far_title")}</h3><ul class="far-list">{rows}</ul>'
