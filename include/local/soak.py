"""The soak: hours of polling consoles that change every few minutes and fail a third of the calls, then the reckoning.

Everything is the soak's own and on this machine: a sandbox process, a scratch PostgreSQL, the work of aku_readings and
aku_metering called on their schedule in this process. It ends by itself, and nothing of it stays.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet
from pydantic import SecretStr

from include.catalog.loader import load_product
from include.domain.periods import HOUR, Window, floor_to_hour
from include.domain.sharding import SHARDS, shard_of
from include.local.interrupts import pause
from include.local.soak_judge import Judgement, Lives, Moment, Sight, judge
from include.local.soak_outside import draw_outages, play_lives, running_outside
from include.metering.breaker import Breaker
from include.metering.close import Rules, close_due_hours, close_hour, close_hours
from include.metering.collect import Pace, collect_shard
from include.warehouse.embedded import scratch_warehouse, start_server
from include.warehouse.engine import statement
from include.warehouse.server import stop
from include.warehouse.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from include.local.soak_outside import Outside

_BILLABLE = frozenset({"Running", "Changing", "Error"})
#: aku_metering runs at minute 7.
_CLOSES_AT = timedelta(minutes=7)


@dataclass(frozen=True, slots=True)
class Soak:
    """What is played.

    Attributes:
        seconds: wall time of polling.
        consoles: how many.
        every: seconds between two rounds of polls; the tolerance is three of them.
        pause: seconds between two changes of a cluster, on average.
        faults: share of calls that go wrong.
    """

    seconds: float = 3600
    consoles: int = 200
    every: int = 300
    pause: int = 240
    faults: float = 1 / 3

    @property
    def round(self) -> timedelta:
        """Time between two rounds."""
        return timedelta(seconds=self.every)

    @property
    def tolerance(self) -> int:
        """The longest interval, in seconds, that needs no gap."""
        return 3 * self.every


@dataclass(frozen=True, slots=True)
class Soaked:
    """What came out: the rounds and polls that there were, and the judgement of the hours."""

    rounds: int
    polls: Counter[str]
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class _Scene:
    outside: Outside
    warehouse: Engine
    vault: Vault
    consoles: list[dict[str, str]]
    start: datetime


def soak(wanted: Soak, say: Callable[[str], None]) -> Soaked:
    """Play it, and judge the hours.

    Args:
        wanted: what to play.
        say: is told how it goes.
    """
    with (
        tempfile.TemporaryDirectory(prefix="akubill-soak-", ignore_cleanup_errors=True) as folder,
        running_outside(Path(folder) / "sandbox") as outside,
        _warehouse(Path(folder)) as warehouse,
    ):
        scene = _set(outside, warehouse, wanted)
        say(f"{wanted.consoles} consoles live; polling them every {wanted.every} s for {wanted.seconds:g} s.")
        rounds, polls = _poll_rounds(scene, wanted, say)
        _close_all(scene, wanted)
        return Soaked(rounds, polls, _judge(scene, wanted))


def _set(outside: Outside, warehouse: Engine, wanted: Soak) -> _Scene:
    """Consoles whose clusters have lived for a while, and environments that are metered from now on."""
    consoles = outside.make_consoles(wanted.consoles)
    before = 3 * wanted.pause
    start = datetime.now(UTC).replace(microsecond=0)
    length = int(before + wanted.seconds + 2 * wanted.every)
    play_lives(outside, consoles, start - timedelta(seconds=before), wanted.pause, length)
    scene = _Scene(outside, warehouse, Vault(SecretStr(Fernet.generate_key().decode())), consoles, start)
    _enter(scene)
    return scene


@contextmanager
def _warehouse(folder: Path) -> Iterator[Engine]:
    folder.chmod(0o755)  # the server may run as another user
    try:
        with scratch_warehouse(start_server(folder / "postgres")) as warehouse:
            yield warehouse
    finally:
        stop(folder / "postgres")


def _enter(scene: _Scene) -> None:
    consoles = scene.consoles
    facts = {
        "environment_ids": [console["environment_id"] for console in consoles],
        "urls": [console["console_url"] for console in consoles],
        "shards": [shard_of(console["environment_id"]) for console in consoles],
        "access_key_ids": [console["access_key_id"] for console in consoles],
        "secrets": [scene.vault.encrypt(SecretStr(console["access_key_secret"])) for console in consoles],
        "product": load_product("automq-byoc-payg").name,
        "at": scene.start,
    }
    with scene.warehouse.begin() as connection:
        connection.execute(statement("metering/soak_enter_consoles"), facts)


def _poll_rounds(scene: _Scene, wanted: Soak, say: Callable[[str], None]) -> tuple[int, Counter[str]]:
    """What aku_readings and aku_metering do, on their schedule; a round that takes too long leaves the next one out."""
    outages = draw_outages(scene.consoles, wanted.seconds, wanted.tolerance)
    begin, rounds, total = time.monotonic(), 0, Counter[str]()
    closed = floor_to_hour(datetime.now(UTC) - _CLOSES_AT)
    while (spent := time.monotonic() - begin) < wanted.seconds:
        silent = [outage.environment_id for outage in outages if outage.start <= spent < outage.end]
        scene.outside.arrange_faults(wanted.faults, silent)
        counts = _ask_all(scene, wanted)
        closed = _close_due(scene.warehouse, wanted, closed)
        rounds, total = rounds + 1, total + counts
        say(f"Round {rounds}: {counts['answered']} answered, {counts['failed']} failed, {counts['spared']} spared.")
        spent = time.monotonic() - begin
        pause(max(0.0, min(wanted.every - spent % wanted.every, wanted.seconds - spent)))
    scene.outside.arrange_faults(0, [])
    return rounds, total


def _ask_all(scene: _Scene, wanted: Soak) -> Counter[str]:
    counts, breaker = Counter[str](), Breaker(first_pause=1.8 * wanted.round, longest_pause=5.8 * wanted.round)
    pace = Pace(run_seconds=0.8 * wanted.every, deadline_seconds=min(20, wanted.every / 2), breaker=breaker)
    with ThreadPoolExecutor(SHARDS) as pool:
        for done in pool.map(partial(collect_shard, scene.warehouse, scene.vault, pace=pace), range(SHARDS)):
            counts.update(done.counts())
    return counts


def _close_due(warehouse: Engine, wanted: Soak, closed: datetime) -> datetime:
    """Close what is due, as after each round, and each hour at its minute; yields which hour's turn came last."""
    at, rules = datetime.now(UTC), Rules(tolerance=timedelta(seconds=wanted.tolerance))
    close_due_hours(warehouse, at, rules=rules)
    due = floor_to_hour(at - _CLOSES_AT)
    if due > closed:
        close_hour(warehouse, due - HOUR, at, rules=rules)
    return due


def _close_all(scene: _Scene, wanted: Soak) -> None:
    """Close every hour that was touched, up to the last answer of each console, as `akubill usage` does."""
    end = floor_to_hour(datetime.now(UTC)) + HOUR
    rules = Rules(timedelta(seconds=wanted.tolerance), provisional_after=timedelta(0), carries=False)
    close_hours(scene.warehouse, Window(floor_to_hour(scene.start), end), end + HOUR, rules=rules)


def _judge(scene: _Scene, wanted: Soak) -> Judgement:
    with scene.warehouse.connect() as connection:
        usage = {
            (instance, _second(hour)): aku_seconds
            for instance, hour, aku_seconds in connection.execute(statement("metering/soak_list_usage"))
            if aku_seconds
        }
        gaps = [
            (environment_id, _second(since), _second(until))
            for environment_id, since, until in connection.execute(statement("metering/soak_list_silences"))
        ]
        polls = _polls(connection, scene)
    lives = (
        Lives(name, _truth_of(scene.outside, name), list(asked.items()), _second(scene.start))
        for name, asked in polls.items()
    )
    return judge(lives, usage, gaps, wanted.tolerance)


def _polls(connection: Connection, scene: _Scene) -> dict[str, dict[int, dict[str, Sight]]]:
    """What was read, by environment and instant."""
    polls: dict[str, dict[int, dict[str, Sight]]] = {console["environment_id"]: {} for console in scene.consoles}
    rows = connection.execute(statement("metering/soak_list_readings"))
    for environment_id, at, instance, state, aku, created, modified in rows:
        sights = polls[environment_id].setdefault(_second(at), {})
        if instance is not None:
            sights[instance] = Sight(state, aku if state in _BILLABLE else 0, _second(created), _second(modified))
    return polls


def _second(instant: datetime) -> int:
    return int(instant.timestamp())


def _truth_of(outside: Outside, environment_id: str) -> dict[str, list[Moment]]:
    return {
        row["instance_id"]: [
            Moment(
                _second(datetime.fromisoformat(moment["at"])),
                moment["state"],
                moment["current_aku"] if moment["state"] in _BILLABLE else 0,
            )
            for moment in row["timeline"]
        ]
        for row in outside.timelines(environment_id)
    }
