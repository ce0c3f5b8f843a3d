"""`akubill marketplace serve` as a process: of Airflow it needs no more than connections; it ends when it is asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.airflow import connection_json
from tests.support.builders import rows
from tests.support.marketplace.callbacks import KEY, signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

pytestmark = pytest.mark.slow
COMMAND = [sys.executable, "-c", "from include.cli.entry import main; main()", "marketplace", "serve", "--port", "0"]


def surroundings(home: Path, warehouse: Engine, **changes: str) -> dict[str, str]:
    """An environment in which Airflow's database cannot be reached."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW_", "AKUBILL_"))}
    login = connection_json(
        conn_type="postgres", login="postgres", host=warehouse.url.query["host"], schema=warehouse.url.database
    )
    return {
        **ours,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://nothing@127.0.0.1:9/airflow?connect_timeout=2",
        "AIRFLOW_CONN_WAREHOUSE_RECEIVER": login,
        "AIRFLOW_CONN_MARKETPLACE_CALLBACKS": connection_json(conn_type="akubill_marketplace", password=KEY),
        **changes,
    }


@contextmanager
def service(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as ours:
        assert ours.stdout is not None
        try:
            yield ours, ours.stdout.readline().removeprefix("callbacks at ").strip()
        finally:
            ours.kill()


def test_it_stores_callbacks_while_airflow_is_down_and_ends_on_sigterm(tmp_path: Path, warehouse: Engine) -> None:
    with service(surroundings(tmp_path, warehouse)) as (process, address):
        query = signed(action="releaseInstance", instanceId="1")
        answer = httpx.get(f"{address}?{query}", trust_env=False, timeout=30)
        assert (answer.status_code, answer.json()) == (200, {"success": "true"})
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert "Traceback" not in said
    assert process.returncode in {0, 130, 143}
    assert rows(warehouse, "SELECT action, instance_id FROM marketplace.inbox") == [("releaseInstance", "1")]


def test_without_a_key_it_does_not_start_and_says_what_is_wrong(tmp_path: Path, warehouse: Engine) -> None:
    wrong = connection_json(conn_type="akubill_marketplace", password="")
    environment = surroundings(tmp_path, warehouse, AIRFLOW_CONN_MARKETPLACE_CALLBACKS=wrong)
    with service(environment) as (process, _):
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "The Airflow connection marketplace_callbacks has no password." in said
