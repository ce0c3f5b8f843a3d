"""Reporting an hour to a marketplace: planning, entering and booking, against the bare INSERT of the same rows.

The marketplace answers at once, in this process, so that only our own work is measured: 50 records in a request, and a
transaction before and after each.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from benchmarks.measuring import Ratio, cost, empty_warehouse, enter_subscriptions, settle
from include.catalog.loader import load_channel
from include.domain.periods import HOUR
from include.marketplace.push.answers import Answer
from include.marketplace.push.channels.alibaba_china.sender import AlibabaChina
from include.marketplace.push.deliver import Clock, push_due
from include.marketplace.push.ledger import MeteredItem
from include.warehouse.engine import ensure_partitions

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: Marketplace instances.
SIZES = {"full": 10_000, "small": 1_000}
HOUR_START = datetime(2026, 10, 1, 8, tzinfo=UTC)
NOW = HOUR_START + HOUR + timedelta(minutes=5)
ITEM = MeteredItem("automq-byoc-payg", "cmgj-automq-byoc", "cmgj-automq-byoc-Period-1", "Period", is_pushed=True)
SUBSCRIBED = """
UPDATE core.subscriptions SET metering_started_at = :start, marketplace_instance_id = 'mp-' || subscription_key
"""
USED = """
INSERT INTO metering.subscription_hours (
    hour_start, subscription_key, instance_count, aku_seconds, inferred_aku_seconds, estimated_aku_seconds, gap_seconds,
    peak_aku, whole_hour_aku_seconds
)
SELECT :start, subscription_key, 1, 3600 + subscription_key, 0, 0, 0, 2, 3600 + subscription_key FROM core.subscriptions
"""
CLOSED = """
INSERT INTO metering.environment_hours (hour_start, environment_key, state, revision, closed_at)
SELECT :start, environment_key, 'closed', 1, :start + interval '1 hour' FROM core.environments
"""
BARE = """
CREATE TABLE bare AS SELECT * FROM marketplace.push_records WITH NO DATA;
ALTER TABLE bare ADD UNIQUE (channel, marketplace_instance_id, hour_start, dimension);
"""


class Agreeing(AlibabaChina):
    """A marketplace that takes everything at once."""

    def __init__(self) -> None:
        """It needs no access."""

    def send(self, request: str) -> Answer:
        """All of it."""
        return Answer(is_success=bool(request))


def run(size: str) -> list[Ratio]:
    count = SIZES[size]
    with empty_warehouse() as warehouse:
        enter_subscriptions(warehouse, count)
        with warehouse.begin() as connection:
            ensure_partitions(connection, HOUR_START, HOUR_START + HOUR)
            for command in (SUBSCRIBED, USED, CLOSED):
                connection.execute(text(command), {"start": HOUR_START})
        settle(warehouse)
        start = time.perf_counter()
        clock = Clock(lambda: NOW, lambda _: None)
        pushed = push_due(
            warehouse, load_channel("alibaba-china"), [ITEM], Agreeing, clock, ends_at=NOW + timedelta(minutes=4)
        )
        took = time.perf_counter() - start
        assert pushed.outcomes == {"accepted": count}
        bare = _insert(warehouse)
    note = f"{pushed.requests} requests, {count / took:,.0f} records/s"
    return [cost(f"An hour of {count:,} marketplace instances", took, bare, "", note)]


def _insert(warehouse: Engine) -> float:
    with warehouse.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("SET ROLE postgres"))
        for command in filter(str.strip, BARE.split(";")):
            connection.execute(text(command))
        start = time.perf_counter()
        connection.execute(text("INSERT INTO bare SELECT * FROM marketplace.push_records"))
        return time.perf_counter() - start
