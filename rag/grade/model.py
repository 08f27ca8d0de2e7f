"""The fitted parts of the grader: plain numbers in rag/data/grading.json, written by ``training/fit_grader.py``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
VERDICTS = ("hit", "partial", "missed", "contradicted")


@dataclass(frozen=True, slots=True)
class Forest:
    """Gradient-boosted regression trees (Friedman, 2001): the start plus the sum of the leaves a row falls into."""

    start: float
    trees: tuple[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], Floats, Floats], ...]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Forest:
        """Read it from plain numbers; a tree is (left, right, feature, threshold, value), a leaf has left -1."""
        trees = []
        for left, right, feature, threshold, value in data["trees"]:
            trees.append((np.asarray(left), np.asarray(right), np.asarray(feature), np.asarray(threshold, np.float64), np.asarray(value, np.float64)))
        return cls(float(data["start"]), tuple(trees))

    def __call__(self, rows: Floats) -> Floats:
        """Values, shape (n,)."""
        # Trees are grown on single precision, so a row must be rounded the same way to fall on the same side.
        rows = rows.astype(np.float32)
        out = np.full(len(rows), self.start)
        everyone = np.arange(len(rows))
        for left, right, feature, threshold, value in self.trees:
            node = np.zeros(len(rows), np.int64)
            while (inner := left[node] >= 0).any():
                goes_left = rows[everyone, feature[node]] <= threshold[node]
                node = np.where(inner, np.where(goes_left, left[node], right[node]), node)
            out += value[node]
        return out


@dataclass(frozen=True, slots=True)
class Classes:
    """Gradient-boosted classification: one forest a class, their values made probabilities by a softmax."""

    forests: tuple[Forest, ...]

    @classmethod
    def of(cls, data: Sequence[Mapping[str, Any]]) -> Classes:
        """Read it from plain numbers."""
        return cls(tuple(Forest.of(d) for d in data))

    def __call__(self, rows: Floats) -> Floats:
        """Probabilities, shape (n, classes)."""
        logits = np.stack([forest(rows) for forest in self.forests], axis=1)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Linear:
    """A weighted sum of features."""

    weights: Floats
    bias: float

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Linear:
        """Read it from plain numbers."""
        return cls(np.asarray(data["weights"], np.float64), float(data["bias"]))

    def __call__(self, rows: Floats) -> Floats:
        """Values, shape (n,)."""
        return np.asarray(rows @ self.weights + self.bias)


@dataclass(frozen=True, slots=True)
class Averaged:
    """The mean of a forest and a linear model on the same features."""

    forest: Forest
    linear: Linear

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Averaged:
        """Read it from plain numbers."""
        return cls(Forest.of(data), Linear.of(data))

    def __call__(self, rows: Floats) -> Floats:
        """Values, shape (n,)."""
        return np.asarray((self.forest(rows) + self.linear(rows)) / 2)


@dataclass(frozen=True, slots=True)
class Fitted:
    """Everything that was fitted for a grader with a judge, or for one without."""

    points: Classes
    score: Linear
    reference: Averaged
    hit_from: float
    partial_from: float
    wrong: Forest
    wrong_from: float

    @classmethod
    @lru_cache(maxsize=2)
    def shipped(cls, *, judged: bool) -> Fitted:
        """The one that comes with the program."""
        data = json.loads((files("rag") / "data" / "grading.json").read_text(encoding="utf-8"))["judged" if judged else "plain"]
        return cls(
            points=Classes.of(data["points"]),
            score=Linear.of(data["score"]),
            reference=Averaged.of(data["reference"]),
            hit_from=data["hit_from"],
            partial_from=data["partial_from"],
            wrong=Forest.of(data["wrong"]),
            wrong_from=data["wrong_from"],
        )

    def wrong_shares(self, rows: Floats) -> Floats:
        """The probability that each part of a reply is wrong, shape (n,); rows follow PART_FEATURES."""
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(self.wrong(rows), -30.0, 30.0))))


def verdict(shares: Sequence[float], hit_from: float, partial_from: float) -> str:
    """The verdict on a key point: hit from a probability on, unless it is likelier contradicted; partial where hit and partial together reach another."""
    hit, partial, against = shares[0], shares[1], shares[3]
    if hit + partial < against:
        return "missed"
    if hit >= hit_from:
        return "hit"
    return "partial" if hit + partial >= partial_from else "missed"
