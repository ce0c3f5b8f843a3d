"""Closing a month again after answers came late: in proportion to the environments that they came from.

A month of hourly polls of 100 environments × 10 instances is closed. Then 1, 5 and 25 of the consoles turn out to
have answered at minutes 15, 30 and 45 too, so that all of their hours are due again, and all of their usage changes
from proved to measured. One environment's month is also closed again where no other one is stored.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from benchmarks.close_hour import ENTERED, READINGS
from benchmarks.measuring import HISTORY_START, Ratio, cost, empty_warehouse, enter_subscriptions, settle
from include.domain.periods import HOUR, Window
from include.metering.hours.close import close_due_hours, close_hours
from include.warehouse.engine import ensure_partitions

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: Environments, instances of each, days, and how many environments are late in each turn.
SIZES = {"full": (100, 10, 31, (1, 5, 25)), "small": (20, 10, 7, (1, 3, 10))}
START = datetime(2026, 10, 1, tzinfo=UTC)
POLLS = """
INSERT INTO metering.polls (observed_at, environment_key, ok, instance_count)
SELECT observed_at, environment_key, true, :instances
FROM generate_series(CAST(:start AS timestamptz), CAST(:end AS timestamptz), interval '1 hour') AS observed_at
CROSS JOIN core.environments
"""
LATE_POLLS = """
INSERT INTO metering.polls (observed_at, environment_key, ok, instance_count)
SELECT observed_at + minute * interval '1 minute', environment_key, true, instance_count
FROM metering.polls CROSS JOIN (VALUES (15), (30), (45)) AS late (minute)
WHERE environment_key BETWEEN :first AND :last AND observed_at < :end
"""
LATE_READINGS = f"{READINGS} WHERE environment_key BETWEEN :first AND :last AND extract(MINUTE FROM observed_at) > 0"
STALE = """
UPDATE metering.environment_hours SET state = 'stale' WHERE environment_key BETWEEN :first AND :last
"""


def run(size: str) -> list[Ratio]:
    environments, instances, days, turns = SIZES[size]
    month = Window(START, START + timedelta(days=days))
    with empty_warehouse() as warehouse:
        hours = _enter(warehouse, month, environments, instances)
        took, first = {}, 1
        for count in turns:
            took[count] = _close_again(warehouse, month, first, count, instances)
            first += count
    with empty_warehouse() as warehouse:
        _enter(warehouse, month, 1, instances)
        alone = _close_again(warehouse, month, 1, 1, instances)
    one, some, many = turns
    return [
        cost(f"{days} days of 1 of {environments} environments", took[one], alone, "≤ 1.2", "against no others stored"),
        *(
            cost(f"{days} days of {count} of them", took[count], took[one] * count, "≤ 1.2", f"against {count} × 1")
            for count in (some, many)
        ),
        cost(f"{hours:,} hours: of 1", took[one], took[many] / many, "", f"against 1/{many} of {many}"),
    ]


def _enter(warehouse: Engine, month: Window, environments: int, instances: int) -> int:
    """Hourly polls of the month, closed; how many instance-hours."""
    enter_subscriptions(warehouse, environments)
    facts = {"start": month.start, "end": month.end, "since": HISTORY_START, "instances": instances}
    with warehouse.begin() as connection:
        ensure_partitions(connection, month.start, month.end + HOUR)
        connection.execute(text("UPDATE core.subscriptions SET metering_started_at = :start"), facts)
        for command in (ENTERED, POLLS, READINGS):
            connection.execute(text(command), facts)
    settle(warehouse)
    done = close_hours(warehouse, month, month.end + HOUR)
    settle(warehouse)
    return done.instance_hours


def _close_again(warehouse: Engine, month: Window, first: int, count: int, instances: int) -> float:
    """Enter the late answers of so many environments, and close what is due: in how many seconds."""
    facts = {"first": first, "last": first + count - 1, "end": month.end, "since": HISTORY_START}
    with warehouse.begin() as connection:
        for command in (LATE_POLLS, LATE_READINGS, STALE):
            connection.execute(text(command), facts)
    settle(warehouse)
    start = time.perf_counter()
    done = close_due_hours(warehouse, month.end + HOUR)
    took = time.perf_counter() - start
    if done.instance_hours != count * instances * month.seconds // 3600:
        raise AssertionError(done)
    return took
