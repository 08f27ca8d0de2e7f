"""The endpoints that programs call: the same rows as the command line gives."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gradio.events import api as endpoint

from rag.rows import answer_row, document_row, hit_row
from rag.ui.opening import Opening
from rag.ui.shared import ready_tutor

MAX_TOP = 200


def build(opening: Opening) -> None:
    """Add the named endpoints to the page under construction."""

    def ask(question: str) -> dict[str, Any]:
        """Answer an interview question from the corpus, every sentence cited; `abstained` says that the corpus has no answer.

        Args:
            question: a question in Chinese or English that stands alone.
        """
        return answer_row(ready_tutor(opening, "en").ask(question))

    def search(query: str, top: int = 10) -> list[dict[str, Any]]:
        """The passages that fit a query best, best first.

        Args:
            query: words or a question, in Chinese or English.
            top: how many passages, 1 to 200.
        """
        return [hit_row(hit) for hit in ready_tutor(opening, "en").search(query, max(1, min(MAX_TOP, int(top))))]

    def documents() -> list[dict[str, Any]]:
        """The documents of the corpus with their number of passages."""
        tutor = ready_tutor(opening, "en")
        passages = Counter(p.doc_id for p in tutor.index.passages)
        return [document_row(d, passages[d.id]) for d in tutor.documents()]

    for function in (ask, search, documents):
        endpoint(function, api_name=function.__name__, concurrency_limit=2, concurrency_id="tutor")
