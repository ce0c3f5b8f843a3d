"""Prices the usage in a file by a plan in a file, on an empty warehouse, through the statements that make bills.

An hour outside the period is left out and counted. A subscription is quoted when the file has an hour of it in the
period, be it of zero usage.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from include.billing.bills.drafts import draft_bills
from include.billing.prices.plans import publish_price_plan
from include.billing.quotes.usage_file import UsageRow, read_usage
from include.billing.rating.rate import window_of
from include.domain.errors import InvalidInputError
from include.domain.money import plain
from include.domain.periods import BillingPeriod
from include.warehouse.engine import ensure_partitions, run_steps, statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import psycopg
    from sqlalchemy import Connection, Engine, Row

    from include.domain.price_plans import PricePlan

_STAND_INS = (
    "billing/quotes/insert_environments",
    "billing/quotes/insert_instances",
    "billing/quotes/insert_usage",
    "billing/quotes/insert_hours",
)
_COPY = (
    "COPY quoted_rows (row_number, subscription_id, instance_id, hour_start, aku_seconds, peak_aku, used_seconds) "
    "FROM STDIN"
)


class Quote(NamedTuple):
    """What the plan makes of the usage.

    Attributes:
        bills: in order of subscription id, in the form that `akubill quote --format json` prints.
        outside_count: rows left out because their hour lies outside the period.
    """

    bills: list[dict[str, Any]]
    outside_count: int


def quote(scratch: Engine, plan: PricePlan, usage: Path | Iterable[UsageRow], period_name: str) -> Quote:
    """Price the usage for that period, a calendar month of the plan's time zone.

    Args:
        scratch: an empty, migrated warehouse; nothing is committed to it.
        plan: the price plan.
        usage: a usage file, or rows of usage.
        period_name: YYYY-MM.

    Raises:
        InvalidInputError: when the period or the file breaks a rule, or no version of the plan prices some hour.
    """
    period = BillingPeriod(period_name, plan.time_zone)
    with scratch.connect() as connection, connection.begin() as transaction:
        publish_price_plan(connection, plan)
        outside_count = _load(connection, read_usage(usage) if isinstance(usage, Path) else usage, period)
        _refuse_duplicates(connection, usage)
        _subscribe(connection, plan, period)
        everyone = connection.execute(text("SELECT subscription_key FROM core.subscriptions")).scalars().all()
        draft_bills(connection, period, period.window.end, everyone)
        bills = list(_bills(connection, period))
        transaction.rollback()
    return Quote(bills, outside_count)


def _load(connection: Connection, rows: Iterable[UsageRow], period: BillingPeriod) -> int:
    """The rows of the period, into quoted_rows; how many lie outside."""
    connection.execute(statement("billing/quotes/create_rows"))
    outside_count = 0
    driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row in rows:
            if row.hour in period.window:
                copy.write_row(row)
            else:
                outside_count += 1
    connection.execute(text("ANALYZE quoted_rows"))
    return outside_count


def _refuse_duplicates(connection: Connection, usage: object) -> None:
    if duplicate := connection.execute(statement("billing/quotes/find_duplicate")).first():
        raise InvalidInputError(
            f"{getattr(usage, 'name', 'Usage')}: Row {duplicate.last_row}: hour",
            duplicate.hour_start.isoformat(),
            f"is in row {duplicate.first_row} already for instance {duplicate.instance_id}",
            "Keep one of them.",
        )


def _subscribe(connection: Connection, plan: PricePlan, period: BillingPeriod) -> None:
    """Stand-ins for what usage refers to."""
    window = window_of(period)
    ensure_partitions(connection, period.window.start, period.window.end)
    connection.execute(statement("billing/quotes/insert_buyer"), {"period_start": window["period_start"]})
    connection.execute(
        statement("billing/quotes/insert_subscriptions"),
        {"price_plan": plan.name, "period_start": window["period_start"]},
    )
    run_steps(connection, _STAND_INS, {})


def _bills(connection: Connection, period: BillingPeriod) -> Iterator[dict[str, Any]]:
    rows = connection.execute(statement("billing/quotes/list_lines")).all()
    for subscription_id, group in groupby(rows, key=lambda row: row.subscription_id):
        lines = list(group)
        first = lines[0]
        yield {
            "subscription_id": subscription_id,
            "period_start": period.local_start.isoformat(),
            "period_end": period.local_end.isoformat(),
            "currency": first.currency,
            "lines": [_line(line) for line in lines],
            "subtotal": f"{first.subtotal:f}",
            "tax": f"{first.tax:f}",
            "total": f"{first.total:f}",
        }


def _line(line: Row[Any]) -> dict[str, Any]:
    named = {"name": line.name} if line.name else {}
    return {
        "kind": line.kind,
        "tier": line.tier,
        **named,
        "quantity": plain(line.quantity),
        "unit_price": f"{line.unit_price:f}",
        "amount": f"{line.amount:f}",
    }
