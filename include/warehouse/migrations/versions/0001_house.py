"""Schemas, tables, partitions, guards and roles."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from include.warehouse.tables import SCHEMAS, metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SCHEMA_SQL = Path(__file__).parents[2] / "sql" / "schema"


def upgrade() -> None:
    connection = op.get_bind()
    for schema, comment in SCHEMAS.items():
        op.execute(f"CREATE SCHEMA {schema}")
        op.execute(f"COMMENT ON SCHEMA {schema} IS '{comment}'")
    metadata.create_all(connection)
    for path in sorted(_SCHEMA_SQL.glob("*.sql")):
        connection.exec_driver_sql(path.read_text(encoding="utf-8"), execution_options={"no_parameters": True})
