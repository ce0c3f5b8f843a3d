"""Connections of the callbacks: kept for a minute, and longer while nothing newer can be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.domain.errors import ConfigurationError
from include.orchestration import connections
from include.orchestration.callbacks import SECONDS, Kept, doors
from tests.support.airflow import connection_json

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_value_is_looked_up_again_after_a_minute_and_not_before() -> None:
    at, values = [0.0], iter("abc")
    kept = Kept(lambda: next(values), clock=lambda: at[0])
    assert (kept(), kept()) == ("a", "a")
    at[0] = SECONDS
    assert (kept(), kept()) == ("b", "b")


def test_the_last_value_holds_while_no_newer_one_can_be_had() -> None:
    at, answers = [0.0], ["key"]
    kept = Kept(answers.pop, clock=lambda: at[0])
    assert kept() == "key"
    at[0] = SECONDS
    assert kept() == "key"
    answers.append("newer")
    at[0] = 2 * SECONDS
    assert kept() == "newer"


def test_a_first_value_that_cannot_be_had_is_the_callers_error() -> None:
    with pytest.raises(IndexError):
        Kept([].pop)()


@pytest.mark.slow
def test_the_doors_open_by_airflows_connections(airflow_connections: pytest.MonkeyPatch, warehouse: Engine) -> None:
    airflow_connections.setenv(
        "AIRFLOW_CONN_MARKETPLACE_CALLBACKS", connection_json(conn_type="akubill_marketplace", password="new old")
    )
    opened = doors()
    assert [key.get_secret_value() for key in opened.keys()]  # noqa: SIM118 (it is no dictionary) == ["new", "old"]
    with opened.warehouse().connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == "marketplace_receiver"
        assert connection.scalar(text("SELECT current_database()")) == warehouse.url.database


@pytest.mark.slow
def test_the_receivers_own_login_comes_first(airflow_connections: pytest.MonkeyPatch) -> None:
    airflow_connections.setenv(
        "AIRFLOW_CONN_WAREHOUSE_RECEIVER",
        connection_json(conn_type="postgres", login="marketplace_receiver", host="db.example", schema="warehouse"),
    )
    url = connections.warehouse_receiver_url()
    assert (url.username, url.host) == ("marketplace_receiver", "db.example")


@pytest.mark.slow
@pytest.mark.parametrize(("password", "sentence"), [("", "has no password"), ("k\u200bey", "cannot be seen")])
def test_what_is_no_key_is_named_and_not_shown(
    airflow_connections: pytest.MonkeyPatch, password: str, sentence: str
) -> None:
    airflow_connections.setenv(
        "AIRFLOW_CONN_MARKETPLACE_CALLBACKS", connection_json(conn_type="akubill_marketplace", password=password)
    )
    with pytest.raises(ConfigurationError, match=sentence) as raised:
        connections.callback_keys()
    assert "ey" not in str(raised.value).replace("key", "")
