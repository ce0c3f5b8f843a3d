"""`akubill marketplace parked|try-again`: why events are parked, since when, and another try."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.marketplace.inbox.apply import apply_events
from include.onboarding.following import follow_marketplace
from tests.support.builders import rows
from tests.support.marketplace.serving import receive

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

pytestmark = pytest.mark.slow
WHY = "Its order has arrived."


def test_a_parked_event_is_listed_with_reason_and_age_until_it_is_tried_again(
    airflow_connections: object, warehouse: Engine, akubill: Callable[..., tuple[int, str, str]]
) -> None:
    assert akubill("marketplace", "parked")[:2] == (0, "No event is parked.\n")
    receive(warehouse, action="renewInstance", instanceId="1", orderId="o-1", expiredOn="2036-01-01 00:00:00")
    apply_events(warehouse, follow_marketplace, datetime.now(UTC))

    (event,) = json.loads(akubill("marketplace", "parked", "--format", "json")[1])
    assert (event["action"], event["instance_id"], event["reason"]) == ("renewInstance", "1", "unknown_instance")
    assert "renewInstance came for 1, which no subscription has." in event["sentence"]
    with warehouse.connect() as connection:
        received = connection.scalar(text("SELECT received_at FROM marketplace.inbox"))
    assert datetime.fromisoformat(event["received_at"]) == received
    assert 0 <= event["age_seconds"] <= (datetime.now(UTC) - received).total_seconds() + 1

    listed = akubill("marketplace", "parked")[1]
    assert "which no subscription has" in listed
    assert "akubill marketplace try-again EVENT" in listed

    key = str(event["event_key"])
    code, said, _ = akubill("marketplace", "try-again", key, "--reason", WHY)
    assert (code, said) == (0, f"Event {key} (renewInstance of 1) is tried again.\n")
    assert rows(warehouse, "SELECT state FROM marketplace.inbox") == [("received",)]
    ((by, reason),) = rows(warehouse, "SELECT decided_by, reason FROM marketplace.event_decisions")
    assert by.endswith("(command line)")
    assert reason == WHY
    assert akubill("marketplace", "parked")[1] == "No event is parked.\n"


def test_what_cannot_be_tried_again_is_a_sentence(
    airflow_connections: object, akubill: Callable[..., tuple[int, str, str]]
) -> None:
    code, _, error = akubill("marketplace", "try-again", "99", "--reason", WHY)
    assert code != 0
    assert "Event is 99: it is not in the inbox." in error
