"""Alembic's entry: runs the steps on the connection that `data_registry.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from data_registry.upgrade import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
