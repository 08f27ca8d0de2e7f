"""Pure metrics. Each formula stands with its source; inputs are plain sequences, outputs floats."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def ndcg(ranked: Sequence[str], relevance: Mapping[str, float], k: int = 10) -> float:
    """nDCG@k = DCG / ideal DCG, DCG = sum over ranks i=1..k of (2^rel - 1) / log2(i + 1) (Järvelin and Kekäläinen, 2002; BEIR's form
    with binary or graded gains). 0 where nothing is relevant."""
    gains = [(2 ** relevance.get(item, 0.0) - 1) / math.log2(rank + 2) for rank, item in enumerate(ranked[:k])]
    ideal = sorted((2**value - 1 for value in relevance.values()), reverse=True)[:k]
    best = sum(gain / math.log2(rank + 2) for rank, gain in enumerate(ideal))
    return sum(gains) / best if best else 0.0


def hit_at(relevant: Sequence[bool], k: int) -> float:
    """1.0 if any of the first k results is relevant, else 0.0."""
    return float(any(relevant[:k]))


def reciprocal_rank(relevant: Sequence[bool]) -> float:
    """1 / rank of the first relevant result; 0 where there is none (Voorhees, 1999)."""
    return next((1.0 / (rank + 1) for rank, hit in enumerate(relevant) if hit), 0.0)


def _ranks(values: Sequence[float]) -> Floats:
    array = np.asarray(values, np.float64)
    order = np.argsort(array, kind="stable")
    ranks = np.empty(len(array))
    ranks[order] = np.arange(1, len(array) + 1)
    for value in np.unique(array):
        same = array == value
        ranks[same] = ranks[same].mean()
    return ranks


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """The chance that a random positive scores above a random negative, ties counting half (the Mann-Whitney U over n*m; Hanley and McNeil,
    1982). NaN where one side is empty."""
    if not len(positives) or not len(negatives):
        return math.nan
    ranks = _ranks([*positives, *negatives])
    n, m = len(positives), len(negatives)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def pearson(x: Sequence[float], y: Sequence[float]) -> float:
    """Pearson's r = cov(x, y) / (sd(x) sd(y)). NaN for constant or short input."""
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(a) < 2 or a.std() == 0 or b.std() == 0:
        return math.nan
    return float(np.corrcoef(a, b)[0, 1])


def spearman(x: Sequence[float], y: Sequence[float]) -> float:
    """Pearson's r of mid-ranks (Spearman, 1904)."""
    return pearson(_ranks(x).tolist(), _ranks(y).tolist()) if len(x) > 1 else math.nan


def rmse(x: Sequence[float], y: Sequence[float]) -> float:
    """sqrt(mean((x - y)^2))."""
    return float(np.sqrt(np.mean((np.asarray(x, np.float64) - np.asarray(y, np.float64)) ** 2)))


def mean_absolute_error(x: Sequence[float], y: Sequence[float]) -> float:
    """mean(|x - y|)."""
    return float(np.mean(np.abs(np.asarray(x, np.float64) - np.asarray(y, np.float64))))


def quadratic_kappa(x: Sequence[int], y: Sequence[int], classes: int) -> float:
    """Cohen's kappa with weights (i - j)^2 / (classes - 1)^2: 1 - sum(w * observed) / sum(w * expected) (Cohen, 1968)."""
    observed = np.zeros((classes, classes))
    for a, b in zip(x, y, strict=True):
        observed[a, b] += 1
    expected = np.outer(observed.sum(1), observed.sum(0)) / max(1, len(x))
    i, j = np.indices((classes, classes))
    weights = (i - j) ** 2 / max(1, (classes - 1) ** 2)
    against = float((weights * expected).sum())
    return 1.0 - float((weights * observed).sum()) / against if against else math.nan


def f1_scores(gold: Sequence[str], said: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
    """F1 = 2PR / (P + R) a label; 0 where a label is neither given nor said."""
    out: dict[str, float] = {}
    for label in labels:
        hit = sum(g == label == s for g, s in zip(gold, said, strict=True))
        total = sum(g == label for g in gold) + sum(s == label for s in said)
        out[label] = 2 * hit / total if total else 0.0
    return out


def macro_f1(gold: Sequence[str], said: Sequence[str], labels: Sequence[str]) -> float:
    """The plain mean of the labels' F1 scores."""
    scores = f1_scores(gold, said, labels)
    return sum(scores.values()) / len(scores) if scores else math.nan


def weighted_f1(gold: Sequence[str], said: Sequence[str], labels: Sequence[str]) -> float:
    """The labels' F1 scores weighted by how often each is gold."""
    scores = f1_scores(gold, said, labels)
    return sum(scores[label] * sum(g == label for g in gold) for label in labels) / len(gold) if gold else math.nan


def calibration_error(probability: Sequence[float], outcome: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error: sum over equal-width bins of (bin share) * |mean outcome - mean probability| (Naeini et al., 2015)."""
    p, o = np.asarray(probability, np.float64), np.asarray(outcome, np.float64)
    where = np.minimum((p * bins).astype(int), bins - 1)
    return float(sum((where == b).mean() * abs(o[where == b].mean() - p[where == b].mean()) for b in range(bins) if (where == b).any()))


def risk_coverage(confidence: Sequence[float], wrong: Sequence[bool]) -> list[tuple[float, float]]:
    """Points (coverage, risk): answering only the most confident share, what part of it is wrong (El-Yaniv and Wiener, 2010)."""
    order = np.argsort(-np.asarray(confidence, np.float64), kind="stable")
    errors = np.cumsum(np.asarray(wrong, np.float64)[order])
    return [(float((i + 1) / len(order)), float(errors[i] / (i + 1))) for i in range(len(order))]


def area_under_risk(points: Sequence[tuple[float, float]]) -> float:
    """The mean risk over coverages; lower is better."""
    return sum(risk for _, risk in points) / len(points) if points else math.nan


def precision_recall(gold: Sequence[bool], said: Sequence[bool]) -> tuple[float, float]:
    """(precision, recall) of the positive class; NaN where undefined."""
    both = sum(g and s for g, s in zip(gold, said, strict=True))
    return (both / sum(said) if any(said) else math.nan, both / sum(gold) if any(gold) else math.nan)


def log_odds(probability: float, limit: float = 4.0) -> float:
    """log(p / (1 - p)), cut at ``limit`` either way: beyond that a model's certainty says no more."""
    share = min(max(probability, 1e-6), 1 - 1e-6)
    return min(limit, max(-limit, math.log(share / (1 - share))))
