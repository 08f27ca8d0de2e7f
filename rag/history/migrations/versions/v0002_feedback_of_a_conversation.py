"""Feedback belongs to the answer it was given on, so that it is deleted with the conversation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Find the conversation of each row; a row whose conversation was deleted goes too, for nobody could reach it any more."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT profile_id, kind, question, answer, at FROM feedback ORDER BY at, id")).mappings().all()
    placed = _placed(rows, connection.execute(sa.text("SELECT conversation_id, position, message FROM messages")).all()) if rows else []
    op.drop_index("ix_feedback_profile_id_at", "feedback")
    op.drop_table("feedback")
    made = op.create_table(
        "feedback",
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        *_columns(),
        sa.PrimaryKeyConstraint("conversation_id", "position", name="pk_feedback"),
        sa.ForeignKeyConstraint(["profile_id"], ["profiles.id"], name="fk_feedback_profile_id_profiles", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name="fk_feedback_conversation_id_conversations", ondelete="CASCADE"),
    )
    _fill(made, placed)


def downgrade() -> None:
    """Numbered rows again."""
    rows = op.get_bind().execute(sa.text("SELECT profile_id, kind, question, answer, at FROM feedback ORDER BY at")).mappings().all()
    op.drop_index("ix_feedback_profile_id_at", "feedback")
    op.drop_table("feedback")
    made = op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, nullable=False),
        *_columns(),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.ForeignKeyConstraint(["profile_id"], ["profiles.id"], name="fk_feedback_profile_id_profiles", ondelete="CASCADE"),
    )
    _fill(made, [dict(row) for row in rows])


def _columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("profile_id", sa.Integer),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )


def _fill(made: sa.Table, rows: list[dict[str, Any]]) -> None:
    op.create_index("ix_feedback_profile_id_at", "feedback", ["profile_id", "at"])
    if rows:
        texts = sa.table("feedback", *(sa.column(column.name) for column in made.c))  # what was read without types is written without them
        op.get_bind().execute(sa.insert(texts), rows)


def _placed(rows: Iterable[sa.RowMapping], messages: Iterable[Any]) -> list[dict[str, Any]]:
    """The rows with the turn they were given on: its question, and what its reader said of it. Of several on one turn the last."""
    turns: dict[tuple[object, object], list[tuple[str, int]]] = {}
    for conversation, position, message in messages:
        said = json.loads(message)
        turns.setdefault((said.get("question"), said.get("said")), []).append((conversation, position))
    taken: dict[tuple[str, int], dict[str, Any]] = {}
    for row in rows:
        places = turns.get((row["question"], row["kind"]), [])
        place = next((p for p in places if p not in taken), places[-1] if places else None)
        if place is not None:
            taken[place] = {"conversation_id": place[0], "position": place[1], **row}
    return list(taken.values())
