"""The soak in this process, for a quick look: a scratch warehouse, and the work of the DAGs called on their schedule.

Its rounds may come faster than Airflow's five minutes. It ends by itself, and nothing of it stays.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet
from pydantic import SecretStr

from include.domain.periods import HOUR, Window, floor_to_hour
from include.domain.sharding import SHARDS
from include.local.interrupts import pause
from include.local.soak_outside import running_outside
from include.local.soak_scene import Soak, SoakResult, SoakSetup, count_polls, evaluate, set_up_soak
from include.metering.hours.close import Rules, close_due_hours, close_hour, close_hours
from include.metering.polling.breaker import Breaker
from include.metering.polling.collect import Pace, collect_shard
from include.warehouse.embedded import temporary_warehouse
from include.warehouse.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable


#: aku_metering runs at minute 7.
_CLOSES_AT = timedelta(minutes=7)


def soak_here(wanted: Soak, say: Callable[[str], None]) -> SoakResult:
    """Play it, and judge the hours.

    Args:
        wanted: what to play.
        say: receives each line of progress.
    """
    with (
        tempfile.TemporaryDirectory(prefix="akubill-soak-", ignore_cleanup_errors=True) as folder,
        running_outside(Path(folder) / "sandbox") as outside,
        temporary_warehouse() as warehouse,
    ):
        vault = Vault(SecretStr(Fernet.generate_key().decode()))
        scene = set_up_soak(wanted, outside, warehouse, vault, lasts=wanted.seconds + 2 * wanted.every)
        say(f"{wanted.consoles} consoles live; polling them every {wanted.every} s for {wanted.seconds:g} s.")
        rounds = _poll_rounds(scene, vault, say)
        until = _close_all(scene)
        return SoakResult(rounds, count_polls(scene), evaluate(scene, until))


def _poll_rounds(scene: SoakSetup, vault: Vault, say: Callable[[str], None]) -> int:
    """What aku_readings and aku_metering do, on their schedule; a round that takes too long leaves the next one out."""
    wanted, begin, rounds = scene.wanted, time.monotonic(), 0
    closed = floor_to_hour(datetime.now(UTC) - _CLOSES_AT)
    while (spent := time.monotonic() - begin) < wanted.seconds:
        scene.arrange(scene.silent(datetime.now(UTC)))
        counts = _ask_all(scene, vault)
        closed = _close_due(scene, closed)
        rounds += 1
        say(f"Round {rounds}: {counts['answered']} answered, {counts['failed']} failed, {counts['spared']} spared.")
        spent = time.monotonic() - begin
        pause(max(0.0, min(wanted.every - spent % wanted.every, wanted.seconds - spent)))
    return rounds


def _ask_all(scene: SoakSetup, vault: Vault) -> Counter[str]:
    wanted, counts = scene.wanted, Counter[str]()
    breaker = Breaker(first_pause=1.8 * wanted.round, longest_pause=5.8 * wanted.round)
    pace = Pace(run_seconds=0.8 * wanted.every, deadline_seconds=min(20, wanted.every / 2), breaker=breaker)
    with ThreadPoolExecutor(SHARDS) as pool:
        for done in pool.map(partial(collect_shard, scene.warehouse, vault, pace=pace), range(SHARDS)):
            counts.update(done.counts())
    return counts


def _close_due(scene: SoakSetup, closed: datetime) -> datetime:
    """Close what is due, as after each round, and each hour at its minute; yields which hour's turn came last."""
    at, rules = datetime.now(UTC), Rules(tolerance=timedelta(seconds=scene.wanted.tolerance))
    close_due_hours(scene.warehouse, at, rules=rules)
    due = floor_to_hour(at - _CLOSES_AT)
    if due > closed:
        close_hour(scene.warehouse, due - HOUR, at, rules=rules)
    return due


def _close_all(scene: SoakSetup) -> datetime:
    """Close every hour that was touched, up to the last answer of each console, as `akubill usage` does."""
    end = floor_to_hour(datetime.now(UTC)) + HOUR
    rules = Rules(timedelta(seconds=scene.wanted.tolerance), provisional_after=timedelta(0), carries=False)
    close_hours(scene.warehouse, Window(floor_to_hour(scene.start), end), end + HOUR, rules=rules)
    return end
