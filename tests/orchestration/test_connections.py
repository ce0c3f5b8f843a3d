"""Airflow connections become values; what is missing is named; secrets do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.domain.errors import ConfigurationError
from include.orchestration import connections
from tests.support.airflow import connection_json

if TYPE_CHECKING:
    from sqlalchemy import Engine

pytestmark = pytest.mark.slow


def test_the_warehouse_connection_opens_the_warehouse(
    airflow_connections: pytest.MonkeyPatch, warehouse: Engine
) -> None:
    with connections.warehouse().connect() as connection:
        assert connection.scalar(text("SELECT current_database()")) == warehouse.url.database
        assert connection.scalar(text("SELECT current_user")) == "billing_writer"
    with connections.warehouse_owner().connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == "postgres"


def test_a_server_over_tcp_keeps_host_port_password_and_options(airflow_connections: pytest.MonkeyPatch) -> None:
    airflow_connections.setenv(
        "AIRFLOW_CONN_WAREHOUSE",
        connection_json(
            conn_type="postgres",
            login="owner",
            password="p@ss/word",
            host="db.example",
            port=6432,
            schema="warehouse",
            extra={"sslmode": "require"},
        ),
    )
    url = connections.warehouse().url
    assert (url.username, url.password, url.host, url.port) == ("owner", "p@ss/word", "db.example", 6432)
    assert (url.database, url.query["sslmode"]) == ("warehouse", "require")
    assert "p@ss" not in str(url)


def test_an_account_with_an_endpoint_of_its_own_is_called_there(airflow_connections: pytest.MonkeyPatch) -> None:
    airflow_connections.setenv(
        "AIRFLOW_CONN_ALIBABA_BUYER_1234567890123456",
        connection_json(
            conn_type="alibaba_cloud",
            login="LTAI-buyer",
            password="very-secret",
            host="127.0.0.1",
            port=8123,
            extra={"account_id": "1234567890123456", "region_id": "ap-southeast-1", "protocol": "http"},
        ),
    )
    access = connections.buyer_access("1234567890123456")
    assert (access.account_id, access.access_key_id) == ("1234567890123456", "LTAI-buyer")
    assert (access.endpoint, access.protocol, access.region_id) == ("127.0.0.1:8123", "http", "ap-southeast-1")
    assert "very-secret" not in repr(access)


def test_a_missing_connection_is_named_with_what_it_holds(airflow_connections: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"alibaba_buyer_42 is missing; it holds the delegated .* of buyer 42"):
        connections.buyer_access("42")


def test_a_connection_without_its_secret_is_named(airflow_connections: pytest.MonkeyPatch) -> None:
    airflow_connections.setenv("AIRFLOW_CONN_ALIBABA_VENDOR", connection_json(conn_type="alibaba_cloud", login="LTAI"))
    with pytest.raises(ConfigurationError, match="alibaba_vendor has no password"):
        connections.vendor_access()
