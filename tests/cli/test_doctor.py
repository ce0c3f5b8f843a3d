"""The doctor finds what is well and what is not, and says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text
from typer.testing import CliRunner

from include.cli.main import app
from include.warehouse.engine import open_warehouse
from tests.support.airflow import connection_json
from tests.support.builders import environment_of, make_buyer, make_subscription
from tests.support.marketplace.serving import receive

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxAccount, SandboxHandle


def connect(
    monkeypatch: pytest.MonkeyPatch, sandbox: SandboxHandle, name: str, account: SandboxAccount, secret: str
) -> None:
    fields = {"login": account.access_key_id, "password": secret, "host": "127.0.0.1", "port": sandbox.port}
    extra = {"account_id": account.account_id, "region_id": "cn-hangzhou", "protocol": "http"}
    monkeypatch.setenv(f"AIRFLOW_CONN_{name}", connection_json(conn_type="alibaba_cloud", extra=extra, **fields))


@pytest.fixture
def vendor(airflow_connections: pytest.MonkeyPatch, sandbox: SandboxHandle) -> SandboxAccount:
    account = sandbox.account(role="vendor")
    connect(airflow_connections, sandbox, "ALIBABA_VENDOR", account, account.access_key_secret)
    return account


@pytest.fixture
def buyer(warehouse: Engine, airflow_connections: pytest.MonkeyPatch, sandbox: SandboxHandle) -> SandboxAccount:
    account = sandbox.account(role="buyer")
    name = f"ALIBABA_BUYER_{account.account_id}"
    connect(airflow_connections, sandbox, name, account, account.access_key_secret)
    with warehouse.begin() as connection:
        connection.execute(
            text("INSERT INTO core.buyers (account_id, site, registered_at) VALUES (:id, 'china', now())"),
            {"id": account.account_id},
        )
    return account


def doctor() -> tuple[int, str]:
    done = CliRunner().invoke(app, ["doctor"])
    return done.exit_code, done.output


def test_callbacks_are_named_as_missing_as_well_and_as_wrongly_signed(
    vendor: SandboxAccount, warehouse: Engine, airflow_connections: pytest.MonkeyPatch
) -> None:
    assert "ok     Callbacks: Not set up: the connection marketplace_callbacks is missing" in doctor()[1]
    airflow_connections.setenv(
        "AIRFLOW_CONN_MARKETPLACE_CALLBACKS", connection_json(conn_type="akubill_marketplace", password="key")
    )
    assert "ok     Callbacks: 1 key(s); 0 callbacks were stored in the last day, 0 had a wrong token." in doctor()[1]
    with warehouse.begin() as connection:
        connection.execute(text("INSERT INTO marketplace.refused_callbacks VALUES (now(), 'token', 7, now())"))
    exit_code, said = doctor()
    assert (exit_code, "FAILED Callbacks: All 7 callbacks of the last day had a wrong token." in said) == (1, True)
    receive(warehouse, action="releaseInstance", instanceId="1")
    assert "ok     Callbacks: 1 key(s); 1 callbacks were stored in the last day, 7 had a wrong token." in doctor()[1]


def test_a_healthy_house_passes(vendor: SandboxAccount, buyer: SandboxAccount) -> None:
    exit_code, said = doctor()
    assert exit_code == 0, said
    assert "FAILED" not in said
    assert f"ok     Buyer {buyer.account_id}" in said


def test_a_wrong_secret_is_named_by_its_key_and_never_shown(
    vendor: SandboxAccount, sandbox: SandboxHandle, airflow_connections: pytest.MonkeyPatch
) -> None:
    wrong = "x" + vendor.access_key_secret[1:]
    connect(airflow_connections, sandbox, "ALIBABA_VENDOR", vendor, wrong)
    exit_code, said = doctor()
    assert exit_code == 1
    assert "FAILED Vendor's signature" in said
    assert vendor.access_key_id in said
    assert wrong not in said


def test_a_missing_connection_does_not_hide_the_other_findings(
    airflow_connections: pytest.MonkeyPatch, buyer: SandboxAccount
) -> None:
    airflow_connections.delenv("AIRFLOW_CONN_ALIBABA_VENDOR", raising=False)
    exit_code, said = doctor()
    assert exit_code == 1
    assert "The Airflow connection alibaba_vendor is missing" in said
    assert f"ok     Buyer {buyer.account_id}" in said


def test_an_unreachable_warehouse_says_where_to_correct_it(
    vendor: SandboxAccount, airflow_connections: pytest.MonkeyPatch
) -> None:
    elsewhere = connection_json(conn_type="postgres", host="/nowhere", login="postgres", schema="warehouse")
    airflow_connections.setenv("AIRFLOW_CONN_WAREHOUSE", elsewhere)
    exit_code, said = doctor()
    assert exit_code == 1
    assert "FAILED Connection warehouse" in said
    assert "Admin, Connections" in said


def test_a_schema_that_is_behind_says_how_to_migrate(vendor: SandboxAccount, warehouse: Engine) -> None:
    with open_warehouse(warehouse.url, role=None).begin() as connection:
        connection.execute(text("DELETE FROM public.alembic_version"))
    exit_code, said = doctor()
    assert exit_code == 1
    assert "akubill warehouse migrate" in said


def test_a_vault_key_that_opens_nothing_is_found(
    vendor: SandboxAccount, warehouse: Engine, airflow_connections: pytest.MonkeyPatch
) -> None:
    with warehouse.begin() as connection:
        environment = environment_of(connection, make_subscription(connection, make_buyer(connection)))
        connection.execute(
            text("INSERT INTO core.environment_credentials VALUES (:key, 'AK', :secret, now())"),
            {"key": environment, "secret": Fernet(Fernet.generate_key()).encrypt(b"secret")},
        )
    exit_code, said = doctor()
    assert exit_code == 1
    assert "FAILED Vault" in said
    assert "earlier key" in said
