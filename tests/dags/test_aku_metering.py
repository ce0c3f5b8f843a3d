"""The DAGs of metering, on a real Airflow against the sandbox's consoles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from include.domain.sharding import shard_of
from include.warehouse.vault import Vault
from tests.support.airflow import connection_json
from tests.support.builders import insert, make_buyer, make_subscription

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag
    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxHandle

pytestmark = pytest.mark.slow

KEY = "cJzWyGAeMHn9lN_JtJZ4TMmXAC2E2J5Q0nXm0t3tq1A="


@pytest.fixture
def metered(warehouse: Engine, sandbox: SandboxHandle, airflow_connections: pytest.MonkeyPatch) -> list[str]:
    """Five metered environments with two instances each; one console's secret is wrong."""
    airflow_connections.setenv("AIRFLOW_CONN_AKUBILL_VAULT", connection_json(conn_type="akubill_vault", password=KEY))
    vault = Vault(SecretStr(KEY))
    consoles = sandbox.consoles(count=5, instances=2)
    with warehouse.begin() as connection:
        buyer = make_buyer(connection)
        for number, console in enumerate(consoles):
            subscription = make_subscription(
                connection, buyer, f"env{number}", metering_started_at=datetime.now(UTC) - timedelta(hours=3)
            )
            key = connection.execute(
                text("""
                UPDATE core.environments SET environment_id = :id, console_url = :url, shard = :shard
                WHERE subscription_key = :subscription RETURNING environment_key
                """),
                {
                    "id": console.environment_id,
                    "url": console.console_url,
                    "shard": shard_of(console.environment_id),
                    "subscription": subscription,
                },
            ).scalar_one()
            secret = console.access_key_secret if number else "wrong"
            insert(
                connection,
                "core.environment_credentials",
                environment_key=key,
                access_key_id=console.access_key_id,
                secret_ciphertext=vault.encrypt(SecretStr(secret)),
                stored_at=datetime.now(UTC),
            )
    return [console.environment_id for console in consoles]


def test_a_run_polls_every_console_and_sums_up(dagbag: DagBag, metered: list[str], warehouse: Engine) -> None:
    run = dagbag.dags["aku_readings"].test()
    assert run.state == "success"
    with warehouse.connect() as connection:
        answered, failed = connection.execute(
            text("SELECT count(*) FILTER (WHERE ok), count(*) FILTER (WHERE NOT ok) FROM metering.polls")
        ).one()
        assert (answered, failed) == (4, 1)
        assert connection.scalar(text("SELECT count(*) FROM metering.readings")) == 8


def test_the_hours_that_have_ended_are_closed_and_again_by_the_form(
    dagbag: DagBag, metered: list[str], warehouse: Engine
) -> None:
    dagbag.dags["aku_readings"].test()
    run = dagbag.dags["aku_metering"].test(run_conf={"from": None, "to": None})
    assert run.state == "success"
    with warehouse.connect() as connection:
        hours = connection.execute(
            text("SELECT state, count(*) FROM metering.environment_hours GROUP BY state ORDER BY state")
        ).all()
        last = connection.scalar(text("SELECT max(hour_start) FROM metering.environment_hours"))
    states = {row[0]: row[1] for row in hours}
    assert states["closed"] >= 8
    form = {"from": last.isoformat(), "to": (last + timedelta(hours=1)).isoformat()}
    assert dagbag.dags["aku_metering"].test(run_conf=form).state == "success"
