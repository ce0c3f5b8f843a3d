"""The components of docker-compose.yaml, as processes: a task that a Celery worker takes from Redis ends well."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from include.local import environment, ports, processes, state
from include.local.airflow_api import AirflowApi
from include.local.state import State
from include.warehouse import server
from include.warehouse.embedded import ensure_database, start_server

if TYPE_CHECKING:
    from collections.abc import Iterator

DAG = """
from airflow.sdk import dag, task

@dag(schedule=None)
def hello():
    @task
    def greet():
        import os
        return os.environ["AIRFLOW__CORE__EXECUTOR"]
    greet()

hello()
"""


class Cluster:
    """Components under CeleryExecutor in a state folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.place = State(folder)
        self.place.make()
        self.settings = state.make_settings()
        self.settings.ui_port, self.redis_port = ports.free_port(), ports.free_port()
        self.settings.worker_log_port, self.settings.trigger_log_port = ports.free_port(), ports.free_port()
        state.make_passwords(self.place)
        url = start_server(self.place.postgres, keep_running=True)
        ensure_database(url, "airflow")
        (folder / "dags").mkdir()
        (folder / "dags/hello.py").write_text(DAG)
        airflow = environment.airflow_settings(self.place, self.settings, server.socket_folder(self.place.postgres))
        backend = airflow["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("postgresql+psycopg2", "db+postgresql")
        self.surroundings = environment.process_environment(
            self.settings,
            {
                **airflow,
                "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
                "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
                "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder / "plugins"),
                "AIRFLOW__CELERY__BROKER_URL": f"redis://127.0.0.1:{self.redis_port}/0",
                "AIRFLOW__CELERY__RESULT_BACKEND": backend,
                "AIRFLOW__CELERY__WORKER_CONCURRENCY": "1",
                "C_FORCE_ROOT": "1",
            },
        )

    def start(self) -> None:
        """As docker-compose.yaml does: Redis, the migration, then the components."""
        redis = ["redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", ""]
        processes.start(self.place, "redis", redis, self.surroundings)
        airflow = str(Path(sys.executable).with_name("airflow"))
        subprocess.run([airflow, "db", "migrate"], check=True, env=self.surroundings, capture_output=True)
        for command in (["api-server"], ["scheduler"], ["dag-processor"], ["celery", "worker"]):
            processes.start(self.place, command[-1], [airflow, *command], self.surroundings)

    def wait_for_api(self) -> AirflowApi:
        deadline = time.monotonic() + 120
        while True:
            try:
                if httpx.get(f"{self.settings.ui_url}/api/v2/monitor/health", trust_env=False).is_success:
                    return AirflowApi(self.settings.ui_url, "ops", state.load_passwords(self.place)["ops"])
            except httpx.HTTPError:
                pass
            assert time.monotonic() < deadline, processes.last_words(self.place, "api-server")
            time.sleep(0.5)

    def stop(self) -> None:
        processes.stop_all(self.place, self.settings.stack_id, timeout_seconds=5)
        server.stop(self.place.postgres)


@pytest.fixture
def cluster(server_folder: Path) -> Iterator[Cluster]:
    made = Cluster(server_folder)
    try:
        yield made
    finally:
        redis = processes.find(made.place, "redis")
        made.stop()
    assert list(processes.members(made.settings.stack_id)) == []
    assert redis is None or not redis.is_running() or redis.status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("redis-server") is None, reason="apt-get install redis-server")
def test_a_celery_worker_does_what_the_scheduler_sends(cluster: Cluster) -> None:
    cluster.start()
    api = cluster.wait_for_api()
    run = api.trigger("hello", {})
    ended = api.follow(run, lambda _task, _state: None, timeout_seconds=180)
    assert ended == "success", processes.last_words(cluster.place, "worker", 20)
    assert api.result(run, "greet") == "CeleryExecutor"
