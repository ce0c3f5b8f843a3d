from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from include.domain.marketplace.agreement import PARTS
from include.domain.periods import BillingPeriod
from include.domain.words.work import TITLES
from include.marketplace.push.adding_up import add_up
from include.marketplace.push.records import sum_agreement
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
    # What was added up is what the views say now, subscription by subscription.
    live = sum_agreement(showcase_warehouse, window)
    for part in ("metered", *PARTS):
        assert equation.usage[part] == sum(row[part] for row in live)
        amounts = [row[f"{part}_amount"] for row in live if row["currency"] == "CNY"]
        assert equation.money[0][part] == sum(amounts)
    assert (equation.added_at, equation.changed_count) == (NOW, 0)


def test_until_usage_is_added_up_the_page_says_who_does_it_and_then_when_it_was(warehouse, client):
    with warehouse.begin() as connection:
        instance = make_instance(connection, make_subscription(connection, make_buyer(connection)))
        start = BillingPeriod.containing(datetime.now(UTC), ZONE).window.start
        make_usage(connection, instance, start, [3600] * 30)
    page = client.get("/").text
    assert "It is not known yet whether money is being lost" in page
    assert page.count("is not added up yet: metering_push does it every five minutes.") == 2
    assert "Metered</a>" not in page
    add_up(warehouse, datetime.now(UTC))
    page = client.get("/").text
    assert re.search(r"Metered</a></th><td[^>]*>30.00<", page)
    assert "Added up at" in page
    with warehouse.begin() as connection:
        make_usage(connection, instance, start + timedelta(hours=30), [3600])
    assert "1 subscription has changed since; metering_push adds it up again." in client.get("/").text


def test_an_empty_installation_leads_to_the_first_bill(client):
    page = client.get("/").text
    for dag in ("subscription_onboarding", "usage_import", "billing_period_close"):
        assert f"/start/{dag}" in page
