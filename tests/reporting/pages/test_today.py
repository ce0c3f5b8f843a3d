from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from include.domain.marketplace.agreement import PARTS
from include.domain.periods import BillingPeriod
from include.domain.words.work import TITLES
from include.reporting.pages.app import create_pages
from include.reporting.pages.today import read_equation
from include.reporting.pages.work_queue import list_work
from tests.support.builders import ZONE, make_buyer, make_instance, make_subscription, make_usage
from tests.support.showcase import NOW
from tests.support.work_queue import fill_work_queue


@pytest.fixture
def client(warehouse):
    return TestClient(create_pages(current_user=lambda: "ada", warehouse=lambda: warehouse))


def test_every_kind_of_work_is_in_the_queue_with_its_owner_and_a_sentence(warehouse):
    with warehouse.begin() as connection:
        fill_work_queue(connection, NOW)
    with warehouse.connect() as connection:
        work = list_work(connection, NOW)
    assert {item.kind for item in work} == set(TITLES)
    assert {item.cause for item in work if item.kind == "push"} == {
        "missed", "refused", "unknown", "duplicate_different", "late",
    }  # fmt: skip
    for item in work:
        assert item.sentence.endswith("."), item
        assert "{" not in item.sentence
        assert item.acts in ("billing", "operations")
    [missed] = [item for item in work if item.cause == "missed"]
    assert missed.next_step.query == {"search": "sub-01-orders", "outcome": "missed"}
    [gap] = [item for item in work if item.kind == "gap"]
    assert gap.sentence.startswith("Usage of environment env-01-orders is not known for 40 min in 1 gap")
    assert gap.next_step.form == "gap_waiver"


def test_the_queue_is_of_one_kind_where_one_is_asked_for(warehouse, client):
    with warehouse.begin() as connection:
        fill_work_queue(connection, NOW)
    page = client.get("/?kind=gap").text
    assert "Waive the gap" in page
    assert "Onboard again" not in page
    assert client.get("/?kind=nothing").status_code == 422


def test_what_was_missed_long_ago_is_no_work_any_more(warehouse):
    with warehouse.begin() as connection:
        fill_work_queue(connection, NOW)
    with warehouse.connect() as connection:
        later = list_work(connection, NOW + timedelta(days=8))
    assert {item.cause for item in later if item.kind == "push"} == {"late"}
    assert "rejection" not in {item.kind for item in later}
    assert "gap" in {item.kind for item in later}


def test_metered_usage_is_the_sum_of_where_it_went(showcase_warehouse):
    window = BillingPeriod("2026-10", ZONE).window
    with showcase_warehouse.connect() as connection:
        equation = read_equation(connection, {"period_start": window.start, "period_end": window.end}, NOW)
    assert equation.usage["metered"] == sum(equation.usage[part] for part in PARTS) > 0
    for row in equation.money:
        assert row["metered"] == sum(row[part] for part in PARTS) > 0


def test_with_many_subscriptions_the_last_day_is_added_up_and_said_so(warehouse, client, monkeypatch):
    monkeypatch.setattr("include.reporting.pages.today._MANY", 0)
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection))
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
        make_usage(connection, make_instance(connection, key), start, [3600] * 30)
    page = client.get("/").text
    assert "Where the usage of the last 48 hours went" in page
    assert re.search(r"Metered</a></th><td[^>]*>30.00<", page)


def test_an_empty_installation_leads_to_the_first_bill(client):
    page = client.get("/").text
    for dag in ("subscription_onboarding", "usage_import", "billing_period_close"):
        assert f"/start/{dag}" in page
