"""A whole aku_readings run over 1,000 consoles with 10 instances each in Airflow, and a whole aku_metering run after.

The bare work is the same functions called one after the other in one process, on a second warehouse of the same
PostgreSQL, asking the same sandbox. Airflow's side is a stack of its own with scheduler, workers and API server; its
seconds are those from a run's start to its end. How many task instances a run has must not depend on the consoles.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text

from benchmarks.measuring import Ratio, cost, enter_consoles, enter_subscriptions, in_turns
from include.domain.periods import HOUR, Window, floor_to_hour
from include.domain.sharding import SHARDS
from include.local.state import load_sandbox_token
from include.local.temporary import temporary_stack
from include.metering.hours.close import close_due_hours, close_hours
from include.metering.polling.collect import collect_shard
from include.orchestration.connections import VAULT
from include.warehouse.embedded import scratch_warehouse
from include.warehouse.engine import ensure_partitions, open_warehouse
from include.warehouse.vault import Vault
from tests.support.sandbox import SandboxHandle
from tests.support.stack import airflow_of, postgres_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.local.airflow_api import AirflowApi


SIZES = {"full": (1_000, 3), "small": (50, 2)}
INSTANCES_EACH = 10
#: Consoles are asked on these minutes, and hours closed at minute 7: no turn may meet another run.
TICK, TURN = timedelta(minutes=5), timedelta(seconds=150)
_AGE = (
    """
    INSERT INTO metering.polls (observed_at, environment_key, ok, instance_count)
    SELECT observed_at - n * interval '5 minutes', environment_key, TRUE, instance_count
    FROM metering.polls, generate_series(1, :polls) AS n
    """,
    """
    INSERT INTO metering.readings (observed_at, environment_key, instance_key, subscription_key, state, aku,
        instance_created_at, instance_modified_at)
    SELECT observed_at - n * interval '5 minutes', environment_key, instance_key, subscription_key, state, aku,
        instance_created_at, least(instance_modified_at, observed_at - interval '1 day')
    FROM metering.readings, generate_series(1, :polls) AS n
    """,
    "UPDATE core.subscriptions SET metering_started_at = :start",
)
_KEEP_NEWEST = """
DELETE FROM metering.{table} AS old USING (
    SELECT environment_key, max(observed_at) AS observed_at FROM metering.{table} GROUP BY environment_key
) AS newest
WHERE old.environment_key = newest.environment_key AND old.observed_at < newest.observed_at
"""
_FORGET = "TRUNCATE metering.usage, metering.subscription_hours, metering.environment_hours, metering.usage_revisions"


def run(size: str) -> list[Ratio]:
    count, repetitions = SIZES[size]
    with temporary_stack() as running:
        postgres = postgres_of(running)
        theirs = open_warehouse(postgres.set(database="warehouse"), role=None)
        with scratch_warehouse(postgres, role=None) as bare:
            key = Fernet.generate_key().decode()
            airflow = airflow_of(running)
            airflow.put_connection(VAULT, conn_type="akubill_vault", password=key)
            token = load_sandbox_token(running.state)
            consoles = SandboxHandle(running.settings.sandbox_url, token).consoles(count, INSTANCES_EACH)
            for warehouse in (theirs, bare):
                enter_subscriptions(warehouse, count)
                enter_consoles(warehouse, Vault(SecretStr(key)), consoles, shards=SHARDS)
                _execute(warehouse, "UPDATE core.subscriptions SET metering_started_at = now()")
            turns = _Turns(airflow, theirs, bare, Vault(SecretStr(key)), count)
            found = [turns.readings(repetitions)]
            window = _age(theirs, bare)
            found.append(turns.metering(repetitions, window))
        theirs.dispose()
    return found


class _Turns:
    """Airflow's runs and the bare work, one after the other."""

    def __init__(self, airflow: AirflowApi, theirs: Engine, bare: Engine, vault: Vault, count: int) -> None:
        self._airflow, self._theirs, self._bare, self._vault, self._count = airflow, theirs, bare, vault, count

    def readings(self, repetitions: int) -> Ratio:
        took = in_turns(repetitions, ours=lambda: self._run("aku_readings", {}), bare=self._poll)
        return self._cost("aku_readings", took, f"{self._count:,} consoles with {INSTANCES_EACH} instances")

    def metering(self, repetitions: int, window: Window) -> Ratio:
        form = {"from": window.start.isoformat(), "to": window.end.isoformat()}

        def close() -> float:
            _execute(self._bare, _FORGET)
            start = time.perf_counter()
            done = close_hours(self._bare, window, datetime.now(UTC))
            took = time.perf_counter() - start
            assert done.counts(), done
            return took

        def closed_by_airflow() -> float:
            return self._run("aku_metering", form, before=lambda: _execute(self._theirs, _FORGET))

        took = in_turns(repetitions, ours=closed_by_airflow, bare=close)
        same = "SELECT count(*), sum(aku_seconds) FROM metering.usage"
        assert _row(self._theirs, same) == _row(self._bare, same)
        return self._cost("aku_metering", took, f"{self._count * INSTANCES_EACH:,} instances, 12 polls each")

    def _poll(self) -> float:
        start = time.perf_counter()
        for shard in range(SHARDS):
            done = collect_shard(self._bare, self._vault, shard)
            assert done.failed == 0, done
        close_due_hours(self._bare, datetime.now(UTC))
        return time.perf_counter() - start

    def _run(self, dag_id: str, form: dict[str, str], before: Any = None) -> float:
        """Run the DAG once; the seconds from its start to its end."""
        self._airflow.unpause(dag_id)
        self._wait_for_room(dag_id)
        if before:
            before()
        run = self._airflow.trigger(dag_id, form)
        assert self._airflow.follow(run, lambda *_: None) == "success", run
        [row] = [row for row in self._airflow.runs(dag_id) if row["dag_run_id"] == run.run_id]
        self.tasks = len(self._airflow.tasks(run))
        return (datetime.fromisoformat(row["end_date"]) - datetime.fromisoformat(row["start_date"])).total_seconds()

    def _wait_for_room(self, dag_id: str) -> None:
        """Wait until no run is under way and none comes during a turn."""
        while True:
            now = datetime.now(UTC)
            is_quiet = all(row["state"] in {"success", "failed"} for row in self._airflow.runs(dag_id))
            since_tick = (now - floor_to_hour(now)) % TICK
            if is_quiet and since_tick < TICK - TURN:
                return
            time.sleep(2)

    def _cost(self, dag_id: str, took: dict[str, float], work: str) -> Ratio:
        return cost(f"{dag_id}: {work}", took["ours"], took["bare"], "", f"{self.tasks} task instances")


def _age(*warehouses: Engine) -> Window:
    """Let the newest polls have been made every five minutes for three hours; the last whole hour."""
    end = floor_to_hour(datetime.now(UTC))
    window = Window(end - HOUR, end)
    for warehouse in warehouses:
        newest = _row(warehouse, "SELECT max(observed_at) FROM metering.polls")[0]
        with warehouse.begin() as connection:
            ensure_partitions(connection, newest - timedelta(hours=4), newest)
            for table in ("polls", "readings"):
                connection.execute(text(_KEEP_NEWEST.format(table=table)))
            for step in _AGE:
                query = text(step)
                facts = {"polls": 36, "start": window.start - HOUR}
                connection.execute(query, {name: facts[name] for name in query.compile().params})
        with warehouse.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE metering.polls, metering.readings")
    return window


def _execute(warehouse: Engine, query: str) -> None:
    with warehouse.begin() as connection:
        connection.execute(text(query))


def _row(warehouse: Engine, query: str) -> tuple[Any, ...]:
    with warehouse.connect() as connection:
        return tuple(connection.execute(text(query)).one())
