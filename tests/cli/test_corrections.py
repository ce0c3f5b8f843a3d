"""`akubill offers` and `akubill corrections`: what they enter, list and refuse."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.cli import corrections, offers
from tests.support.billing.documents import late_usage
from tests.support.billing.october import BILL, DUE, OCTOBER, price_plan, version
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

pytestmark = pytest.mark.slow
REASON = "Agreed with the buyer on the phone."


def call(app, *arguments: str):
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "250", "LOGNAME": "anna"})


@pytest.fixture
def issued(warehouse, airflow_connections):
    """October's bill of one subscription, and a plan to offer."""
    publish_price_plans(warehouse, [price_plan(), price_plan(version(price="1.00"), name="gold")])
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), metering_started_at=None)
        make_usage(connection, make_instance(connection, key), OCTOBER.window.start, [36_000])
    close_period(warehouse, OCTOBER, DUE)
    return warehouse


def test_an_offer_is_added_and_listed(issued):
    assert call(offers.app, "list").output == "There is no private offer.\n"
    added = ("add", "sub-01-orders", "--from", "2026-11-16T00:00:00+08:00", "--plan", "gold", "--reason", REASON)
    said = call(offers.app, *added).output
    assert "subscription sub-01-orders has the plan gold from 2026-11-16T00:00:00+08:00 on." in said
    assert "nothing was done again" in call(offers.app, *added).output
    listed = call(offers.app, "list", "--subscription", "sub-01-orders").output
    assert "anna (command line)" in listed
    [row] = json.loads(call(offers.app, "list", "--format", "json").output)
    assert (row["price_plan"], row["effective_from"]) == ("gold", "2026-11-15T16:00:00+00:00")
    refused = call(
        offers.app, "add", "sub-01-orders", "--from", "2026-10-16T00:00:00+08:00", "--discount", "5", "--reason", REASON
    )
    assert f"reaches into bill {BILL}" in str(refused.exception)


def test_a_correction_is_requested_once_and_listed(issued):
    assert call(corrections.app, "list").output == "There is no correction.\n"
    asked = (
        "request",
        "sub-01-orders",
        BILL,
        "--cause",
        "price",
        "--plan",
        "gold",
        "--delivery",
        "note",
        "--reason",
        REASON,
    )
    said = call(corrections.app, *asked).output
    assert f"is on document CN-{BILL}-1. In all that comes to -2.00 CNY, tax included." in said
    assert "asked for before: nothing was done again" in call(corrections.app, *asked).output
    late_usage(issued, "kf-1", OCTOBER.window.start, 39_600, DUE + timedelta(days=1))
    listed = call(corrections.app, "list").output
    assert (listed.count(REASON), listed.count("became known after the bill was issued")) == (1, 1)
    [waiting] = json.loads(call(corrections.app, "list", "--state", "pending", "--format", "json").output)
    assert (waiting["bill_id"], waiting["correction_id"]) == (BILL, None)
    refused = call(corrections.app, "request", "sub-01-other", BILL, "--cause", "late_usage", "--reason", REASON)
    assert "is a bill of subscription sub-01-orders, not of sub-01-other" in str(refused.exception)


def test_a_correction_that_waits_is_withdrawn_and_listed_so(issued):
    asked = ("request", "sub-01-orders", BILL, "--cause", "price", "--plan", "gold", "--reason", REASON)
    assert "waits for the subscription's next bill" in call(corrections.app, *asked).output
    [waiting] = json.loads(call(corrections.app, "list", "--format", "json").output)
    taken_back = ("withdraw", waiting["correction_id"], "--reason", "It was the plan of another customer.")
    assert "is withdrawn: no document will have it." in call(corrections.app, *taken_back).output
    assert "nothing was done again" in call(corrections.app, *taken_back).output
    [listed] = json.loads(call(corrections.app, "list", "--state", "withdrawn", "--format", "json").output)
    assert (listed["withdrawn_by"], listed["withdrawal_reason"]) == ("anna (command line)", taken_back[-1])
    assert call(corrections.app, "list", "--state", "pending").output == "No correction is pending.\n"
    [offer] = json.loads(call(offers.app, "list", "--format", "json").output)
    assert offer["is_withdrawn"] is True


def test_a_note_asks_before_it_issues_what_else_waits(issued):
    late_usage(issued, "kf-1", OCTOBER.window.start, 39_600, DUE + timedelta(days=1))
    what = ("--cause", "refund", "--refund", "1.00", "--line", "1")
    asked = ("request", "sub-01-orders", BILL, *what, "--delivery", "note", "--reason", REASON)
    refused = str(call(corrections.app, *asked).exception)
    assert "usage of 1 hour that became known after the bill was issued: 1.20 CNY" in refused
    assert (
        f"is on document DN-{BILL}-1. In all that comes to 0.20 CNY"
        in call(corrections.app, *asked, "--with-what-waits").output
    )
