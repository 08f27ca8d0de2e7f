"""The endpoints that programs call: the same rows as the command line gives."""

from __future__ import annotations

from collections import Counter
from typing import Any

import gradio as gr
from gradio.events import api as endpoint

from rag.errors import UserInputError
from rag.grade import key_points_of
from rag.rows import answer_row, document_row, grade_row, hit_row
from rag.ui.opening import Opening
from rag.ui.shared import ready_tutor

MAX_TOP = 200
MAX_TEXT = 6000


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

    def grade(question: str, answer: str, key_points: list[dict[str, Any]] | None = None, reference: str = "") -> dict[str, Any]:
        """Grade a reply to an interview question, 0 to 100, with a verdict and evidence for each key point.

        Args:
            question: the question that was asked.
            answer: the reply to grade.
            key_points: what a good reply says, each with id, text and weight; may be left out where there is a reference.
            reference: a good reply; may be left out where there are key points.
        """
        tutor = ready_tutor(opening, "en")
        try:
            return grade_row(tutor.grade(question[:MAX_TEXT], key_points_of(key_points or []), answer[:MAX_TEXT], reference[:MAX_TEXT] or None))
        except UserInputError as error:
            raise gr.Error(str(error), print_exception=False) from error

    def documents() -> list[dict[str, Any]]:
        """The documents of the corpus with their number of passages."""
        tutor = ready_tutor(opening, "en")
        passages = Counter(p.doc_id for p in tutor.index.passages)
        return [document_row(d, passages[d.id]) for d in tutor.documents()]

    for function in (ask, search, grade, documents):
        endpoint(function, api_name=function.__name__, concurrency_limit=2, concurrency_id="tutor")
