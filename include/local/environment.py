"""The environment that every process of the stack gets, and that `.local/env` gives to a shell."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from include.local.state import ROOT, USERS, write_private

if TYPE_CHECKING:
    from include.local.state import Settings, State

#: Marks the processes of a stack; see processes.py. Not in `.local/env`: a person's shell is not part of the stack.
MARK = "AKUBILL_STACK"


def airflow_settings(state: State, settings: Settings, socket_folder: Path) -> dict[str, str]:
    """Airflow's settings, as environment variables."""
    metadata = f"postgres@/airflow?host={quote(str(socket_folder), safe='/')}"
    return {
        "AKUBILL_STATE": str(state.folder),
        "AIRFLOW_HOME": str(state.airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": str(settings.dags_begin_paused),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        # LocalExecutor forks that many workers at once; memory, not processors, is what they take.
        "AIRFLOW__CORE__PARALLELISM": str(max(4, min(16, 2 * (os.cpu_count() or 2)))),
        "AIRFLOW__CORE__FERNET_KEY": settings.fernet_key,
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{settings.ui_url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(state.passwords_file),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(settings.ui_port),
        "AIRFLOW__API__BASE_URL": settings.ui_url,
        "AIRFLOW__API__SECRET_KEY": settings.api_secret,
        "AIRFLOW__API_AUTH__JWT_SECRET": settings.jwt_secret,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{metadata}",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"postgresql+asyncpg://{metadata}",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(state.airflow / "logs"),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(settings.worker_log_port),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(settings.trigger_log_port),
        # The default of 5 blocks a slot that long whenever a task ends slowly.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        # Tasks outlast a restart of the API server.
        "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "20",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "10",
        **settings.airflow,
    }


def process_environment(settings: Settings, airflow: dict[str, str]) -> dict[str, str]:
    """The whole environment of a process of the stack: ours, and of the caller's what is not about Airflow."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW_", "AIRFLOW__", "AKUBILL_")) and name != "PYTHONDONTWRITEBYTECODE"
    }
    local = ",".join(filter(None, [inherited.get("NO_PROXY") or inherited.get("no_proxy"), "127.0.0.1", "localhost"]))
    return {
        **inherited,
        **airflow,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)]),
        "NO_PROXY": local,
        "no_proxy": local,
        "PYTHONUNBUFFERED": "1",
        "SPT_NOENV": "1",  # setproctitle must leave the environment readable: the mark is in it
        MARK: settings.stack_id,
    }


def write_environment_file(state: State, airflow: dict[str, str]) -> None:
    """Write `.local/env`: `akubill` reads it by itself, a shell by `set -a; . .local/env; set +a`."""
    lines = [f"{name}='{value}'\n" for name, value in airflow.items()]
    write_private(state.environment_file, "".join(lines))
