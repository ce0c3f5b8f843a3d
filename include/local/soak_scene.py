"""The soak's scene: consoles that live and fail, their environments in a warehouse, and the reckoning at the end.

Who asks the consoles and closes the hours is not its business: Airflow (soak.py) or this process (soak_here.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import SecretStr

from include.domain.sharding import shard_of
from include.local.soak_judge import Lives, Moment, Sight, SoakReport, judge
from include.local.soak_outside import draw_outages, play_lives
from include.metering.imports.poll_file import enter_environments
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from include.local.soak_outside import Outage, Outside
    from include.warehouse.vault import Vault

_BILLABLE = frozenset({"Running", "Changing", "Error"})


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
class SoakResult:
    """What came out.

    Attributes:
        rounds: of polls.
        polls: how many answered, and how many failed by cause.
        judgement: of the hours.
        work: what else is worth a line each, like the runs of each DAG.
    """

    rounds: int
    polls: Counter[str]
    judgement: SoakReport
    work: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SoakSetup:
    """What is played where; metering starts at `start`."""

    wanted: Soak
    outside: Outside
    warehouse: Engine
    consoles: list[dict[str, str]]
    outages: list[Outage]
    start: datetime

    def silent(self, now: datetime) -> list[str]:
        """The consoles that do not answer now."""
        spent = (now - self.start).total_seconds()
        return [outage.environment_id for outage in self.outages if outage.start <= spent < outage.end]

    def arrange(self, silent: list[str]) -> None:
        """Let the share of calls go wrong from now on, and these consoles not answer."""
        self.outside.arrange_faults(self.wanted.faults, silent)

    def calm(self) -> None:
        """Let every call succeed from now on."""
        self.outside.arrange_faults(0, [])


def set_up_soak(wanted: Soak, outside: Outside, warehouse: Engine, vault: Vault, *, lasts: float) -> SoakSetup:
    """Consoles whose clusters have lived for a while, and environments that are metered from now on.

    Args:
        wanted: what to play.
        outside: the sandbox.
        warehouse: gets a subscription and an environment for each console.
        vault: encrypts their credentials; has to be the one that their clients use.
        lasts: seconds for which clusters go on changing.
    """
    consoles = outside.make_consoles(wanted.consoles)
    before = 3 * wanted.pause
    start = datetime.now(UTC).replace(microsecond=0)
    play_lives(outside, consoles, start - timedelta(seconds=before), wanted.pause, int(before + lasts))
    names = [console["environment_id"] for console in consoles]
    facts = {
        "environment_ids": names,
        "urls": [console["console_url"] for console in consoles],
        "shards": [shard_of(console["environment_id"]) for console in consoles],
        "access_key_ids": [console["access_key_id"] for console in consoles],
        "secrets": [vault.encrypt(SecretStr(console["access_key_secret"])) for console in consoles],
        "at": start,
    }
    enter_environments(warehouse, names, start)
    with warehouse.begin() as connection:
        connection.execute(statement("metering/soak/insert_consoles"), facts)
    outages = draw_outages(consoles, wanted.seconds, wanted.tolerance)
    return SoakSetup(wanted, outside, warehouse, consoles, outages, start)


def count_polls(scene: SoakSetup) -> Counter[str]:
    """How many polls were answered, and how many failed by cause."""
    with scene.warehouse.connect() as connection:
        return Counter(dict(connection.execute(statement("metering/soak/count_polls")).all()))


def evaluate(scene: SoakSetup, until: datetime) -> SoakReport:
    """Hold what was metered from the scene's start until then, on an hour, against the sandbox's truth."""
    with scene.warehouse.connect() as connection:
        usage = {
            (instance, _second(hour)): aku_seconds
            for instance, hour, aku_seconds in connection.execute(statement("metering/soak/list_usage"))
            if aku_seconds and hour < until
        }
        gaps = [
            (environment_id, _second(since), _second(until))
            for environment_id, since, until in connection.execute(statement("metering/soak/list_silences"))
        ]
        polls = _polls(connection, scene)
    lives = (
        Lives(name, _truth_of(scene.outside, name), _up_to(asked, _second(until)), _second(scene.start), _second(until))
        for name, asked in polls.items()
    )
    return judge(lives, usage, gaps, scene.wanted.tolerance)


def _polls(connection: Connection, scene: SoakSetup) -> dict[str, dict[int, dict[str, Sight]]]:
    """What was read, by environment and instant."""
    polls: dict[str, dict[int, dict[str, Sight]]] = {console["environment_id"]: {} for console in scene.consoles}
    rows = connection.execute(statement("metering/soak/list_readings"))
    for environment_id, at, instance, state, aku, created, modified in rows:
        sights = polls[environment_id].setdefault(_second(at), {})
        if instance is not None:
            sights[instance] = Sight(state, aku if state in _BILLABLE else 0, _second(created), _second(modified))
    return polls


def _up_to(polls: dict[int, dict[str, Sight]], until: int) -> list[tuple[int, dict[str, Sight]]]:
    """The polls before then, and the first one after: what hours before then are made of."""
    instants = list(polls)
    count = sum(at < until for at in instants) + 1
    return [(at, polls[at]) for at in instants[:count]]


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
