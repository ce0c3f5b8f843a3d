"""`akubill metering failing`: which consoles fail, and which are spared."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from include.cli.metering import app
from include.metering.polling.failing import list_failing
from tests.support.metering.lives import Environment, kafka

pytestmark = pytest.mark.slow


def failing() -> str:
    return CliRunner().invoke(app, ["failing"], env={"COLUMNS": "300"}).output


def test_consoles_that_fail_are_listed_with_when_they_are_asked_again(airflow_connections, warehouse):
    assert failing() == "Every console answered when it was asked last.\n"
    orders, stock = Environment(warehouse), Environment(warehouse, "stock")
    orders.tell(*(orders.poll(minute, error="timeout") for minute in range(0, 30, 5)))
    stock.tell(stock.poll(10, error="refused"))
    _, longest, other = failing().splitlines()
    for words in ("env-11-orders", "2026-10-01 12:00Z", "6", "spared, again from 12:34Z", "timeout", "It was timeout."):
        assert words in longest
    assert "in every run" in other
    assert [console.describe() for console in list_failing(warehouse)] == [
        (
            "env-11-orders (buyer 11) has failed in 6 run(s) since 2026-10-01 12:00 UTC: timeout. "
            "It is asked less often, next from 12:34 UTC on."
        ),
        "env-11-stock (buyer 11) has failed in 1 run(s) since 2026-10-01 12:10 UTC: refused.",
    ]
    orders.tell(orders.poll(40, kafka(6)))
    assert "env-11-orders" not in failing()
