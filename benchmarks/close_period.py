"""Closing a billing period whose hours were closed as they passed: drafts, audits, fingerprints and issue, by size.

Full size is 100, 1,000 and 10,000 subscriptions of one instance each, 744 hours: up to 7.44 million rows of usage.
Bills are made of the hourly sums that every change of usage updates, not of the instances' hours; an audit of the close
adds those up again and compares.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from benchmarks.measuring import Ratio, cost, empty_warehouse, enter_subscriptions, settle
from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.domain.periods import BillingPeriod
from include.warehouse.engine import ensure_partitions

if TYPE_CHECKING:
    from sqlalchemy import Engine

SIZES = {"full": (100, 1000, 10_000), "small": (20, 100)}
PERIOD = BillingPeriod("2026-10", "Asia/Shanghai")
CLOSED_AT = PERIOD.window.end + timedelta(hours=6)
BARE = text(
    "SELECT subscription_key, sum(aku_seconds) FROM metering.usage "
    "WHERE hour_start >= :start AND hour_start < :end GROUP BY subscription_key"
)


def run(size: str) -> list[Ratio]:
    took = {subscriptions: _close(subscriptions) for subscriptions in SIZES[size]}
    first = min(took)
    base = took[first][0] / first
    return [
        line
        for subscriptions, (whole, bare) in took.items()
        for line in (
            cost(f"close of {subscriptions:,} subscriptions", whole, bare, "", "bare: a GROUP BY of their usage"),
            Ratio(
                f"its seconds per 1,000 subscriptions, against those of {first:,}",
                whole * 1000 / subscriptions,
                base * 1000,
                whole / subscriptions / base,
                "≤ 1.2",
                "",
            ),
        )
    ]


def _close(subscriptions: int) -> tuple[float, float]:
    with empty_warehouse() as warehouse:
        enter_usage(warehouse, subscriptions)
        bare = min(_bare(warehouse) for _ in range(3))
        start = time.perf_counter()
        closed = close_period(warehouse, PERIOD, CLOSED_AT)
        whole = time.perf_counter() - start
    assert closed.drafted_count == closed.issued_count == subscriptions, closed
    return whole, bare


def enter_usage(warehouse: Engine, subscriptions: int) -> int:
    """A month of usage of one instance in each subscription, with its sums and its closed hours; how many rows."""
    enter_subscriptions(warehouse, subscriptions)
    publish_price_plans(warehouse, catalog_price_plans())
    window = PERIOD.window
    hours = {"start": window.start, "last": window.end - timedelta(hours=1)}
    with warehouse.begin() as connection:
        ensure_partitions(connection, window.start, window.end)
        connection.execute(
            text(
                "INSERT INTO metering.instances "
                "(instance_id, environment_key, subscription_key, first_seen_at, last_seen_at) "
                "SELECT 'kf-' || subscription_key, environment_key, subscription_key, :start, :start "
                "FROM core.environments"
            ),
            {"start": window.start},
        )
        rows = connection.execute(
            text(
                "INSERT INTO metering.usage "
                "(hour_start, instance_key, subscription_key, environment_key, aku_seconds, peak_aku, used_seconds, "
                "source) "
                "SELECT hour_start, instance_key, subscription_key, environment_key, "
                "(3 + instance_key % 48) * 3600 - extract(hour FROM hour_start)::int, 3 + instance_key % 48, 3600, "
                "'import' "
                "FROM generate_series(CAST(:start AS timestamptz), :last, interval '1 hour') AS hour_start "
                "CROSS JOIN metering.instances"
            ),
            hours,
        ).rowcount
        connection.execute(
            text(
                "INSERT INTO metering.subscription_hours "
                "SELECT hour_start, subscription_key, 1, aku_seconds, 0, 0, 0, peak_aku, aku_seconds "
                "FROM metering.usage"
            )
        )
    settle(warehouse)
    return rows


def _bare(warehouse: Engine) -> float:
    with warehouse.begin() as connection:
        start = time.perf_counter()
        connection.execute(BARE, {"start": PERIOD.window.start, "end": PERIOD.window.end}).all()
        return time.perf_counter() - start
