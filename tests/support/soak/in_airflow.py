"""The soak by Airflow: its DAGs meter on their schedule in a stack of the soak's own; the soak plays and watches."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text

from include.domain.periods import HOUR, floor_to_hour
from include.local.airflow_api import Run
from include.local.interrupts import pause
from include.local.state import load_sandbox_token
from include.orchestration.connections import VAULT
from include.warehouse.engine import open_warehouse
from include.warehouse.vault import Vault
from tests.support.sandbox import SandboxHandle
from tests.support.soak.scene import set_up
from tests.support.stack import airflow_of, postgres_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.local.airflow_api import AirflowApi
    from include.local.stack import Running
    from tests.support.soak.judge import SoakReport
    from tests.support.soak.scene import Scene, Soak

READINGS, METERING, ALARMS = "aku_readings", "aku_metering", "freshness_alarms"
#: A console that fell silent at the last moment is asked again within half an hour; then the hour is closed for good.
_PATIENCE = timedelta(minutes=50)
_LOOKS_EVERY_SECONDS = 5


@dataclass(slots=True)
class Watch:
    """Sees Airflow's runs end, and says so."""

    airflow: AirflowApi
    scene: Scene
    say: Callable[[str], None]
    runs: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    polls: Counter[str] = field(default_factory=Counter)

    def look(self) -> None:
        """Say which runs have ended since the last look."""
        for dag_id in (READINGS, METERING, ALARMS):
            for run in reversed(self.airflow.runs(dag_id)):
                key = dag_id, run["dag_run_id"]
                if run["state"] in {"success", "failed"} and key not in self.runs:
                    self.runs[key] = run
                    self.say(f"{run['end_date'][11:19]} {dag_id}: {run['state']}{self._found(dag_id)}.")

    def _found(self, dag_id: str) -> str:
        if dag_id != READINGS:
            return ""
        polls = self.scene.count_polls()
        news, self.polls = polls - self.polls, polls
        return f", {news['answered']} polls answered, {news.total() - news['answered']} failed"

    def summarise(self) -> Iterator[str]:
        """For each DAG: its runs and its tasks by how they ended, and how long a run took; then alarms."""
        for dag_id in (READINGS, METERING, ALARMS):
            runs = [run for (of, _), run in self.runs.items() if of == dag_id]
            tasks = [task for run in runs for task in self.airflow.tasks(Run(dag_id, run["dag_run_id"]))]
            retried = sum(task["try_number"] > 1 for task in tasks)
            # The first run of each is for a moment before the start.
            lasted = [
                datetime.fromisoformat(run["end_date"]) - due
                for run in runs
                if (due := datetime.fromisoformat(run["run_after"])) > self.scene.start
            ]
            yield (
                f"{dag_id}: {len(runs)} runs ({_by_state(runs)}), {len(tasks)} tasks ({_by_state(tasks)}), {retried} "
                f"retried; from due to done at most {max(lasted, default=timedelta(0)).total_seconds():.0f} s"
            )
        with self.scene.warehouse.connect() as connection:
            query = text("SELECT kind, count(*), count(closed_at) FROM operations.alarms GROUP BY kind ORDER BY kind")
            for kind, opened, closed in connection.execute(query):
                yield f"Alarms that an environment is {kind}: {opened}, of which {closed} are over"


def soak_in_airflow(wanted: Soak, running: Running, say: Callable[[str], None]) -> tuple[Watch, SoakReport]:
    """Play it from now until the hour that is then under way has ended and is closed, and judge the hours.

    Args:
        wanted: what to play; `every` is Airflow's five minutes.
        running: a stack in which no DAG has run.
        say: receives each line of progress.
    """
    until = floor_to_hour(datetime.now(UTC) + timedelta(seconds=wanted.seconds)) + HOUR
    wanted = replace(wanted, seconds=(until - datetime.now(UTC)).total_seconds())
    airflow, key = airflow_of(running), Fernet.generate_key().decode()
    airflow.put_connection(VAULT, conn_type="akubill_vault", password=key)
    warehouse = open_warehouse(postgres_of(running).set(database="warehouse"))
    try:
        lasts = wanted.seconds + _PATIENCE.total_seconds()
        sandbox = SandboxHandle(running.settings.sandbox_url, load_sandbox_token(running.state))
        scene = set_up(wanted, sandbox, warehouse, Vault(SecretStr(key)), lasts=lasts)
        return _perform(Watch(airflow, scene, say), until)
    finally:
        warehouse.dispose()


def _perform(watch: Watch, until: datetime) -> tuple[Watch, SoakReport]:
    scene, say = watch.scene, watch.say
    say(f"{scene.wanted.consoles} consoles live and fail; metering goes on until {until:%H:%M} UTC and is then judged.")
    for dag_id in (READINGS, METERING, ALARMS):
        watch.airflow.unpause(dag_id)
    silent: list[str] | None = None
    while (now := datetime.now(UTC)) < until:
        if silent != (silent := scene.silent(now)):
            scene.arrange(silent)
        watch.look()
        pause(_LOOKS_EVERY_SECONDS)
    scene.sandbox.clear_faults()
    say(f"Every call succeeds from now on; {METERING} closes the last hour after {until:%H}:07 UTC.")
    hours, expected = _wait_until_closed(watch, until)
    say("The hours are compared with the truth.")
    found = scene.evaluate(until)
    say(f"Hours of environments: {dict(hours)}")
    if hours != expected:
        found.problems.append(f"Hours of environments: {dict(hours)}, and not {dict(expected)}.")
    for line in watch.summarise():
        say(line)
    return watch, found


def _wait_until_closed(watch: Watch, until: datetime) -> tuple[dict[str, int], dict[str, int]]:
    """Wait until every hour before then is closed for good, or patience is at its end; hours by state, and expected."""
    scene = watch.scene
    expected = {"closed": len(scene.consoles) * ((until - floor_to_hour(scene.start)) // HOUR)}
    query = text("SELECT state, count(*) AS n FROM metering.environment_hours WHERE hour_start < :until GROUP BY state")
    while True:
        watch.look()
        with scene.warehouse.connect() as connection:
            hours = {row.state: row.n for row in connection.execute(query, {"until": until})}
        if hours == expected or datetime.now(UTC) > until + _PATIENCE:
            return hours, expected
        pause(_LOOKS_EVERY_SECONDS)


def _by_state(things: list[dict[str, Any]]) -> str:
    counts = Counter(thing["state"] for thing in things)
    return ", ".join(f"{count} {state or 'not begun'}" for state, count in counts.most_common()) or "none"
