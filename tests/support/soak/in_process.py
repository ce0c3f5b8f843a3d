"""The soak in this process: the work of the DAGs called on their schedule, in rounds that may come faster."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from include.domain.periods import HOUR, Window, floor_to_hour
from include.domain.sharding import SHARDS
from include.metering.hours.close import Rules, close_due_hours, close_hour, close_hours
from include.metering.polling.breaker import Breaker
from include.metering.polling.collect import Pace, collect_shard
from tests.support.soak.scene import set_up

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.warehouse.vault import Vault
    from tests.support.sandbox import SandboxHandle
    from tests.support.soak.scene import Scene, Soak

#: aku_metering runs at minute 7.
_CLOSES_AT = timedelta(minutes=7)


def soak_in_process(wanted: Soak, sandbox: SandboxHandle, warehouse: Engine, vault: Vault) -> tuple[Scene, datetime]:
    """Play it, and close every hour that was touched; the scene, and the end of the last hour."""
    scene = set_up(wanted, sandbox, warehouse, vault, lasts=wanted.seconds + 2 * wanted.every)
    rules = Rules(tolerance=timedelta(seconds=wanted.tolerance))
    begin, closed = time.monotonic(), floor_to_hour(datetime.now(UTC) - _CLOSES_AT)
    while (spent := time.monotonic() - begin) < wanted.seconds:
        scene.arrange(scene.silent(datetime.now(UTC)))
        _ask_all(scene, vault)
        closed = _close_due(scene, closed, rules)
        spent = time.monotonic() - begin  # a round that takes too long leaves the next one out
        time.sleep(max(0.0, min(wanted.every - spent % wanted.every, wanted.seconds - spent)))
    # Up to the last answer of each console, as `akubill usage` does.
    end = floor_to_hour(datetime.now(UTC)) + HOUR
    rules = Rules(rules.tolerance, provisional_after=timedelta(0), carries=False)
    close_hours(warehouse, Window(floor_to_hour(scene.start), end), end + HOUR, rules=rules)
    return scene, end


def _ask_all(scene: Scene, vault: Vault) -> None:
    """What aku_readings does."""
    every = timedelta(seconds=scene.wanted.every)
    breaker = Breaker(first_pause=1.8 * every, longest_pause=5.8 * every)
    seconds = scene.wanted.every
    pace = Pace(run_seconds=0.8 * seconds, deadline_seconds=min(20, seconds / 2), breaker=breaker)
    with ThreadPoolExecutor(SHARDS) as pool:
        list(pool.map(partial(collect_shard, scene.warehouse, vault, pace=pace), range(SHARDS)))


def _close_due(scene: Scene, closed: datetime, rules: Rules) -> datetime:
    """Close what is due, as after each round, and each hour at its minute; yields which hour's turn came last."""
    at = datetime.now(UTC)
    close_due_hours(scene.warehouse, at, rules=rules)
    due = floor_to_hour(at - _CLOSES_AT)
    if due > closed:
        close_hour(scene.warehouse, due - HOUR, at, rules=rules)
    return due
