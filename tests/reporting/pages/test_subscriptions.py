from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from include.domain.words.subscriptions import HEALTH
from include.reporting.pages.app import create_pages
from include.reporting.pages.subscription import list_timeline
from include.reporting.pages.subscriptions import SubscriptionQuery, list_subscriptions
from tests.support.builders import environment_of, insert, make_bill, make_buyer, make_subscription
from tests.support.showcase import NOW
from tests.support.work_queue import fill_work_queue


@pytest.fixture
def client(warehouse):
    return TestClient(create_pages(current_user=lambda: "ada", warehouse=lambda: warehouse))


def _one_of_each_health(connection) -> None:
    buyer = make_buyer(connection)
    make_subscription(connection, buyer, "healthy")
    make_subscription(connection, buyer, "ended", state="released", ended_at=NOW)
    make_subscription(connection, buyer, "onboarding", state="ordered")
    make_subscription(connection, buyer, "onboarding_failed", state="failed", state_reason="The quota is used up.")
    frozen = make_subscription(connection, buyer, "frozen")
    insert(connection, "core.freezes", subscription_key=frozen, frozen_from=NOW)
    silent = environment_of(connection, make_subscription(connection, buyer, "silent"))
    facts: dict[str, Any] = {"environment_id": "e", "status": "not_polled", "answered_at": NOW.isoformat()}
    alarm: dict[str, Any] = {"kind": "silent", "since": NOW, "opened_at": NOW}
    insert(connection, "operations.alarms", environment_key=silent, facts=facts, **alarm)
    failing = environment_of(connection, make_subscription(connection, buyer, "failing"))
    failed: dict[str, Any] = {
        "failed_runs": 3,
        "failing_since": NOW - timedelta(minutes=10),
        "last_failed_at": NOW,
        "cause": "timeout",
    }
    insert(connection, "metering.failing_consoles", environment_key=failing, **failed)
    make_bill(connection, make_subscription(connection, buyer, "needs_a_person"), "2026-10", "1.00", state="held")


def test_each_health_is_found_and_said_with_its_reason(warehouse, client):
    with warehouse.begin() as connection:
        _one_of_each_health(connection)
    for health in HEALTH:
        with warehouse.connect() as connection:
            [row] = list_subscriptions(connection, SubscriptionQuery(health=health))
        assert (row.environment_name, row.health) == (health, health)
        page = client.get(f"/subscriptions/{row.subscription_id}")
        assert page.status_code == 200
    said = client.get("/subscriptions/sub-01-failing").text
    assert "Its console has failed since 2026-11-24 11:50 UTC (timeout)." in said
    assert "Bill 2026-10-sub-01-needs_a_person is held." in client.get("/subscriptions/sub-01-needs_a_person").text


@pytest.mark.parametrize(
    "looked_for", ["sub-01-orders", "o-1", "mp-1", "env-01-orders", "kf-1", "1100000000000001", "ORDERS"]
)
def test_a_subscription_is_found_by_any_of_its_ids(warehouse, looked_for):
    with warehouse.begin() as connection:
        fill_work_queue(connection, NOW)
    with warehouse.connect() as connection:
        found = list_subscriptions(connection, SubscriptionQuery(search=looked_for))
    assert "orders" in [row.environment_name for row in found]


def test_the_page_of_a_subscription_has_its_work_its_chain_and_its_forms(warehouse, client):
    with warehouse.begin() as connection:
        fill_work_queue(connection, NOW)
    page = client.get("/subscriptions/sub-01-orders").text
    for part in ("Waive the gap", "2026-10", "mp-1", "/start/private_offer?subscription=sub-01-orders"):
        assert part in page
    assert "The quota is used up." not in page


def test_the_timeline_tells_a_life_newest_first(warehouse):
    with warehouse.begin() as connection:
        fill_work_queue(connection, NOW)
        key = make_subscription(connection, "1100000000000001", "lived", payment="prepaid", ended_at=NOW)
        step: dict[str, Any] = {
            "step": "place_order",
            "outcome": "done",
            "detail": "Order o-7.",
            "attempt": 1,
            "tries": 1,
        }
        insert(connection, "core.onboarding_steps", subscription_key=key, result={}, recorded_at=NOW, **step)
        insert(connection, "core.freezes", subscription_key=key, frozen_from=NOW - timedelta(days=9), frozen_until=NOW)
        make_bill(connection, key, "2026-09", "5.00", state="issued")
    with warehouse.connect() as connection:
        entries = list_timeline(connection, key)
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    sentences = [entry.sentence for entry in entries]
    assert "Onboarding step place order, done: Order o-7." in sentences
    assert "It was frozen: its term had expired" in sentences
    assert any(sentence.startswith("Bill 2026-09-sub-01-lived was issued: ") for sentence in sentences)


def test_a_subscription_that_does_not_exist_is_one_sentence(client):
    answer = client.get("/subscriptions/sub-nothing")
    assert answer.status_code == 404
    assert "does not exist" in answer.text
