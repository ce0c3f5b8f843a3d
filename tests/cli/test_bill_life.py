"""`akubill bills approve|reject|waive|void|restore|preview`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from include.billing.bills.close import close_period
from include.billing.bills.review import show_bill
from include.billing.evidence.events import list_events
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.cli.main import app
from tests.billing.conftest import DUE, OCTOBER
from tests.billing.test_close import open_gap
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

pytestmark = pytest.mark.slow
BILL = "2026-10-sub-01-orders"
REASON = ("--reason", "The buyer confirmed the usage.")


def call(*arguments: str):
    return CliRunner().invoke(app, ["bills", *arguments], env={"COLUMNS": "200", "LOGNAME": "anna"})


@pytest.fixture
def held(warehouse, airflow_connections) -> str:
    """A bill that is held for a gap; its fingerprint."""
    publish_price_plans(warehouse, catalog_price_plans())
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), metering_started_at=None)
        make_usage(connection, make_instance(connection, key), OCTOBER.window.start, [3600])
    open_gap(warehouse, key)
    close_period(warehouse, OCTOBER, DUE)
    return show_bill(warehouse, BILL).row.fingerprint


def test_a_bill_goes_through_its_life_by_commands(held, warehouse):
    shown = ("--fingerprint", held[:12])
    assert "rejected and stays held" in call("reject", BILL, *REASON, *shown).output
    assert "is void" in call("void", BILL, *REASON).output
    assert "is a draft again" in call("restore", BILL, *REASON).output
    assert "not held: there is nothing to decide" in str(call("approve", BILL, *REASON, *shown).exception)
    assert "1 held, 0 missing" in call("close", "--period", "2026-10").output
    assert "was made again since it was shown" in str(
        call("approve", BILL, *REASON, "--fingerprint", "0" * 64).exception
    )
    assert "is issued as it was shown" in call("approve", BILL, *REASON, *shown).output
    last = list_events(warehouse, BILL)[-1]
    assert (last.from_state, last.to_state, last.who) == ("held", "issued", "anna (command line)")


def test_a_finding_is_waived_by_its_name(held):
    done = call("waive", BILL, "no_gap_is_open", *REASON, "--fingerprint", held)
    assert "is issued, since nothing but no_gap_is_open held it" in done.output


def test_the_running_month_is_previewed(warehouse, airflow_connections):
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), started_at=hour)
        make_usage(connection, make_instance(connection, key), hour, [3600])
    done = call("preview")
    assert "Until now" in done.output
    assert "sub-01-orders" in done.output
    assert "1.20" in done.output
