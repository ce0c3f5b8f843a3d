"""Closing one hour from 120,000 readings (1,000 environments × 10 instances × 12 polls) against a bare GROUP BY."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from benchmarks.measuring import HISTORY_START, Ratio, cost, empty_warehouse, enter_subscriptions, in_turns
from include.domain.periods import Window
from include.metering.close import close_hours
from include.warehouse.engine import ensure_partitions

if TYPE_CHECKING:
    from sqlalchemy import Engine

SIZES = {"full": (1000, 10, 5), "small": (50, 10, 3)}
HOUR = Window.hour(datetime(2026, 10, 5, 8, tzinfo=UTC))
BARE = text("SELECT instance_key, sum(aku) FROM metering.readings WHERE observed_at BETWEEN :start AND :end GROUP BY 1")
#: A poll each five minutes, and one at the end, which closes the hour.
POLLS = """
INSERT INTO metering.polls (observed_at, environment_key, ok, instance_count)
SELECT observed_at, environment_key, true, :instances
FROM generate_series(CAST(:start AS timestamptz), CAST(:end AS timestamptz), interval '5 minutes') AS observed_at
CROSS JOIN core.environments
"""
READINGS = """
INSERT INTO metering.readings (observed_at, environment_key, instance_key, subscription_key, state, aku,
    instance_created_at, instance_modified_at)
SELECT observed_at, environment_key, instance_key, subscription_key, 'Running', 3 + instance_key % 48, :since, :since
FROM metering.polls INNER JOIN core.instances USING (environment_key)
"""
ENTERED = """
INSERT INTO core.instances (instance_id, environment_key, subscription_key, created_at, first_seen_at, last_seen_at)
SELECT 'kf-' || subscription_key || '-' || n, environment_key, subscription_key, :since, :since, :since
FROM core.environments CROSS JOIN generate_series(1, :instances) AS n
"""


def run(size: str) -> list[Ratio]:
    environments, instances, repetitions = SIZES[size]
    with empty_warehouse() as warehouse:
        enter_subscriptions(warehouse, environments)
        facts = {"start": HOUR.start, "end": HOUR.end, "since": HISTORY_START, "instances": instances}
        with warehouse.begin() as connection:
            ensure_partitions(connection, HOUR.start, HOUR.end + timedelta(hours=1))
            connection.execute(text("UPDATE core.subscriptions SET metering_started_at = :since"), facts)
            for command in (ENTERED, POLLS, READINGS):
                rows = connection.execute(text(command), facts).rowcount
        with warehouse.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        took = in_turns(
            repetitions,
            bare=lambda: _bare(warehouse),
            ours=lambda: close_hours(warehouse, HOUR, HOUR.end + timedelta(minutes=5)),
        )
    return [cost(f"closing an hour of {rows:,} readings", took["ours"], took["bare"], "", "usage and gaps, stored")]


def _bare(warehouse: Engine) -> float:
    with warehouse.begin() as connection:
        start = time.perf_counter()
        connection.execute(BARE, {"start": HOUR.start, "end": HOUR.end}).all()
        return time.perf_counter() - start
