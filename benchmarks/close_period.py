"""Closing a billing period whose hours were closed as they passed: drafts, audits, fingerprints and issue, by size.

Full size is 100 and 1,000 subscriptions of ten instances each, and 10,000 of one, 744 hours: up to 7.4 million rows of
usage. Bills are made of the hourly sums and digests that every change of usage keeps, so a close does not read the
instances' hours, and how many instances there are makes no difference. Meanwhile somebody who wants to write usage
waits for turns, again and again: the longest wait is reported. The largest size is closed again by two workers side by
side, each with half of the shards.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Self

from sqlalchemy import URL, text

from benchmarks.measuring import Ratio, cost, empty_warehouse, enter_subscriptions, settle
from include.billing.bills.close import ClosedShard, close_shard, sum_up
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.domain.periods import BillingPeriod
from include.domain.sharding import SHARDS
from include.warehouse.engine import USAGE, ensure_partitions, locked, open_warehouse

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: Subscriptions, and instances of each.
SIZES = {"full": ((100, 10), (1000, 10), (10_000, 1)), "small": ((20, 1), (100, 1))}
PERIOD = BillingPeriod("2026-10", "Asia/Shanghai")
CLOSED_AT = PERIOD.window.end + timedelta(hours=6)
BARE = text(
    "SELECT subscription_key, sum(aku_seconds) FROM metering.subscription_hours "
    "WHERE hour_start >= :start AND hour_start < :end GROUP BY subscription_key"
)


class _Took(NamedTuple):
    """Seconds of a close, of the bare statement, and that a writer of usage waited at most; a worker's peak in MiB."""

    whole: float
    bare: float
    waited: float
    memory: float


def run(size: str) -> list[Ratio]:
    took = {subscriptions: _close(subscriptions, instances, 1) for subscriptions, instances in SIZES[size]}
    largest, instances = SIZES[size][-1]
    first = min(took)
    base = took[first].whole / first
    lines = []
    for subscriptions, one in took.items():
        per, note = one.whole / subscriptions, f"usage waited {one.waited:.2f} s at most, worker {one.memory:.0f} MiB"
        lines += [
            cost(
                f"close of {subscriptions:,} subscriptions", one.whole, one.bare, "", "bare: a GROUP BY of their hours"
            ),
            Ratio(
                f"its seconds per 1,000 subscriptions, against those of {first:,}",
                per * 1000,
                base * 1000,
                per / base,
                "≤ 1.2",
                note,
            ),
        ]
    two = _close(largest, instances, 2)
    ratio = took[largest].whole / two.whole
    name = f"close of {largest:,} by one worker, against two"
    return [
        *lines,
        Ratio(name, took[largest].whole, two.whole, ratio, "≥ 1.6", f"usage waited {two.waited:.2f} s at most"),
    ]


def _close(subscriptions: int, instances: int, workers: int) -> _Took:
    with empty_warehouse() as warehouse:
        enter_usage(warehouse, subscriptions, instances)
        bare = min(_bare(warehouse) for _ in range(3))
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, spawn) as pool, _Writer(warehouse) as writer:
            list(pool.map(_start, range(workers)))
            start = time.perf_counter()
            done = list(pool.map(_close_shard, [warehouse.url] * SHARDS, range(SHARDS)))
            closed = sum_up(warehouse, PERIOD, [shard for shard, _ in done])
            whole = time.perf_counter() - start
    assert closed.drafted_count == closed.issued_count == subscriptions, closed
    return _Took(whole, bare, writer.longest, max(memory for _, memory in done))


def _start(_worker: int) -> None:
    """Nothing: the time that a worker takes to start is not that of the work."""


def _close_shard(url: URL, shard: int) -> tuple[ClosedShard, float]:
    import resource

    warehouse = open_warehouse(url, role=None)
    try:
        closed = close_shard(warehouse, PERIOD, shard, CLOSED_AT)
    finally:
        warehouse.dispose()
    return closed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class _Writer(threading.Thread):
    """Takes its turn to write usage, as hours are closed, twice a second; how long it waited for one at the longest."""

    def __init__(self, warehouse: Engine) -> None:
        super().__init__(daemon=True)
        self._warehouse, self._over, self.longest = warehouse, threading.Event(), 0.0

    def run(self) -> None:
        while not self._over.wait(0.5):
            start = time.perf_counter()
            with self._warehouse.begin() as connection, locked(connection, *USAGE):
                self.longest = max(self.longest, time.perf_counter() - start)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def enter_usage(warehouse: Engine, subscriptions: int, instances: int = 1) -> int:
    """A month of usage of that many instances in each subscription, with its sums; how many rows."""
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
                "SELECT 'kf-' || n, environment_key, subscription_key, :start, :start "
                "FROM core.environments CROSS JOIN generate_series(1, :instances) AS n"
            ),
            {"start": window.start, "instances": instances},
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
        for day in range((window.end - window.start).days):
            start = window.start + timedelta(days=day)
            connection.execute(
                text(
                    "INSERT INTO metering.subscription_hours (subscription_key, hour_start, instance_count, "
                    "aku_seconds, inferred_aku_seconds, estimated_aku_seconds, gap_seconds, peak_aku, "
                    "whole_hour_aku_seconds, usage_digest) "
                    "SELECT * FROM metering.summed_usage(:start, :end, NULL) ORDER BY hour_start, subscription_key"
                ),
                {"start": start, "end": start + timedelta(days=1)},
            )
    settle(warehouse)
    return rows


def _bare(warehouse: Engine) -> float:
    with warehouse.begin() as connection:
        start = time.perf_counter()
        connection.execute(BARE, {"start": PERIOD.window.start, "end": PERIOD.window.end}).all()
        return time.perf_counter() - start
