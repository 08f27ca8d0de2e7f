"""The endpoints that programs call, also the tools of MCP clients (rag/ui/tools.py). They only read, and say the same rows as the command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import gradio as gr
from gradio.events import api as endpoint

from rag.errors import UserInputError
from rag.grade import key_points_of
from rag.rows import answer_row, document_row, grade_row, hit_row
from rag.tutor import MAX_QUESTION, MAX_REPLY
from rag.ui.opening import Opening
from rag.ui.shared import ready_tutor

MAX_TOP = 200
MAX_ITEMS = 50
MAX_ITEM = 2000


Row = dict[str, Any]
Endpoint = Callable[..., Row | list[Row]]


def endpoints(opening: Opening) -> list[Endpoint]:
    """The four functions that programs may call. They only read; what they are given may be of any kind and size.

    They raise UserInputError, in one line, for what they cannot use, and gr.Error while the tutor is not ready.
    """

    def ask(question: str, history: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """Answer a deep-learning interview question from the corpus, every sentence cited; `abstained` says that the corpus has no answer.

        Args:
            question: a question in Chinese or English.
            history: the turns before it, oldest first, each with role (user or assistant) and content; leave out for a question that stands alone.
        """
        told = _text("question", question, MAX_QUESTION)
        turns = _items("history", history, ("role", "content"))
        return answer_row(ready_tutor(opening, "en").ask(told, turns))

    def search(query: str, top: int = 10) -> list[dict[str, Any]]:
        """The passages of the corpus that fit a query best, best first, each with its document, span, text, score from 0 to 1 and headings.

        Args:
            query: words or a question, in Chinese or English.
            top: how many passages, 1 to 200.
        """
        told = _text("query", query, MAX_QUESTION)
        if isinstance(top, bool) or not isinstance(top, int) or not 1 <= top <= MAX_TOP:
            raise UserInputError(f"top: must be a whole number from 1 to {MAX_TOP}, got {top!r:.60}")
        return [hit_row(hit) for hit in ready_tutor(opening, "en").search(told, top)]

    def grade(
        question: str, answer: str, key_points: list[dict[str, Any]] | None = None, reference: str = "", misconceptions: list[str] | None = None
    ) -> dict[str, Any]:
        """Grade a reply to an interview question, 0 to 100, with a verdict and evidence for each key point. Give key points or a reference.

        Args:
            question: the question that was asked.
            answer: the reply to grade.
            key_points: what a good reply says, each with text, and id and weight if you like; may be left out where there is a reference.
            reference: a good reply; may be left out where there are key points.
            misconceptions: wrong statements to look for in the reply.
        """
        told, reply = _text("question", question, MAX_QUESTION), _text("answer", answer, MAX_REPLY)
        good = _text("reference", reference or "", MAX_REPLY)
        points = _items("key_points", key_points, ("text",))
        wrong = [_text("misconceptions", m, MAX_ITEM) for m in _list("misconceptions", misconceptions)]
        return grade_row(ready_tutor(opening, "en").grade(told, key_points_of(points), reply, good or None, wrong))

    def documents() -> list[dict[str, Any]]:
        """The documents of the corpus, each with its name, title, language, number of passages and length in characters."""
        index = ready_tutor(opening, "en").index  # once: a new index may take its place meanwhile
        passages = Counter(p.doc_id for p in index.passages)
        return [document_row(index.documents[name], passages[name]) for name in sorted(index.documents)]

    return [ask, search, grade, documents]


def build(opening: Opening) -> None:
    """Add the named endpoints to the page under construction."""
    for function in endpoints(opening):
        endpoint(_told(function), api_name=function.__name__, concurrency_limit=2, concurrency_id="tutor")


def _told(function: Endpoint) -> Endpoint:
    """The function, with faults of the caller as gradio tells them; nothing is written to the server's log."""

    @wraps(function)
    def telling(*args: Any, **kwargs: Any) -> Row | list[Row]:
        try:
            return function(*args, **kwargs)
        except UserInputError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return telling


def _text(name: str, value: object, limit: int) -> str:
    """A text of the caller; longer ones are refused, for an answer to half a question would mislead."""
    if not isinstance(value, str):
        raise UserInputError(f"{name}: must be a string, got {value!r:.60}")
    if len(value) > limit:
        raise UserInputError(f"{name}: has {len(value)} characters, the limit is {limit}; shorten it")
    return value


def _list(name: str, value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise UserInputError(f"{name}: must be a list, got {value!r:.60}")
    if len(value) > MAX_ITEMS:
        raise UserInputError(f"{name}: has {len(value)} entries, the limit is {MAX_ITEMS}; leave some out")
    return value


def _items(name: str, value: object, texts: Sequence[str]) -> list[dict[str, Any]]:
    """A list of objects of the caller, in each of which ``texts`` are strings."""
    rows = _list(name, value)
    for n, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise UserInputError(f"{name}: entry {n} must be an object, got {row!r:.60}")
        for field in texts:
            _text(f"{name}: entry {n}: {field}", row.get(field), MAX_REPLY)
    return rows
