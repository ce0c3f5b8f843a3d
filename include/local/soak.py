"""The soak: hours of metering consoles that change every few minutes and fail a third of the calls, then the reckoning.

Airflow does the metering, by the DAGs that do it in production and on their schedule; the soak plays lives and faults,
watches, and judges. Everything is the soak's own and on this machine, a stack in a folder of its own. It ends by
itself, and nothing of it stays.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet
from pydantic import SecretStr

from include.domain.periods import HOUR, floor_to_hour
from include.local import stack, state
from include.local.airflow_api import AirflowApi, Run
from include.local.interrupts import pause
from include.local.soak_outside import Outside
from include.local.soak_scene import Soak, SoakResult, SoakSetup, count_polls, evaluate, set_up_soak
from include.orchestration.connections import VAULT
from include.warehouse import server
from include.warehouse.embedded import server_url
from include.warehouse.engine import open_warehouse, statement
from include.warehouse.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from include.local.stack import Running

    Say = Callable[[str], None]

READINGS, METERING, ALARMS = "aku_readings", "aku_metering", "freshness_alarms"
#: A console that fell silent at the last moment is asked again within half an hour; then the hour is closed for good.
_PATIENCE = timedelta(minutes=50)
_LOOKS_EVERY_SECONDS = 5


@dataclass(slots=True)
class _Watch:
    """Sees Airflow's runs end, and says so."""

    airflow: AirflowApi
    scene: SoakSetup
    say: Say
    runs: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    polls: Counter[str] = field(default_factory=Counter)

    def look(self) -> None:
        """Say which runs have ended since the last look."""
        for dag_id in (READINGS, METERING, ALARMS):
            for run in reversed(self.airflow.runs(dag_id)):
                key = dag_id, run["dag_run_id"]
                if run["state"] in {"success", "failed"} and key not in self.runs:
                    self.runs[key] = run
                    self.say(f"{_clock(run['end_date'])} {dag_id}: {run['state']}{self._found(dag_id)}.")

    def _found(self, dag_id: str) -> str:
        if dag_id != READINGS:
            return ""
        polls = count_polls(self.scene)
        news, self.polls = polls - self.polls, polls
        return f", {news['answered']} polls answered, {news.total() - news['answered']} failed"

    def summarise(self) -> Iterator[str]:
        """For each DAG: its runs and its tasks by how they ended, and how long a run took."""
        start = self.scene.start
        for dag_id in (READINGS, METERING, ALARMS):
            runs = [run for (of, _), run in self.runs.items() if of == dag_id]
            tasks = [task for run in runs for task in self.airflow.tasks(Run(dag_id, run["dag_run_id"]))]
            retried = sum(task["try_number"] > 1 for task in tasks)
            # The first run of each is for a moment before the start.
            lasted = [_instant(run["end_date"]) - due for run in runs if (due := _instant(run["run_after"])) > start]
            yield (
                f"{dag_id}: {len(runs)} runs ({_by_state(runs)}), {len(tasks)} tasks ({_by_state(tasks)}), {retried} "
                f"retried; from due to done at most {max(lasted, default=timedelta(0)).total_seconds():.0f} s"
            )


def soak(wanted: Soak, say: Say, *, keep: bool = False) -> SoakResult:
    """Play it from now until the hour that is then under way has ended and is closed, and judge the hours.

    Args:
        wanted: what to play; `every` is Airflow's five minutes.
        say: receives each line of progress.
        keep: leave the stack up.
    """
    with _stack(say, keep=keep) as running, _warehouse(running) as warehouse:
        until = floor_to_hour(datetime.now(UTC) + timedelta(seconds=wanted.seconds)) + HOUR
        wanted = replace(wanted, seconds=(until - datetime.now(UTC)).total_seconds())
        airflow = AirflowApi(running.settings.ui_url, "admin", state.load_passwords(running.state)["admin"])
        vault = _make_vault(airflow)
        lasts = wanted.seconds + _PATIENCE.total_seconds()
        scene = set_up_soak(wanted, Outside(running.settings.sandbox_url), warehouse, vault, lasts=lasts)
        return _perform(scene, airflow, until, say)


@contextmanager
def _stack(say: Say, *, keep: bool) -> Iterator[Running]:
    """A stack in a folder of its own, in which no DAG runs by itself."""
    place = state.State(Path(tempfile.mkdtemp(prefix="akubill-soak-")))
    place.folder.chmod(0o755)  # PostgreSQL may run as another user
    place.make()
    state.save_settings(place, replace(state.make_settings(), dags_begin_paused=True))
    say(f"The soak's stack is in {place.folder}. If it is ever left over: AKUBILL_STATE={place.folder} make clean")
    try:
        yield stack.up(place, say)
    finally:
        if keep:
            say(f"It stays up: AKUBILL_STATE={place.folder} akubill stack status")
        else:
            say("Stopping.")
            stack.clean(place, say)


@contextmanager
def _warehouse(running: Running) -> Iterator[Engine]:
    url = server_url(server.socket_folder(running.state.postgres.resolve())).set(database="warehouse")
    warehouse = open_warehouse(url)
    try:
        yield warehouse
    finally:
        warehouse.dispose()


def _make_vault(airflow: AirflowApi) -> Vault:
    """A vault whose key the stack has too."""
    key = Fernet.generate_key().decode()
    airflow.put_connection(VAULT, conn_type="akubill_vault", password=key)
    return Vault(SecretStr(key))


def _perform(scene: SoakSetup, airflow: AirflowApi, until: datetime, say: Say) -> SoakResult:
    watch = _Watch(airflow, scene, say)
    say(
        f"{scene.wanted.consoles} consoles live, and fail; metering goes on until {until:%H:%M} UTC and is then judged."
    )
    for dag_id in (READINGS, METERING, ALARMS):
        airflow.unpause(dag_id)
    silent: list[str] | None = None
    while (now := datetime.now(UTC)) < until:
        if silent != (silent := scene.silent(now)):
            scene.arrange(silent)
        watch.look()
        pause(_LOOKS_EVERY_SECONDS)
    scene.calm()
    say(f"Every call succeeds from now on; {METERING} closes the last hour after {until:%H}:07 UTC.")
    hours = _wait_until_closed(watch, until)
    say("The hours are held against the truth.")
    found = evaluate(scene, until)
    not_closed = {name: count for name, count in hours.items() if name != "closed"}
    if not_closed or hours["closed"] != _hours(scene, until):
        found.problems.append(f"Hours of environments: {dict(hours)}, and not {_hours(scene, until)} closed.")
    rounds = sum(dag_id == READINGS for dag_id, _ in watch.runs)
    work = (*watch.summarise(), f"Hours of environments: {dict(hours)}", *_alarms(scene.warehouse))
    return SoakResult(rounds, watch.polls, found, work)


def _wait_until_closed(watch: _Watch, until: datetime) -> Counter[str]:
    """Wait until every hour before then is closed for good, or patience is at its end; yields hours by their state."""
    scene = watch.scene
    while True:
        watch.look()
        with scene.warehouse.connect() as connection:
            counted = connection.execute(statement("metering/soak/count_hours"), {"until": until})
            hours = Counter[str](dict(counted.all()))
        if hours == {"closed": _hours(scene, until)} or datetime.now(UTC) > until + _PATIENCE:
            return hours
        pause(_LOOKS_EVERY_SECONDS)


def _hours(scene: SoakSetup, until: datetime) -> int:
    """How many hours of environments there are until then."""
    return len(scene.consoles) * ((until - floor_to_hour(scene.start)) // HOUR)


def _alarms(warehouse: Engine) -> Iterator[str]:
    with warehouse.connect() as connection:
        for kind, opened, closed in connection.execute(statement("metering/soak/count_alarms")):
            yield f"Alarms that an environment is {kind}: {opened}, of which {closed} are over"


def _by_state(things: list[dict[str, Any]]) -> str:
    counts = Counter(thing["state"] for thing in things)
    return ", ".join(f"{count} {state or 'not begun'}" for state, count in counts.most_common()) or "none"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _clock(text: str) -> str:
    return f"{_instant(text):%H:%M:%S}"
