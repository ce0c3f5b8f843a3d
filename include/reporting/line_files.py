"""Lines and taxes of bills as CSV for spreadsheets and scripts: UTF-8, a header, a row per line and tax, exact numbers.

Text that people wrote is guarded, so that no spreadsheet takes it for a formula. Numbers and times are ours and stay.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from include.domain.money import Decimal
from include.domain.text import no_formula
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Column by what it holds; docs/how-to/export-bills.md lists them.
COLUMNS = (
    *("bill_id", "document", "state", "period", "issued_at", "account_id", "subscription_id", "environment_name"),
    *("region", "department", "product", "payment", "price_plan", "currency", "line_no", "kind", "tier", "name"),
    *("description", "line_start", "line_end", "aku_seconds", "quantity", "unit", "unit_price", "exact_amount"),
    *("amount", "tax_rate", "tax_is_inclusive", "corrects_bill_id", "corrects_line_no", "reason", "document_total"),
)
_ROWS_AT_ONCE = 5_000


class LineFile(NamedTuple):
    """A file's content, and how many documents and rows it holds."""

    content: bytes
    document_count: int
    row_count: int


def write_lines(connection: Connection, *, period: str | None = None, bill_id: str | None = None) -> LineFile:
    """The lines of a period's issued documents, or of one document in any state; instants in UTC."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    documents, count = set(), 0
    rows = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(
        statement("reporting/exports/list_lines"), {"period": period, "bill_id": bill_id}
    )
    for row in rows.mappings():
        writer.writerow([cell(row[column]) for column in COLUMNS])
        documents.add(row["bill_id"])
        count += 1
    return LineFile(file.getvalue().encode(), len(documents), count)


def cell(value: object) -> str:
    """A value as written to the file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return no_formula(value) if isinstance(value, str) else str(value)
