"""Conversations, and what readers say about answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from rag.errors import UserInputError
from rag.history.base import Base, hold
from rag.history.rows import Conversation, ConversationHead, Feedback, FeedbackKind, Owner
from rag.history.tables import conversations, feedback, messages


class Chats(Base):
    """The part of the history that knows conversations and feedback."""

    def save_feedback(self, owner: Owner, conversation_id: str, position: int, said: Feedback, profile: int | None = None) -> None:
        """Keep what a reader said about the answer at a place of a conversation, in place of what was said of it before.

        It belongs to the conversation and to the ``profile`` that practises meanwhile, where there is one, and is deleted with either.

        Raises:
            UserInputError: no such profile, this owner has no such conversation, or a kind of feedback that does not exist.
        """
        if said.kind not in get_args(FeedbackKind):
            raise UserInputError(f"history: feedback is {', '.join(get_args(FeedbackKind))}, got {said.kind!r}")
        profile = owner.profile if profile is None else profile
        place = {"conversation_id": conversation_id, "position": position}
        row = {**place, "profile_id": profile, "kind": said.kind, "question": said.question, "answer": dict(said.answer), "at": said.at}
        with self._write() as connection:
            if profile is not None:
                hold(connection, profile)
            if connection.execute(select(conversations.c.id).where(conversations.c.id == conversation_id, _of(owner)).with_for_update()).first() is None:
                raise _missing(conversation_id)
            connection.execute(delete(feedback).where(*_at(conversation_id, position)))
            connection.execute(insert(feedback).values(row))

    def delete_feedback(self, owner: Owner, conversation_id: str, position: int) -> None:
        """Take back what was said about an answer; nothing happens where nothing was said."""
        mine = select(conversations.c.id).where(_of(owner))
        with self._write() as connection:
            connection.execute(delete(feedback).where(*_at(conversation_id, position), feedback.c.conversation_id.in_(mine)))

    def feedback(self, profile: int | None = None, limit: int = 1000) -> tuple[Feedback, ...]:
        """The feedback kept, newest first; of one profile if it is given, else of all readers."""
        return self._feedback([feedback.c.profile_id == profile] if profile is not None else [], limit)

    def feedback_of(self, owner: Owner, limit: int = 100_000) -> tuple[Feedback, ...]:
        """The feedback given in the conversations of an owner, newest first."""
        return self._feedback([feedback.c.conversation_id.in_(select(conversations.c.id).where(_of(owner)))], limit)

    def _feedback(self, wanted: Sequence[ColumnElement[bool]], limit: int) -> tuple[Feedback, ...]:
        query = select(feedback).where(*wanted).order_by(feedback.c.at.desc(), feedback.c.conversation_id, feedback.c.position.desc()).limit(limit)
        with self._read() as connection:
            return tuple(Feedback(row.kind, row.question, row.answer, row.at) for row in connection.execute(query))

    def save_conversation(self, owner: Owner, conversation_id: str, title: str, said: Sequence[Mapping[str, Any]], at: datetime, *, since: int = 0) -> None:
        """Save a conversation as it stands: messages kept before keep their time, edited or removed ones and all after them are replaced.

        ``since``: the messages before this one are as they were saved; where all of them are there they are neither read nor compared, so that the time
        a long conversation takes to save does not grow with it.

        Raises:
            UserInputError: no such profile, or the conversation is another owner's.
        """
        with self._write() as connection:
            if owner.profile is not None:
                hold(connection, owner.profile)
            row = connection.execute(select(conversations).where(conversations.c.id == conversation_id).with_for_update()).first()
            if row is None:
                values = {"id": conversation_id, "profile_id": owner.profile, "browser": owner.browser, "title": title, "created": at, "updated": at}
                connection.execute(insert(conversations).values(values))
            elif (row.profile_id, row.browser) != (owner.profile, owner.browser):
                raise _missing(conversation_id)
            else:
                connection.execute(update(conversations).where(conversations.c.id == conversation_id).values(title=title, updated=at))
            first = since if 0 < since <= len(said) and _count(connection, conversation_id, since) == since else 0
            new = [dict(said[n]) for n in range(first, len(said))]
            same = first + _common(_messages(connection, conversation_id, first), new)
            connection.execute(delete(messages).where(messages.c.conversation_id == conversation_id, messages.c.position >= same))
            rows = [{"conversation_id": conversation_id, "position": n, "message": new[n - first], "at": at} for n in range(same, len(said))]
            if rows:
                connection.execute(insert(messages), rows)

    def conversations(self, owner: Owner, limit: int = 100) -> tuple[ConversationHead, ...]:
        """The conversations of an owner, the one used last first."""
        count = select(func.count()).where(messages.c.conversation_id == conversations.c.id).scalar_subquery()
        query = select(conversations, count.label("message_count")).where(_of(owner)).order_by(conversations.c.updated.desc(), conversations.c.id).limit(limit)
        with self._read() as connection:
            return tuple(ConversationHead(row.id, row.title, row.message_count, row.created, row.updated) for row in connection.execute(query))

    def conversation(self, owner: Owner, conversation_id: str) -> Conversation:
        """A conversation with its messages.

        Raises:
            UserInputError: this owner has none of that id.
        """
        with self._read() as connection:
            row = connection.execute(select(conversations).where(conversations.c.id == conversation_id, _of(owner))).first()
            if row is None:
                raise _missing(conversation_id)
            said = tuple(_messages(connection, conversation_id))
        return Conversation(row.id, row.title, said, row.created, row.updated)

    def rename_conversation(self, owner: Owner, conversation_id: str, title: str) -> None:
        """Give a conversation another title.

        Raises:
            UserInputError: this owner has none of that id.
        """
        with self._write() as connection:
            result = connection.execute(update(conversations).where(conversations.c.id == conversation_id, _of(owner)).values(title=title))
            if not result.rowcount:
                raise _missing(conversation_id)

    def delete_conversation(self, owner: Owner, conversation_id: str) -> None:
        """Delete a conversation with its messages and the feedback given in it.

        Raises:
            UserInputError: this owner has none of that id.
        """
        with self._write() as connection:
            if not connection.execute(delete(conversations).where(conversations.c.id == conversation_id, _of(owner))).rowcount:
                raise _missing(conversation_id)

    def delete_conversations(self, owner: Owner) -> int:
        """Delete all conversations of an owner with all feedback given in them; on SQLite their bytes are overwritten too. Returns how many there were."""
        with self._write() as connection:
            count = connection.execute(delete(conversations).where(_of(owner))).rowcount
        self._forget()
        return count


def _of(owner: Owner) -> ColumnElement[bool]:
    return conversations.c.browser == owner.browser if owner.profile is None else conversations.c.profile_id == owner.profile


def _at(conversation_id: str, position: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return feedback.c.conversation_id == conversation_id, feedback.c.position == position


def _messages(connection: Connection, conversation_id: str, first: int = 0) -> list[dict[str, Any]]:
    mine = (messages.c.conversation_id == conversation_id, messages.c.position >= first)
    return list(connection.execute(select(messages.c.message).where(*mine).order_by(messages.c.position)).scalars())


def _count(connection: Connection, conversation_id: str, before: int) -> int:
    mine = (messages.c.conversation_id == conversation_id, messages.c.position < before)
    return int(connection.execute(select(func.count()).select_from(messages).where(*mine)).scalar_one())


def _common(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> int:
    return next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _missing(conversation_id: str) -> UserInputError:
    return UserInputError(f"history: no conversation {conversation_id!r} of this owner", "no_conversation")
