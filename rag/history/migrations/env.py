"""Run by alembic with the connection that :func:`rag.history.engine.migrate` hands over."""

from __future__ import annotations

from alembic import context

from rag.history.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True, version_table="mianjing_version")
with context.begin_transaction():
    context.run_migrations()
