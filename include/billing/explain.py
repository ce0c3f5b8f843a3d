"""Explains a bill: its lines, the version and the rounding behind each, its hours, and their instances.

What is explained is read from the warehouse as it stands: if the hours no longer add up to the line, usage changed
after the bill was issued, and the explanation says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.errors import InvalidInputError
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row

    from include.domain.money import Decimal


class Hour(NamedTuple):
    """One UTC hour of a line.

    Attributes:
        exact_amount: to nine places.
        amount: as it was rounded; None where the plan charges by the period.
        instances: what each instance used, and how that is known.
    """

    hour_start: datetime
    aku_seconds: int
    exact_amount: Decimal
    amount: Decimal | None
    instances: list[dict[str, Any]]


class Line(NamedTuple):
    """A line with the columns of billing.bill_lines and of its price plan version, and its hours."""

    row: Row[Any]
    hours: list[Hour]

    @property
    def hours_agree(self) -> bool:
        """Whether the hours as they stand now are what the line charges."""
        charged = [hour.amount for hour in self.hours if hour.amount is not None]
        is_hourly = self.row.kind == "usage" and self.row.charge_every == "hour"
        return sum(hour.aku_seconds for hour in self.hours) == self.row.aku_seconds and (
            not is_hourly or sum(charged) == self.row.amount
        )


class Explanation(NamedTuple):
    """A bill with its lines and what holds it."""

    bill: Row[Any]
    lines: list[Line]
    findings: list[Row[Any]]


def explain_bill(warehouse: Engine, bill_id: str, line_no: int | None = None) -> Explanation:
    """The bill, with the hours of one line or of all.

    Raises:
        InvalidInputError: when there is no such bill or line.
    """
    with warehouse.connect() as connection:
        bill = connection.execute(statement("billing/explain_bill"), {"bill_id": bill_id}).one_or_none()
        if bill is None:
            raise InvalidInputError("Bill", bill_id, "does not exist", "See `akubill bills list` for the bills.")
        key = {"bill_key": bill.bill_key}
        rows = connection.execute(statement("billing/explain_lines"), key).all()
        chosen = [row for row in rows if line_no in {None, row.line_no}]
        if not chosen:
            rule = f"is not a line of bill {bill_id}, which has {len(rows)}"
            raise InvalidInputError("Line", line_no, rule, "Give the number of one of its lines.")
        lines = [Line(row, _hours(connection, bill.bill_key, row)) for row in chosen]
        return Explanation(bill, lines, list(connection.execute(statement("billing/list_findings"), key)))


def list_bills(warehouse: Engine, period: str | None = None) -> list[Row[Any]]:
    """The bills of a period (YYYY-MM), or all."""
    with warehouse.connect() as connection:
        return list(connection.execute(statement("billing/list_bills"), {"period": period}))


def _hours(connection: Connection, bill_key: int, line: Row[Any]) -> list[Hour]:
    if line.kind != "usage":
        return []
    parameters = {
        "bill_key": bill_key,
        "line_no": line.line_no,
        "line_start": line.line_start,
        "line_end": line.line_end,
    }
    return [Hour(*row) for row in connection.execute(statement("billing/explain_hours"), parameters)]
