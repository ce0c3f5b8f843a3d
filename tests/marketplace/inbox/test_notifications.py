"""What the Marketplace could not deliver: stored first, then confirmed, and stored once however a run was cut off."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from include.alibaba.market import Market
from include.domain.errors import RetriableError
from include.marketplace.inbox.notifications import Fetched, fetch_notifications
from tests.support.builders import rows
from tests.support.cloud import QUICK
from tests.support.onboarding import access_of, count_calls

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxHandle


@pytest.fixture
def market(sandbox: SandboxHandle) -> Market:
    return Market(access_of(sandbox, sandbox.account("vendor")), QUICK)


def leave(sandbox: SandboxHandle, action: str, message: str | dict[str, Any]) -> str:
    text = message if isinstance(message, str) else json.dumps(message)
    answer = sandbox.admin.post("/notifications", json={"action": action, "message": text})
    answer.raise_for_status()
    return str(answer.json()["notification_id"])


def stored(warehouse: Engine) -> list[tuple[Any, ...]]:
    return rows(
        warehouse, "SELECT request_id, action, instance_id, parameters FROM marketplace.inbox ORDER BY event_key"
    )


def test_a_notification_is_stored_as_the_event_that_it_is_and_confirmed(
    warehouse: Engine, sandbox: SandboxHandle, market: Market
) -> None:
    said = {"instanceId": "9001", "orderId": 77001, "expiredOn": "2036-01-01 00:00:00", "trial": False, "token": "x"}
    name = leave(sandbox, "renewInstance", said)
    assert fetch_notifications(warehouse, market) == Fetched(listed=1, stored=1, confirmed=1)
    assert fetch_notifications(warehouse, market) == Fetched(0, 0, 0)
    expected = {
        "action": "renewInstance",
        "instanceId": "9001",
        "orderId": "77001",
        "expiredOn": "2036-01-01 00:00:00",
        "trial": "false",
    }
    assert stored(warehouse) == [(name, "renewInstance", "9001", expected)]


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("not JSON", {"message": "not JSON"}),
        ("[1]", {"message": "[1]"}),
        ("[" * 5000, {"message": "[" * 5000}),
        ('{"a": "\\u0000\\ud800"}', {"a": "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"}),
        ('{"a": {"b": ["云"]}}', {"a": '{"b": ["云"]}'}),
    ],
)
def test_a_message_that_cannot_be_read_is_kept_and_holds_up_no_other(
    warehouse: Engine, sandbox: SandboxHandle, market: Market, message: str, kept: dict[str, str]
) -> None:
    leave(sandbox, "orderPay", message)
    leave(sandbox, "releaseInstance", {"instanceId": "9001"})
    assert fetch_notifications(warehouse, market) == Fetched(2, 2, 2)
    assert stored(warehouse)[0][1:] == ("orderPay", "", {"action": "orderPay", **kept})


def test_more_than_a_page_is_fetched_whole(warehouse: Engine, sandbox: SandboxHandle, market: Market) -> None:
    for number in range(103):
        leave(sandbox, "releaseInstance", {"instanceId": str(number)})
    assert fetch_notifications(warehouse, market) == Fetched(103, 103, 103)
    assert {row[2] for row in stored(warehouse)} == {str(number) for number in range(103)}


@pytest.mark.parametrize("fault", ["lost_answer", "refuse"])
def test_a_run_that_is_cut_off_before_the_confirmation_leaves_nothing_twice(
    warehouse: Engine, sandbox: SandboxHandle, market: Market, fault: str
) -> None:
    leave(sandbox, "releaseInstance", {"instanceId": "9001"})
    options = {"status": 503, "code": "ServiceUnavailable"} if fault == "refuse" else {}
    sandbox.fault(fault, action="ConfirmNotification", times=QUICK.attempts, **options)
    if fault == "refuse":
        with pytest.raises(RetriableError):
            fetch_notifications(warehouse, market)
        assert fetch_notifications(warehouse, market) == Fetched(listed=1, stored=0, confirmed=1)
    else:
        # Its first try was done, and its answer lost: the next one finds it gone, which is as good.
        with pytest.raises(RetriableError):
            fetch_notifications(warehouse, market)
    sandbox.clear_faults()
    assert fetch_notifications(warehouse, market) == Fetched(0, 0, 0)
    assert len(stored(warehouse)) == 1


def test_nothing_is_confirmed_that_the_warehouse_did_not_take(
    warehouse: Engine, sandbox: SandboxHandle, market: Market
) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    from include.warehouse.engine import RECEIVER, open_warehouse

    leave(sandbox, "releaseInstance", {"instanceId": "9001"})
    reader = open_warehouse(warehouse.url, role=RECEIVER)  # may not store notifications
    with pytest.raises(SQLAlchemyError):
        fetch_notifications(reader, market)
    reader.dispose()
    assert count_calls(sandbox, "ConfirmNotification") == 0
    assert fetch_notifications(warehouse, market) == Fetched(1, 1, 1)
