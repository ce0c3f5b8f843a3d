"""One Airflow for the DAG tests: its metadata on the session's PostgreSQL, its connections pointing at real parts.

Airflow reads its settings from the environment when it is first imported, so they are set while this file is.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet

from include.warehouse.embedded import ensure_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.dagrun import DagRun
    from airflow.sdk import DAG
    from sqlalchemy import URL, Engine

ROOT = Path(__file__).parents[2]
_HOME = Path(tempfile.mkdtemp(prefix="airflow-"))
os.environ.update(
    {
        "AIRFLOW_HOME": str(_HOME),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
        "AIRFLOW__API_AUTH__JWT_SECRET": token_hex(64),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(_HOME / "logs"),
    }
)


@pytest.fixture(scope="session")
def airflow(postgres_server: URL) -> None:
    """An initialised Airflow in this process."""
    url = ensure_database(postgres_server, "airflow")
    socket_folder = quote(str(url.query["host"]), safe="/")
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"postgresql+psycopg2://postgres@/airflow?host={socket_folder}"
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] = (
        f"postgresql+asyncpg://postgres@/airflow?host={socket_folder}"
    )
    from airflow import settings
    from airflow.utils.db import initdb

    # An earlier test may have imported Airflow, and with it settings that name no database, so one in its home.
    settings.configure_vars()
    settings.dispose_orm(do_log=False)
    settings.configure_orm()
    initdb()


@pytest.fixture(scope="session")
def dagbag(airflow: None) -> DagBag:
    """All DAGs of dags/, parsed once, without deadlines: `dag.test()` of Airflow 3.3.2 breaks on them."""
    bag = parse_dags()
    for dag in bag.dags.values():
        dag.deadline = None
    return bag


def parse_dags() -> DagBag:
    """All DAGs of dags/ as they are."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=str(ROOT / "dags"))


def connection_json(**fields: object) -> str:
    """A connection as Airflow reads it from an environment variable."""
    return json.dumps(fields)


def note_of(dag: DAG, dag_run: DagRun) -> str | None:
    """The note of a run that has ended, written in a session that refuses commits, as the scheduler's does.

    A run of `dag.test()` belongs to no session, so its note is written here.
    """
    from airflow.models.dagrun import DagRun
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.utils.session import create_session
    from airflow.utils.sqlalchemy import prohibit_commit

    from include.orchestration.run_notes import write_note

    with create_session() as session, prohibit_commit(session) as guard:
        stored = session.get(DagRun, dag_run.id)
        assert stored is not None
        stored.dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        write_note(stored)
        guard.commit()
        note: str | None = stored.note
        guard.commit()
        return note


@pytest.fixture
def airflow_connections(
    airflow: None, warehouse: Engine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    """Connections `warehouse` (this test's own) and `akubill_vault`; the monkeypatch sets further AIRFLOW_CONN_… ."""
    from airflow.sdk.execution_time.cache import SecretCache

    url = warehouse.url
    monkeypatch.setenv(
        "AIRFLOW_CONN_WAREHOUSE",
        connection_json(conn_type="postgres", login="postgres", host=url.query["host"], schema=url.database),
    )
    monkeypatch.setenv(
        "AIRFLOW_CONN_AKUBILL_VAULT",
        connection_json(conn_type="akubill_vault", password=Fernet.generate_key().decode()),
    )
    SecretCache.reset()
    yield monkeypatch
    SecretCache.reset()
