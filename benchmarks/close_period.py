"""Closing a billing period: the rating query, and the whole chain, against a bare GROUP BY over the same table.

Full size is 1,000 subscriptions × 10 instances × 744 hours = 7.44 million rows of usage, nothing added up beforehand.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from benchmarks.measuring import Ratio, cost, empty_warehouse, enter_subscriptions, in_turns
from include.billing.close import close_period
from include.billing.rating import rate, use_memory
from include.billing.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.domain.periods import BillingPeriod
from include.warehouse.engine import ensure_partitions

if TYPE_CHECKING:
    from sqlalchemy import Engine

SIZES = {"full": (1000, 10, 3), "small": (50, 10, 3)}
PERIOD = BillingPeriod("2026-10", "Asia/Shanghai")
CLOSED_AT = PERIOD.window.end + timedelta(hours=6)
BARE = text(
    "SELECT subscription_key, sum(aku_seconds) FROM metering.usage "
    "WHERE hour_start >= :start AND hour_start < :end GROUP BY subscription_key"
)


def run(size: str) -> list[Ratio]:
    subscriptions, instances, repetitions = SIZES[size]
    with empty_warehouse() as warehouse:
        rows = _enter_usage(warehouse, subscriptions, instances)
        took = in_turns(repetitions, bare=lambda: _bare(warehouse), rate=lambda: _rate(warehouse))
        start = time.perf_counter()
        closed = close_period(warehouse, PERIOD, CLOSED_AT)
        whole = time.perf_counter() - start
    assert closed.drafted_count == subscriptions
    return [
        cost(f"rating of {rows:,} rows", took["rate"], took["bare"], "≤ 3.5"),
        cost("whole close of the period", whole, took["bare"], "", "once: drafts, audits, fingerprints, issue"),
    ]


def _enter_usage(warehouse: Engine, subscriptions: int, instances: int) -> int:
    enter_subscriptions(warehouse, subscriptions)
    publish_price_plans(warehouse, catalog_price_plans())
    window = PERIOD.window
    with warehouse.begin() as connection:
        ensure_partitions(connection, window.start, window.end)
        connection.execute(
            text(
                "INSERT INTO core.instances "
                "(instance_id, environment_key, subscription_key, first_seen_at, last_seen_at) "
                "SELECT 'kf-' || subscription_key || '-' || n, environment_key, subscription_key, :start, :start "
                "FROM core.environments CROSS JOIN generate_series(1, :instances) AS n"
            ),
            {"start": window.start, "instances": instances},
        )
        rows = connection.execute(
            text(
                "INSERT INTO metering.usage "
                "(hour_start, instance_key, subscription_key, environment_key, aku_seconds, source) "
                "SELECT hour_start, instance_key, subscription_key, environment_key, "
                "(3 + instance_key % 48) * 3600 - extract(hour FROM hour_start)::int, 'import' "
                "FROM generate_series(CAST(:start AS timestamptz), :last, interval '1 hour') AS hour_start "
                "CROSS JOIN core.instances"
            ),
            {"start": window.start, "last": window.end - timedelta(hours=1)},
        ).rowcount
        connection.execute(
            text(
                "INSERT INTO metering.subscription_hours "
                "SELECT hour_start, subscription_key, count(*), sum(aku_seconds), 0, 0, 0 "
                "FROM metering.usage GROUP BY hour_start, subscription_key"
            )
        )
    with warehouse.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return rows


def _bare(warehouse: Engine) -> float:
    with warehouse.begin() as connection:
        start = time.perf_counter()
        connection.execute(BARE, {"start": PERIOD.window.start, "end": PERIOD.window.end}).all()
        return time.perf_counter() - start


def _rate(warehouse: Engine) -> float:
    with warehouse.begin() as connection:
        use_memory(connection)
        start = time.perf_counter()
        rate(connection, PERIOD)
        took = time.perf_counter() - start
        connection.rollback()
    return took
