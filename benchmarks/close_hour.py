"""Closing one hour from 120,000 readings (1,000 environments × 10 instances × 12 polls) against a bare GROUP BY.

The rules alone (found, not stored), the whole closing, the same where a tenth of the instances changed within the hour,
and both with 90 days stored and closed against one day. Both sides stay in the database, in one process of it: no rows
are fetched.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from benchmarks.measuring import HISTORY_START, Ratio, cost, empty_warehouse, enter_subscriptions, in_turns, settle
from include.domain.periods import Window
from include.metering.hours.close import close_hours, find_usage
from include.warehouse.engine import ensure_partitions

if TYPE_CHECKING:
    from sqlalchemy import Engine

SIZES = {"full": (1000, 10, 7, 90), "small": (50, 10, 3, 3)}
HOUR = Window.hour(datetime(2026, 10, 5, 8, tzinfo=UTC))
BARE = text("""
CREATE TEMPORARY TABLE bare ON COMMIT DROP AS
SELECT instance_key, count(*) FROM metering.readings WHERE observed_at > :start AND observed_at <= :end GROUP BY 1
""")
ONE_PROCESS = text("SET LOCAL max_parallel_workers_per_gather = 0")
#: Of the first tenth of the instances, from 08:22 on.
CHANGES = """
UPDATE metering.readings SET aku = aku + 1, instance_modified_at = :changed
WHERE instance_key % 10 = 0 AND observed_at > :changed
"""
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
FROM metering.polls INNER JOIN metering.instances USING (environment_key)
"""
ENTERED = """
INSERT INTO metering.instances (instance_id, environment_key, subscription_key, created_at, first_seen_at, last_seen_at)
SELECT 'kf-' || subscription_key || '-' || n, environment_key, subscription_key, :since, :since, :since
FROM core.environments CROSS JOIN generate_series(1, :instances) AS n
"""
#: What closing all hours before that one leaves, less the time that it takes.
CLOSED = """
INSERT INTO metering.environment_hours (hour_start, environment_key, state, revision, closed_at)
SELECT DISTINCT date_trunc('hour', observed_at), environment_key, 'closed', 1, observed_at
FROM metering.polls WHERE observed_at = date_trunc('hour', observed_at) AND observed_at < :last
"""
USED = """
INSERT INTO metering.usage (hour_start, instance_key, subscription_key, environment_key, aku_seconds, peak_aku,
    used_seconds, source)
SELECT hour_start, instance_key, subscription_key, environment_key, 3600 * (3 + instance_key % 48),
    3 + instance_key % 48, 3600, 'readings'
FROM metering.environment_hours INNER JOIN metering.instances USING (environment_key)
"""
GAPS = """
INSERT INTO metering.gaps (environment_key, gap_start, gap_end, cause, state, opened_at)
SELECT environment_key, hour_start, hour_start + interval '20 minutes', 'timeout', 'open', hour_start
FROM metering.environment_hours
"""


def run(size: str) -> list[Ratio]:
    environments, instances, repetitions, days = SIZES[size]
    with empty_warehouse() as warehouse:
        rows = _enter(warehouse, environments, instances, HOUR.start)
        quiet = _measure(warehouse, repetitions)
        changed = {"changed": HOUR.start + timedelta(minutes=22)}
        with warehouse.begin() as connection:
            connection.execute(text(CHANGES), changed)
        settle(warehouse)
        changing = _measure(warehouse, repetitions)
    with empty_warehouse() as one, empty_warehouse() as many:
        for warehouse, first in ((one, HOUR.start - timedelta(days=1)), (many, HOUR.start - timedelta(days=days))):
            _enter(warehouse, environments // 50, instances, first)
            _close_before(warehouse)
        # Noise of one process against another is larger than that of one query: more repetitions.
        took = in_turns(
            4 * repetitions,
            one=lambda: _find(one),
            many=lambda: _find(many),
            close_one=lambda: _close(one),
            close_many=lambda: _close(many),
        )
    return [
        cost(f"rules over an hour of {rows:,} readings", quiet["find"], quiet["bare"], "≤ 8", "query alone"),
        cost("the same, a tenth changed", changing["find"], changing["bare"], "", "query alone"),
        cost("closing the hour", quiet["close"], quiet["bare"], "", "usage, sums and gaps, stored"),
        cost("the same, a tenth changed", changing["close"], changing["bare"], "", "usage, sums and gaps, stored"),
        cost(f"rules with {days} days stored", took["many"], took["one"], "≤ 1.2", "against 1 day stored"),
        cost(
            f"closing with {days} days stored", took["close_many"], took["close_one"], "≤ 1.2", "against 1 day stored"
        ),
    ]


def _enter(warehouse: Engine, environments: int, instances: int, first: datetime) -> int:
    """Polls each five minutes from `first` to the end of the hour; how many readings."""
    enter_subscriptions(warehouse, environments)
    facts = {"start": first, "end": HOUR.end, "since": HISTORY_START, "instances": instances}
    with warehouse.begin() as connection:
        ensure_partitions(connection, first, HOUR.end + timedelta(hours=1))
        connection.execute(text("UPDATE core.subscriptions SET metering_started_at = :since"), facts)
        for command in (ENTERED, POLLS, READINGS):
            rows = connection.execute(text(command), facts).rowcount
    settle(warehouse)
    return rows


def _close_before(warehouse: Engine) -> None:
    """Usage of all hours before that one, and a gap in each, which is more than there should be."""
    with warehouse.begin() as connection:
        for command in (CLOSED, USED, GAPS):
            connection.execute(text(command), {"last": HOUR.start})
    settle(warehouse)


def _measure(warehouse: Engine, repetitions: int) -> dict[str, float]:
    return in_turns(
        repetitions,
        bare=lambda: _bare(warehouse),
        find=lambda: _find(warehouse),
        close=lambda: _close(warehouse),
    )


def _close(warehouse: Engine) -> None:
    close_hours(warehouse, HOUR, HOUR.end + timedelta(minutes=5))


def _find(warehouse: Engine) -> float:
    with warehouse.begin() as connection:
        connection.execute(ONE_PROCESS)
        start = time.perf_counter()
        find_usage(connection, HOUR, HOUR.end + timedelta(minutes=5))
        took = time.perf_counter() - start
        connection.rollback()
    return took


def _bare(warehouse: Engine) -> float:
    with warehouse.begin() as connection:
        connection.execute(ONE_PROCESS)
        start = time.perf_counter()
        connection.execute(BARE, {"start": HOUR.start, "end": HOUR.end})
        return time.perf_counter() - start
