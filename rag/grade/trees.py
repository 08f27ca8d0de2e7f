"""Boosted trees as plain JSON: read, checked and evaluated with numpy, so that no learning library is needed at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import ModelError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """A sum of regression trees: ``base + sum of the leaf values`` for each row of features.

    Nodes of all trees lie in matrices of shape (trees, nodes). Node 0 is the root; a leaf has itself as both children. A row goes left where
    ``row[feature] <= threshold``.
    """

    features: tuple[str, ...]
    base: float
    feature: npt.NDArray[np.int32]
    threshold: Floats
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: Floats
    depth: int

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> Trees:
        """Trees from their JSON form ``{"features", "base", "trees": [[[feature, threshold, left, right, value] a node] a tree]}``.

        Raises:
            ModelError: a field is missing or a node points nowhere.
        """
        try:
            names = tuple(str(n) for n in saved["features"])
            trees = saved["trees"]
            most = max((len(t) for t in trees), default=1)
            table = np.zeros((len(trees), most, 5), np.float64)
            for n, tree in enumerate(trees):
                table[n, : len(tree)] = np.asarray(tree, np.float64).reshape(-1, 5)
            base = float(saved["base"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"the grader's trees do not read ({error}); fit them again with training/fit_grader.py") from error
        feature, left, right = (table[:, :, k].astype(np.int32) for k in (0, 2, 3))
        if table.size and (
            feature.min() < 0 or feature.max() >= max(1, len(names)) or min(left.min(), right.min()) < 0 or max(left.max(), right.max()) >= most
        ):
            raise ModelError("the grader's trees point outside themselves; fit them again with training/fit_grader.py")
        return cls(names, base, feature, table[:, :, 1], left, right, table[:, :, 4], most.bit_length() + 8)

    def __call__(self, rows: Floats) -> Floats:
        """One figure a row; ``rows`` has shape (n, features)."""
        rows = np.asarray(rows, np.float64)
        if not len(self.feature) or not len(rows):
            return np.full(len(rows), self.base)
        tree = np.arange(len(self.feature))[None, :]
        row = np.arange(len(rows))[:, None]
        node = np.zeros((len(rows), len(self.feature)), np.int32)
        for _ in range(self.depth):
            go = rows[row, self.feature[tree, node]] <= self.threshold[tree, node]
            following = np.where(go, self.left[tree, node], self.right[tree, node])
            if np.array_equal(following, node):
                break
            node = following
        found: Floats = self.base + self.value[tree, node].sum(axis=1)
        return found


def softmax(scores: Sequence[Floats]) -> Floats:
    """Probabilities over classes from one score array a class; shape (n, classes)."""
    table = np.stack(list(scores), axis=1)
    power = np.exp(table - table.max(axis=1, keepdims=True))
    shares: Floats = power / power.sum(axis=1, keepdims=True)
    return shares
