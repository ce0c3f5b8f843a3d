"""`akubill onboard`, with connections from the environment, against the sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from include.cli.main import app
from include.domain.errors import FatalError
from tests.support.airflow import connection_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from typer.testing import Result

    from tests.support.sandbox import SandboxHandle

BUYER = "1700000000000017"


@pytest.fixture
def onboard(sandbox: SandboxHandle, warehouse: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command for a buyer whose connection is there."""
    account = sandbox.account("buyer", account_id=BUYER)
    url = warehouse.url
    connections: dict[str, dict[str, Any]] = {
        "WAREHOUSE": {"conn_type": "postgres", "login": "postgres", "host": url.query["host"], "schema": url.database},
        "AKUBILL_VAULT": {"conn_type": "akubill_vault", "password": Fernet.generate_key().decode()},
        f"ALIBABA_BUYER_{BUYER}": {
            "conn_type": "alibaba_cloud",
            "login": account.access_key_id,
            "password": account.access_key_secret,
            "host": "127.0.0.1",
            "port": sandbox.port,
            "extra": {"account_id": BUYER, "protocol": "http"},
        },
    }
    for name, fields in connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", connection_json(**fields))

    def run(*options: str, region: str = "cn-hangzhou") -> Result:
        command = ["onboard", "--account", BUYER, "--region", region, "--environment", "orders"]
        return CliRunner().invoke(app, [*command, "--network", "vpc-orders", *options])

    return run


def test_the_command_onboards_with_progress_and_again_prints_what_exists(onboard: Callable[..., Result]) -> None:
    first = onboard("--instance", "orders-kafka", "--instance-aku", "6")
    assert first.exit_code == 0, first.output
    assert "The console answers." in first.stderr
    report = json.loads(first.stdout)
    assert report["state"] == "active"
    assert report["first_instance_id"]
    assert "Tell the buyer" in report["next_steps"]
    again = onboard("--instance", "orders-kafka", "--instance-aku", "6")
    assert json.loads(again.stdout) == report


def test_a_refusal_is_one_error_with_all_reasons(onboard: Callable[..., Result]) -> None:
    refused = onboard("--site", "international", region="mars-1")
    assert refused.exit_code == 1
    assert isinstance(refused.exception, FatalError)
    assert "refused for 2 reasons" in str(refused.exception)
