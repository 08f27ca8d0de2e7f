"""A small real encoder for tests of what stands around an encoder: deterministic, fast, and it counts what it is asked to embed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from rag.models import Vectors


class BigramEncoder:
    """Character bigrams hashed into a few dimensions, as unit rows. ``name`` is part of the fingerprint."""

    def __init__(self, name: str = "bigrams", dimension: int = 48) -> None:
        self.name = name
        self._dimension = dimension
        self.embedded: list[str] = []

    @property
    def fingerprint(self) -> str:
        return f"toy:{self.name}:{self._dimension}"

    @property
    def dimension(self) -> int:
        return self._dimension

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._rows(texts)

    def passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        self.embedded.extend(texts)
        if progress is not None:
            progress(len(texts))
        return self._rows(texts)

    def _rows(self, texts: Sequence[str]) -> Vectors:
        out = np.zeros((len(texts), self._dimension), np.float32)
        for row, text in zip(out, texts, strict=True):
            for a, b in zip(f" {text}", f"{text} ", strict=True):
                row[int(hashlib.sha256((a + b).encode("utf-8", "surrogatepass")).hexdigest()[:8], 16) % self._dimension] += 1.0
            row /= max(float(np.linalg.norm(row)), 1e-9)
        return out


class InterruptedEncoder(BigramEncoder):
    """Stops in the middle of its work, as a user's Ctrl-C does; it has the fingerprint of the encoder it stands in for."""

    def passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        raise KeyboardInterrupt
