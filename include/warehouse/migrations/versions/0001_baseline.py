"""Schemas, tables and indexes; functions, triggers and views are routines (include/warehouse/routines)."""

from __future__ import annotations

from alembic import op

from include.warehouse.migrations.baseline import BASELINE

revision = "0001_baseline"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    sql = BASELINE.read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(sql, execution_options={"no_parameters": True})
