"""`akubill bills` as a person calls it: closing, reading, deciding, explaining, verifying."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from include.billing.bills.close import close_period
from include.billing.bills.review import show_bill
from include.billing.evidence.events import list_events
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.cli.main import app
from include.domain.errors import InvalidInputError
from tests.support.billing.october import BILL, DUE, OCTOBER, open_gap, price_plan
from tests.support.billing.tampering import change
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

pytestmark = pytest.mark.slow
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
    assert 'is issued, since nothing but "Open gaps" held it' in done.output


def test_the_running_month_is_previewed(warehouse, airflow_connections):
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), started_at=hour)
        make_usage(connection, make_instance(connection, key), hour, [3600])
    done = call("preview")
    assert "Until now" in done.output
    assert "sub-01-orders" in done.output
    assert "1.20" in done.output


@pytest.fixture
def used(warehouse: Engine, airflow_connections: pytest.MonkeyPatch) -> Engine:
    """A subscription with an hour of usage in January."""
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), metering_started_at=None)
        make_usage(connection, make_instance(connection, key), datetime(2026, 1, 31, 15, tzinfo=UTC), [3600, 3600])
    return warehouse


def test_a_period_is_closed_listed_shown_and_explained(used: Engine) -> None:
    def run(*arguments: str) -> str:
        done = call(*arguments)
        assert done.exit_code == 0, done.output
        return done.output

    bill = "2026-01-sub-01-orders"
    assert "1 bill(s) drafted; 1 issued in all, 0 held, 0 missing." in run("close", "--period", "2026-01")
    assert bill in run("list", "--period", "2026-01")
    assert "Total 1.20 CNY" in run("show", bill)
    assert "2026-01-31 23:00+0800  1 AKU-hours, 1.2, rounded 1.20" in run("explain", bill, "1")
    assert "AKU-hours, 1.2, rounded" not in run("explain", bill, "--depth", "lines")
    assert "readings as they stand now come to 0 AKU-seconds, 3600 were billed" in run(
        "explain", bill, "1", "--depth", "polls", "--hour", "2026-01-31T15:20Z"
    )
    assert "1 document(s) verified: 1 as issued, 0 not." in run("verify", bill)


@pytest.mark.usefixtures("airflow_connections")
def test_verifying_says_what_differs_by_its_exit_code_too(warehouse: Engine, subscribe: Callable[..., int]) -> None:
    publish_price_plans(warehouse, [price_plan()])
    subscribe(usage=(3600,))
    close_period(warehouse, OCTOBER, DUE)
    for arguments in ([BILL], ["--all"], ["--period", "2026-10"]):
        done = CliRunner().invoke(app, ["bills", "verify", *arguments])
        assert (done.exit_code, done.output) == (0, "1 document(s) verified: 1 as issued, 0 not.\n")
    change(warehouse, "UPDATE billing.bill_lines SET amount = 9")
    done = CliRunner().invoke(app, ["bills", "verify", "--all"])
    assert done.exit_code == 1
    assert f"{BILL}: Since it was issued something changed in its lines (billing.bill_lines)." in done.output


def test_what_to_verify_has_to_be_said() -> None:
    done = CliRunner().invoke(app, ["bills", "verify"])
    assert isinstance(done.exception, InvalidInputError)
