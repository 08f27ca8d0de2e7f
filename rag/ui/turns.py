"""A conversation as the page holds it, and as the history keeps it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, overload

from rag.errors import UserInputError
from rag.jsonable import from_json, to_json
from rag.records import Answer, Citation

TITLE = 80
REMEMBERED = 12
"""How many turns back a follow-up can reach."""


@dataclass(frozen=True, eq=False, slots=True)
class Turn:
    """A question and how far its answer is.

    ``answer`` is None while it is waited for, and where it was stopped before it began. ``documents`` are those it was limited to, ``said``
    is what the reader thought of the answer: helpful, wrong_source, wrong_answer or nothing.
    """

    question: str
    answer: Answer | None = None
    state: Literal["waiting", "growing", "done", "stopped"] = "waiting"
    documents: tuple[str, ...] = ()
    said: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Conversation:
    """What one browser has asked, oldest first. ``id`` is empty until the first question; ``asked`` counts questions, edited ones again."""

    id: str = ""
    title: str = ""
    turns: tuple[Turn, ...] = ()
    asked: int = 0

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return bool(self.turns) and self.turns[-1].state in {"waiting", "growing"}

    def ask(self, question: str, documents: Sequence[str] = ()) -> Conversation:
        """The conversation with one more question."""
        title = self.title or " ".join(question.split())[:TITLE]
        return Conversation(self.id or uuid.uuid4().hex, title, (*self.turns, Turn(question, documents=tuple(documents))), self.asked + 1)

    def until(self, turn: int) -> Conversation:
        """The conversation before its turn ``turn``."""
        return replace(self, turns=self.turns[:turn]) if 0 <= turn < len(self.turns) else self

    def reply(self, answer: Answer) -> Conversation:
        """The conversation with the answer to its last question, as far as it has come."""
        return replace(self, turns=(*self.turns[:-1], replace(self.turns[-1], answer=answer, state="growing")))

    def end(self) -> Conversation:
        """The conversation with nothing on its way any more."""
        if not self.busy:
            return self
        last = self.turns[-1]
        return replace(self, turns=(*self.turns[:-1], replace(last, state="done" if last.answer else "stopped")))

    def judge(self, turn: int, said: str) -> Conversation:
        """The conversation with what the reader thought of an answer."""
        if not 0 <= turn < len(self.turns):
            return self
        return replace(self, turns=(*self.turns[:turn], replace(self.turns[turn], said=said), *self.turns[turn + 1 :]))

    def answer(self, turn: int) -> Answer | None:
        """The answer of a turn, or None where there is no such turn or it has none."""
        return self.turns[turn].answer if 0 <= turn < len(self.turns) else None

    def history(self) -> list[dict[str, object]]:
        """The last turns that were answered, as chat messages."""
        out: list[dict[str, object]] = []
        for turn in self.turns[-REMEMBERED:]:
            if turn.answer is not None:
                out += [{"role": "user", "content": turn.question}, {"role": "assistant", "content": turn.answer.text}]
        return out

    def last_answered(self) -> int | None:
        """The number of the last turn that has an answer."""
        return next((n for n in range(len(self.turns) - 1, -1, -1) if self.turns[n].answer is not None), None)

    def cited(self, turn: int, number: int) -> Citation | None:
        """What number ``number`` of turn ``turn`` cites, or None where there is no such number."""
        answer = self.answer(turn)
        found = [c for c, n in numbered(answer).items() if n == number] if answer else []
        return found[0] if found else None


def numbered(answer: Answer) -> dict[Citation, int]:
    """The citations of an answer with their numbers, from 1 in order of appearance."""
    numbers: dict[Citation, int] = {}
    for sentence in answer.sentences:
        for citation in sentence.citations:
            numbers.setdefault(citation, len(numbers) + 1)
    return numbers


class Messages(Sequence[dict[str, Any]]):
    """The turns as the history keeps them, each made when it is asked for."""

    def __init__(self, conversation: Conversation) -> None:
        self._turns = conversation.turns

    def __len__(self) -> int:
        return len(self._turns)

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[dict[str, Any]]: ...

    def __getitem__(self, at: int | slice) -> dict[str, Any] | Sequence[dict[str, Any]]:
        if isinstance(at, slice):
            return [_message(turn) for turn in self._turns[at]]
        return _message(self._turns[at])


def _message(turn: Turn) -> dict[str, Any]:
    return {"question": turn.question, "answer": to_json(turn.answer), "documents": list(turn.documents), "said": turn.said}


def to_messages(conversation: Conversation) -> Sequence[dict[str, Any]]:
    """The turns as the history keeps them."""
    return Messages(conversation)


def from_messages(conversation_id: str, title: str, messages: Sequence[Mapping[str, Any]]) -> Conversation:
    """The conversation that :func:`to_messages` took apart; an answer of another version of the program is left out, its question stays."""
    turns = []
    for message in messages:
        answer: Answer | None = None
        if message.get("answer") is not None:
            try:
                answer = from_json(Answer, message["answer"])
            except UserInputError:
                answer = None
        documents = tuple(str(d) for d in message.get("documents", ()))
        turns.append(Turn(str(message.get("question", "")), answer, "done" if answer else "stopped", documents, str(message.get("said", ""))))
    return Conversation(conversation_id, title, tuple(turns))
