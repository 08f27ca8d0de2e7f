"""The dense half: exact inner-product search over unit vectors with FAISS."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


class DenseIndex(Protocol):
    """A set of vectors under integer ids. Every engine passes the same contract tests."""

    def __len__(self) -> int: ...

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add vectors under new ids; a known id is an error."""
        ...

    def remove(self, ids: Ids) -> None:
        """Drop ids; unknown ones are passed over."""
        ...

    def search(self, vector: Vectors, k: int) -> tuple[Ids, Vectors]:
        """The k nearest by inner product, best first, ties by id: (ids, scores), both of length min(k, len)."""
        ...


class FaissIndex:
    """FAISS ``IDMap2,Flat``: exact, deterministic, in process."""

    def __init__(self, dimension: int) -> None:
        import faiss

        self.dimension = dimension
        self._faiss = faiss
        self._index: Any = faiss.index_factory(dimension, "IDMap2,Flat", faiss.METRIC_INNER_PRODUCT)
        self._known: set[int] = set()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        new = [int(i) for i in ids]
        if len(set(new)) != len(new) or self._known & set(new):
            raise ValueError("ids must be new and distinct")
        if vectors.shape != (len(new), self.dimension):
            raise ValueError(f"vectors have shape {vectors.shape}, expected ({len(new)}, {self.dimension})")
        if new:
            self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.asarray(ids, np.int64))
            self._known.update(new)

    def remove(self, ids: Ids) -> None:
        gone = [int(i) for i in ids if int(i) in self._known]
        if gone:
            self._index.remove_ids(np.asarray(gone, np.int64))
            self._known.difference_update(gone)

    def search(self, vector: Vectors, k: int) -> tuple[Ids, Vectors]:
        k = min(k, len(self._known))
        if k <= 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        scores, ids = self._index.search(np.ascontiguousarray(vector.reshape(1, -1), np.float32), k)
        order = np.lexsort((ids[0], -scores[0]))
        return ids[0][order].astype(np.int64), np.clip(scores[0][order], -1.0, 1.0).astype(np.float32)

    def save(self, path: Path) -> None:
        """Write the index to one file."""
        self._faiss.write_index(self._index, str(path))

    @classmethod
    def load(cls, path: Path) -> FaissIndex:
        """Read what :meth:`save` wrote. Raises RuntimeError on a damaged file."""
        import faiss

        made = cls.__new__(cls)
        made._faiss = faiss
        made._index = faiss.read_index(str(path))
        made.dimension = made._index.d
        made._known = set(faiss.vector_to_array(made._index.id_map).tolist())
        return made
