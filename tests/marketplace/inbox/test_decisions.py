"""People enter events and have parked ones tried again; who and why is kept, and cannot be changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.domain.errors import ConflictError, InvalidInputError
from include.marketplace.inbox.apply import apply_events
from include.marketplace.inbox.decisions import enter_event, replay_event
from include.marketplace.inbox.parked import list_parked
from include.onboarding.following import follow_marketplace
from tests.support.builders import rows
from tests.support.marketplace.serving import receive

if TYPE_CHECKING:
    from sqlalchemy import Engine

WHY = "The Marketplace's console shows it."
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
RENEW = "action=renewInstance&instanceId=1&orderId=o-1&expiredOn=2036-01-01+00%3A00%3A00"


def apply(warehouse: Engine) -> None:
    apply_events(warehouse, follow_marketplace, datetime.now(UTC))


def states(warehouse: Engine) -> list[tuple[str, str]]:
    return rows(warehouse, "SELECT source, state FROM marketplace.inbox ORDER BY event_key")


def decisions(warehouse: Engine) -> list[tuple[object, ...]]:
    query = "SELECT event_key, decision_no, decision, decided_by, reason FROM marketplace.event_decisions ORDER BY 1, 2"
    return rows(warehouse, query)


def test_an_entered_event_is_applied_as_any_other(warehouse: Engine) -> None:
    key = enter_event(warehouse, "?action=createInstance&orderBizId=1&orderId=o&skuId=s&token=x", "li", WHY)
    apply(warehouse)
    assert states(warehouse) == [("operator", "applied")]
    assert decisions(warehouse) == [(key, 1, "entered", "li", WHY)]
    assert rows(warehouse, "SELECT query FROM marketplace.inbox") == [
        ("action=createInstance&orderBizId=1&orderId=o&skuId=s",)
    ]


def test_a_parked_event_is_tried_again_once_its_reason_is_gone(warehouse: Engine) -> None:
    receive(warehouse, action="renewInstance", instanceId="1", orderId="o-1", expiredOn="2036-01-01 00:00:00")
    apply(warehouse)
    [parked] = list_parked(warehouse, LONG_AGO)
    assert "came for 1, which no subscription has." in parked.sentence
    receive(warehouse, action="createInstance", orderBizId="1", orderId="o", skuId="s")
    apply(warehouse)
    said = replay_event(warehouse, parked.event_key, "li", "Its order has arrived.")
    assert said == f"Event {parked.event_key} (renewInstance of 1) is tried again."
    apply(warehouse)
    assert states(warehouse) == [("callback", "applied"), ("callback", "applied")]
    assert list_parked(warehouse, LONG_AGO) == []
    assert decisions(warehouse) == [(parked.event_key, 1, "replayed", "li", "Its order has arrived.")]


def test_only_a_parked_event_is_tried_again(warehouse: Engine) -> None:
    receive(warehouse, action="createInstance", orderBizId="1", orderId="o", skuId="s")
    with pytest.raises(ConflictError, match="Event 1 is received, and only a parked one can be tried again"):
        replay_event(warehouse, 1, "li", "Its order has arrived.")
    with pytest.raises(InvalidInputError, match="is not in the inbox"):
        replay_event(warehouse, 2, "li", "Its order has arrived.")
    assert decisions(warehouse) == []


@pytest.mark.parametrize(
    ("query", "by", "reason", "sentence"),
    [
        ("instanceId=1", "li", WHY, "names no action"),
        ("action=renewInstance", "li", WHY, "names no subscription"),
        ("renewInstance", "li", WHY, "has no parameter"),
        ("action=%00", "li", WHY, "a NUL character"),
        (RENEW, "", WHY, "No user name was given"),
        (RENEW, None, WHY, "No user name was given"),
        (RENEW, "li", "short", "has 5 characters, not 10 to 500"),
    ],
)
def test_what_cannot_be_entered_says_why_and_leaves_nothing(
    warehouse: Engine, query: str, by: str | None, reason: str, sentence: str
) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        enter_event(warehouse, query, by, reason)
    assert states(warehouse) == []


def test_a_decision_is_written_once(warehouse: Engine) -> None:
    enter_event(warehouse, RENEW, "li", WHY)
    with warehouse.begin() as connection, pytest.raises(ConflictError, match="is evidence and never changes"):
        connection.execute(text("UPDATE marketplace.event_decisions SET decided_by = 'wang'"))
