"""`akubill warehouse` as an administrator calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from include.cli.main import app
from include.orchestration import connections
from include.warehouse.engine import PAGES, RECEIVER, WRITER, open_warehouse
from tests.support.airflow import connection_json

if TYPE_CHECKING:
    from sqlalchemy import Engine

pytestmark = pytest.mark.slow


def test_the_owner_migrates_and_each_roles_password_is_that_of_its_connection(
    airflow_connections: pytest.MonkeyPatch, warehouse: Engine
) -> None:
    place = {"conn_type": "postgres", "host": warehouse.url.query["host"], "schema": warehouse.url.database}
    airflow_connections.setenv("AIRFLOW_CONN_WAREHOUSE_OWNER", connection_json(**place, login="postgres"))
    airflow_connections.setenv("AIRFLOW_CONN_WAREHOUSE", connection_json(**place, login=WRITER, password="s3cret"))
    airflow_connections.setenv(
        "AIRFLOW_CONN_WAREHOUSE_RECEIVER", connection_json(**place, login=RECEIVER, password="s3cret too")
    )
    airflow_connections.setenv(
        "AIRFLOW_CONN_WAREHOUSE_PAGES", connection_json(**place, login=PAGES, password="s3cret as well")
    )
    done = CliRunner().invoke(app, ["warehouse", "migrate"])
    assert (done.exit_code, "s3cret" in done.output) == (0, False), done.output
    for opened, role in (
        (connections.warehouse(), WRITER),
        (connections.warehouse_pages(), PAGES),
        (connections.warehouse_receiver(), RECEIVER),
    ):
        with opened.connect() as connection:
            assert connection.scalar(text("SELECT session_user")) == role
    owner = open_warehouse(warehouse.url, role=None)
    with owner.begin() as connection:
        query = text("SELECT rolname, rolpassword FROM pg_authid WHERE rolname = any(:names)")
        stored = dict(connection.execute(query, {"names": [WRITER, PAGES, RECEIVER]}).all())
        for role in (WRITER, PAGES, RECEIVER):
            connection.execute(text(f"ALTER ROLE {role} PASSWORD NULL"))  # roles are shared by all tests
    owner.dispose()
    assert {role: password[:14] for role, password in stored.items()} == dict.fromkeys(
        (WRITER, PAGES, RECEIVER), "SCRAM-SHA-256$"
    )
