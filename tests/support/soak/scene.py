"""The soak's scene: consoles that live and fail, their environments in a warehouse, and the evaluation at the end.

Who asks the consoles and closes the hours is not its business: Airflow (in_airflow.py) or this process (in_process.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.domain.sharding import SHARDS
from tests.support.metering.consoles import enter
from tests.support.soak.judge import Lives, Moment, Sight, SoakReport, judge
from tests.support.soak.lives import draw_lives, draw_outages

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from include.warehouse.vault import Vault
    from tests.support.sandbox import SandboxConsole, SandboxHandle
    from tests.support.soak.lives import Outage

_BILLABLE = frozenset({"Running", "Changing", "Error"})
_FAULTS = ("throttle_without_header", "server_error", "unavailable", "html", "broken", "lost_answer", "slow")
_SLOW_SECONDS = 1.0
_POLLS = "SELECT coalesce(cause, 'answered') AS outcome, count(*) AS polls FROM metering.polls GROUP BY 1"
_USAGE = (
    "SELECT instance_id, hour_start, aku_seconds FROM metering.usage INNER JOIN metering.instances USING (instance_key)"
)
#: Gaps of whole environments.
_SILENCES = """
SELECT environment_id, gap_start, gap_end FROM metering.gaps INNER JOIN core.environments USING (environment_key)
WHERE instance_key IS NULL AND gaps.state = 'open'
"""
#: Every answered poll with what it said, in order; a poll of an empty console is one row without an instance.
_READINGS = """
SELECT environment_id, observed_at, instance_id, readings.state, aku, instance_created_at, instance_modified_at
FROM metering.polls
INNER JOIN core.environments USING (environment_key)
LEFT JOIN metering.readings USING (environment_key, observed_at)
LEFT JOIN metering.instances USING (instance_key)
WHERE ok ORDER BY environment_id, observed_at
"""


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
    def tolerance(self) -> int:
        """The longest interval, in seconds, that needs no gap."""
        return 3 * self.every


@dataclass(frozen=True, slots=True)
class Scene:
    """What is played where; metering starts at `start`."""

    wanted: Soak
    sandbox: SandboxHandle
    warehouse: Engine
    consoles: list[SandboxConsole]
    outages: list[Outage]
    start: datetime

    def silent(self, now: datetime) -> list[str]:
        """The consoles that do not answer now."""
        spent = (now - self.start).total_seconds()
        return [outage.environment_id for outage in self.outages if outage.start <= spent < outage.end]

    def arrange(self, silent: list[str]) -> None:
        """Let the share of calls go wrong from now on in all ways, and these consoles not answer."""
        self.sandbox.clear_faults()
        for environment_id in silent:
            self.sandbox.fault("unavailable", service="console", environment_id=environment_id, times=None)
        # Faults are drawn one after the other; each has the share that makes the wanted one of all of them.
        each = 1 - (1 - self.wanted.faults) ** (1 / len(_FAULTS))
        for kind in _FAULTS:
            seconds = _SLOW_SECONDS if kind == "slow" else 0.0
            self.sandbox.fault(kind, service="console", share=each, seconds=seconds, times=None)

    def count_polls(self) -> Counter[str]:
        """How many polls were answered, and how many failed by cause."""
        with self.warehouse.connect() as connection:
            return Counter({row.outcome: row.polls for row in connection.execute(text(_POLLS))})

    def evaluate(self, until: datetime) -> SoakReport:
        """Compare what was metered from the start until then, on an hour, with the sandbox's truth."""
        with self.warehouse.connect() as connection:
            usage = {
                (instance, _second(hour)): aku_seconds
                for instance, hour, aku_seconds in connection.execute(text(_USAGE))
                if aku_seconds and hour < until
            }
            gaps = [(name, _second(start), _second(end)) for name, start, end in connection.execute(text(_SILENCES))]
            polls = self._polls(connection)
        start, end = _second(self.start), _second(until)
        lives = (Lives(name, self._truth(name), _up_to(asked, end), start, end) for name, asked in polls.items())
        return judge(lives, usage, gaps, self.wanted.tolerance)

    def _polls(self, connection: Connection) -> dict[str, dict[int, dict[str, Sight]]]:
        """What was read, by environment and instant."""
        polls: dict[str, dict[int, dict[str, Sight]]] = {console.environment_id: {} for console in self.consoles}
        for environment_id, at, instance, state, aku, created, modified in connection.execute(text(_READINGS)):
            sights = polls[environment_id].setdefault(_second(at), {})
            if instance is not None:
                sights[instance] = Sight(state, aku if state in _BILLABLE else 0, _second(created), _second(modified))
        return polls

    def _truth(self, environment_id: str) -> dict[str, list[Moment]]:
        return {
            row["instance_id"]: [
                Moment(
                    _second(datetime.fromisoformat(moment["at"])),
                    moment["state"],
                    moment["current_aku"] if moment["state"] in _BILLABLE else 0,
                )
                for moment in row["timeline"]
            ]
            for row in self.sandbox.timelines(environment_id)
        }


def set_up(wanted: Soak, sandbox: SandboxHandle, warehouse: Engine, vault: Vault, *, lasts: float) -> Scene:
    """Consoles whose clusters have lived for a while, and environments that are metered from now on.

    Args:
        wanted: what to play.
        sandbox: the outside.
        warehouse: gets a subscription and an environment for each console.
        vault: encrypts their credentials; has to be the one that their clients use.
        lasts: seconds for which clusters go on changing.
    """
    consoles = sandbox.consoles(wanted.consoles)
    before = 3 * wanted.pause
    start = datetime.now(UTC).replace(microsecond=0)
    since = (start - timedelta(seconds=before)).isoformat()
    for number, console in enumerate(consoles):
        script = draw_lives(f"console {number}", wanted.pause, int(before + lasts))
        sandbox.life(console.environment_id, since=since, script=script)
    enter(warehouse, vault, consoles, shards=SHARDS, started_at=start, metering_started_at=start)
    outages = draw_outages([console.environment_id for console in consoles], wanted.seconds, wanted.tolerance)
    return Scene(wanted, sandbox, warehouse, consoles, outages, start)


def _up_to(polls: dict[int, dict[str, Sight]], until: int) -> list[tuple[int, dict[str, Sight]]]:
    """The polls before then, and the first one after: what hours before then are made of."""
    count = sum(at < until for at in polls) + 1
    return list(polls.items())[:count]


def _second(instant: datetime) -> int:
    return int(instant.timestamp())
