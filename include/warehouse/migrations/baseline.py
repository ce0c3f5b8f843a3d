"""Writes the first migration's SQL from the table definitions: `python -m include.warehouse.migrations.baseline`.

Until the first release there is one migration, the baseline, and it follows the definitions. From then on the file is
frozen and tables change by further migrations.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable, SetColumnComment, SetTableComment

from include.warehouse.tables import SCHEMAS, VIEW_SCHEMAS, metadata

if TYPE_CHECKING:
    from sqlalchemy.schema import DDLElement

BASELINE = Path(__file__).parent / "sql" / "0001_baseline.sql"


def baseline() -> str:
    """The statements that make every schema, table and index, with their comments."""
    statements: list[str] = []
    for schema, comment in {**SCHEMAS, **VIEW_SCHEMAS}.items():
        statements += [f"CREATE SCHEMA {schema}", f"COMMENT ON SCHEMA {schema} IS '{comment}'"]
    for table in metadata.sorted_tables:
        commented = [column for column in table.columns if column.comment]
        parts: list[DDLElement] = [CreateTable(table), SetTableComment(table)]
        parts += [SetColumnComment(column) for column in commented]
        parts += [CreateIndex(index) for index in sorted(table.indexes, key=lambda index: str(index.name))]
        statements += [str(part.compile(dialect=postgresql.dialect())) for part in parts]  # type: ignore[no-untyped-call]
    lines = (line.rstrip() for statement in statements for line in f"{statement.strip()};\n".splitlines())
    return "\n".join(["-- Written by include/warehouse/migrations/baseline.py from the table definitions.", *lines, ""])


if __name__ == "__main__":
    BASELINE.write_text(baseline(), encoding="utf-8")
