"""Each billing page's server time with many subscriptions and 18 months, against the bare SQL that it needs.

The bare side runs the statements that the page ran, with the same parameters, and fetches their rows. Last comes what
it costs to keep the sums that the page Today reads.
"""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi.testclient import TestClient
from sqlalchemy import event, text

from benchmarks.measuring import Ratio, cost, empty_warehouse, enter_subscriptions, in_turns, settle
from include.domain.periods import BillingPeriod, floor_to_hour
from include.marketplace.push.adding_up import add_up
from include.reporting.pages.app import create_pages
from include.warehouse.engine import ensure_partitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

#: Subscriptions, and repetitions.
SIZES = {"full": (10_000, 9), "small": (200, 9)}
MONTHS = 18
ZONE = "Asia/Shanghai"
_BILLS = """
INSERT INTO billing.bills (bill_id, document, subscription_key, period, period_start, period_end, price_plan, currency,
    state, aku_seconds, subtotal, tax, total, fingerprint, drafted_at)
SELECT :period || '-' || subscription_id, 'bill', subscription_key, :period, :start, :end, price_plan, 'CNY', 'draft',
    3600000, 1200, 0, 1200, md5(:period || subscription_id), :end
FROM core.subscriptions
"""
_LINES = """
INSERT INTO billing.bill_lines (bill_key, line_no, kind, tier, description, line_start, line_end, aku_seconds,
    metered_aku_seconds, quantity, unit, unit_price, exact_amount, amount)
SELECT bill_key, 1, 'usage', 1, 'Usage', period_start, period_end, aku_seconds, aku_seconds, 1000, 'AKU-hour', 1.2,
    1200, 1200
FROM billing.bills WHERE period = :period
"""
_ISSUE = "UPDATE billing.bills SET state = 'issued', issued_at = drafted_at WHERE period = :period"
_HOURS = """
INSERT INTO metering.subscription_hours (hour_start, subscription_key, instance_count, aku_seconds,
    inferred_aku_seconds, estimated_aku_seconds, gap_seconds, peak_aku, whole_hour_aku_seconds)
SELECT h, subscription_key, 1, 3600 + subscription_key % 100, 0, 0, 0, 2, 3600 + subscription_key % 100
FROM core.subscriptions, generate_series(CAST(:start AS timestamptz), :end, interval '1 hour') AS h
"""
_RECORDS = """
INSERT INTO marketplace.push_records (channel, marketplace_instance_id, hour_start, dimension, subscription_key,
    product_code, item_key, quantity, units, window_start, window_end, cut_off, is_partial, entered_at, outcome,
    decided_at)
SELECT 'alibaba-china', 'mp-' || subscription_key, hour_start, 'aku', subscription_key, 'code', 'Period', aku_seconds,
    aku_seconds, hour_start, hour_start + interval '1 hour', hour_start + interval '119 minutes', FALSE, hour_start,
    'expected', hour_start
FROM metering.subscription_hours
"""
_DAY = """
SELECT subscription_key, sum(metered) FROM marketplace.agreement
WHERE hour_start >= marketplace.day_of(:hour) AND hour_start < marketplace.day_of(:hour) + interval '1 day'
GROUP BY subscription_key
"""


def run(size: str) -> list[Ratio]:
    subscriptions, repetitions = SIZES[size]
    now = datetime.now(UTC)
    with empty_warehouse() as warehouse:
        _fill(warehouse, subscriptions, now)
        return [*_measure_pages(warehouse, now, repetitions), _measure_adding_up(warehouse, now, repetitions)]


def _measure_pages(warehouse: Engine, now: datetime, repetitions: int) -> list[Ratio]:
    period = BillingPeriod.containing(now, ZONE).previous.name
    paths = {
        "Today": "/",
        "Subscriptions": "/subscriptions",
        "one subscription": "/subscriptions/sub-7",
        "Bills": "/bills",
        "one bill": f"/bills/{period}-sub-7",
        "Reconciliation": f"/reconciliation?period={period}",
        "the ledger": "/reconciliation/ledger",
        "Data quality": "/data-quality",
        "Price plans": "/price-plans",
    }
    app = create_pages(current_user=lambda: "bench", warehouse=lambda: warehouse)
    with TestClient(app) as client:  # one event loop for all, as a server has it
        return [_measure(warehouse, client, name, path, repetitions) for name, path in paths.items()]


def _measure_adding_up(warehouse: Engine, now: datetime, repetitions: int) -> Ratio:
    """What the newest hour of every subscription costs the run that adds it up, against reading its day."""
    hour = floor_to_hour(now)

    def change() -> float:
        with warehouse.begin() as connection:
            for table in ("metering.subscription_hours", "marketplace.push_records"):
                connection.execute(
                    text(f"UPDATE {table} SET hour_start = hour_start WHERE hour_start = :hour"),
                    {"hour": hour},
                )
        begun = time.perf_counter()
        add_up(warehouse, now)
        return time.perf_counter() - begun

    def read() -> None:
        with warehouse.connect() as connection:
            connection.execute(text(_DAY), {"hour": hour}).all()

    took = in_turns(max(1, repetitions // 3), bare=read, ours=change)
    return cost("adding up an hour of all subscriptions", took["ours"], took["bare"], "")


def _measure(warehouse: Engine, client: TestClient, name: str, path: str, repetitions: int) -> Ratio:
    with _recorded(warehouse) as statements:
        answer = client.get(path)
    if not answer.is_success:
        return cost(name, float("inf"), 1, "≤ 2", f"answered {answer.status_code} after its statement's time limit")
    took = in_turns(repetitions, bare=lambda: _bare(warehouse, statements), ours=lambda: client.get(path))
    milliseconds = f"{took['ours'] * 1000:.0f} ms, SQL {took['bare'] * 1000:.0f} ms"
    size = f"{len(answer.content) / 1024:.0f} KiB, {answer.num_bytes_downloaded / 1024:.0f} over the wire"
    return cost(name, took["ours"], took["bare"], "≤ 2", f"{milliseconds}; {size}; {len(statements)} statements")


@contextmanager
def _recorded(warehouse: Engine) -> Iterator[list[tuple[str, Any]]]:
    """What is executed meanwhile."""
    statements: list[tuple[str, Any]] = []

    def record(_connection: object, _cursor: object, statement: str, given: Any, _context: object, _many: bool) -> None:  # noqa: FBT001 (SQLAlchemy's signature)
        statements.append((statement, given))

    event.listen(warehouse, "before_cursor_execute", record)
    yield statements
    event.remove(warehouse, "before_cursor_execute", record)


def _bare(warehouse: Engine, statements: list[tuple[str, Any]]) -> float:
    connection = warehouse.raw_connection()
    try:
        begun = time.perf_counter()
        with closing(connection.cursor()) as cursor:
            for statement, given in statements:
                cursor.execute(statement, given)
                if cursor.description:
                    cursor.fetchall()
        return time.perf_counter() - begun
    finally:
        connection.rollback()
        connection.close()


def _fill(warehouse: Engine, subscriptions: int, now: datetime) -> None:
    """Bills of 18 months, and every hour of the running one."""
    enter_subscriptions(warehouse, subscriptions)
    period = BillingPeriod.containing(now, ZONE)
    with warehouse.begin() as connection:
        connection.execute(
            text("INSERT INTO billing.price_plans (name, currency, time_zone) VALUES ('automq-byoc-payg', 'CNY', :z)"),
            {"z": ZONE},
        )
        window = {"start": period.window.start, "end": floor_to_hour(now)}
        ensure_partitions(connection, window["start"], window["end"])
        connection.execute(text(_HOURS), window)
        connection.execute(text(_RECORDS))
    for month in range(MONTHS):
        with warehouse.begin() as connection:
            facts = {"period": period.name, "start": period.window.start, "end": period.window.end}
            connection.execute(text(_BILLS), facts)
            connection.execute(text(_LINES), facts)
            if month:
                connection.execute(text(_ISSUE), facts)
        period = period.previous
    add_up(warehouse, now)
    settle(warehouse)
