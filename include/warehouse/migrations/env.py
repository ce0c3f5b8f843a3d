"""Alembic's entry: runs migrations on the connection that `include.warehouse.migrate` hands over."""

from __future__ import annotations

from alembic import context

from include.warehouse.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, include_schemas=True)
context.run_migrations()
