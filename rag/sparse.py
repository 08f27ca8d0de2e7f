"""The lexical half: BM25 (Robertson and Zaragoza, 2009, "The Probabilistic Relevance Framework") through bm25s."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]
K1, B = 1.2, 0.75


class Bm25:
    """BM25 over token lists, in the form of Lucene: idf = ln(1 + (N - df + .5) / (df + .5)).

    Scores are unbounded; :meth:`ceiling` gives what a text holding every query token would about reach, for scaling to 0..1.
    """

    def __init__(self, token_lists: Sequence[Sequence[str]]) -> None:
        import bm25s

        self.size = len(token_lists)
        self._frequency = Counter(token for tokens in token_lists for token in set(tokens))
        self._index = None
        if any(token_lists):
            self._index = bm25s.BM25(method="lucene", k1=K1, b=B)
            self._index.index([list(tokens) for tokens in token_lists], show_progress=False)

    def __contains__(self, token: object) -> bool:
        return token in self._frequency

    @property
    def vocabulary(self) -> frozenset[str]:
        """Every token that occurs."""
        return frozenset(self._frequency)

    def idf(self, token: str) -> float:
        """ln(1 + (N - df + .5) / (df + .5)); a token that never occurs has the highest value."""
        df = self._frequency.get(token, 0)
        return math.log(1 + (self.size - df + 0.5) / (df + 0.5))

    def scores(self, tokens: Sequence[str]) -> Scores:
        """One score a text, shape (n,). Unknown tokens count nothing."""
        known = [t for t in tokens if t in self._frequency]
        if self._index is None or not known:
            return np.zeros(self.size, np.float32)
        return np.asarray(self._index.get_scores(known), np.float32)

    def ceiling(self, tokens: Sequence[str]) -> float:
        """The sum of idf * (k1 + 1) / (1 + k1) over the query's tokens: a full match at average length; above 0."""
        return sum(self.idf(t) for t in tokens) or 1.0

    def save(self, folder: Path) -> None:
        """Write the postings into ``folder`` (created)."""
        folder.mkdir(parents=True, exist_ok=True)
        if self._index is not None:
            self._index.save(str(folder), show_progress=False)
        rows = "\n".join(f"{count}\t{token}" for token, count in sorted(self._frequency.items()))
        (folder / "frequency.tsv").write_text(f"{self.size}\n{rows}", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Bm25:
        """Read what :meth:`save` wrote."""
        import bm25s

        made = cls.__new__(cls)
        head, *rows = (folder / "frequency.tsv").read_text(encoding="utf-8").split("\n")
        made.size = int(head)
        made._frequency = Counter({token: int(count) for count, token in (row.split("\t", 1) for row in rows if row)})
        made._index = bm25s.BM25.load(str(folder), load_corpus=False) if made._frequency else None
        return made
