"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "profiles",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_profiles"),
        sa.UniqueConstraint("name", name="uq_profiles_name"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("profile_id", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["profile_id"], ["profiles.id"], name="fk_sessions_profile_id_profiles", ondelete="CASCADE"),
    )
    op.create_index("ix_sessions_profile_id_updated", "sessions", ["profile_id", "updated"])
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("profile_id", sa.Integer, nullable=False),
        sa.Column("session_id", sa.String(64)),
        sa.Column("question_id", sa.String(200), nullable=False),
        sa.Column("area", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("grade", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.ForeignKeyConstraint(["profile_id"], ["profiles.id"], name="fk_attempts_profile_id_profiles", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_attempts_session_id_sessions", ondelete="SET NULL"),
    )
    op.create_index("ix_attempts_session_id", "attempts", ["session_id"])
    op.create_index("ix_attempts_profile_id_at", "attempts", ["profile_id", "at"])
    op.create_index("ix_attempts_profile_id_question_id", "attempts", ["profile_id", "question_id"])
    op.create_table(
        "cards",
        sa.Column("profile_id", sa.Integer, nullable=False),
        sa.Column("question_id", sa.String(200), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_score", sa.Double, nullable=False),
        sa.Column("last_asked", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviews", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("profile_id", "question_id", name="pk_cards"),
        sa.ForeignKeyConstraint(["profile_id"], ["profiles.id"], name="fk_cards_profile_id_profiles", ondelete="CASCADE"),
    )
    op.create_index("ix_cards_profile_id_due", "cards", ["profile_id", "due"])
    _create_chat_tables()


def _create_chat_tables() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("profile_id", sa.Integer),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.ForeignKeyConstraint(["profile_id"], ["profiles.id"], name="fk_feedback_profile_id_profiles", ondelete="CASCADE"),
    )
    op.create_index("ix_feedback_profile_id_at", "feedback", ["profile_id", "at"])
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("profile_id", sa.Integer),
        sa.Column("browser", sa.String(64)),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.ForeignKeyConstraint(["profile_id"], ["profiles.id"], name="fk_conversations_profile_id_profiles", ondelete="CASCADE"),
    )
    op.create_index("ix_conversations_profile_id_updated", "conversations", ["profile_id", "updated"])
    op.create_index("ix_conversations_browser_updated", "conversations", ["browser", "updated"])
    op.create_table(
        "messages",
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "position", name="pk_messages"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name="fk_messages_conversation_id_conversations", ondelete="CASCADE"),
    )


def downgrade() -> None:
    """Drop all tables, with everything in them."""
    for table in ("messages", "conversations", "feedback", "cards", "attempts", "sessions", "profiles"):
        op.drop_table(table)
