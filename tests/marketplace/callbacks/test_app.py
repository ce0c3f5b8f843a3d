"""Callbacks over real HTTP into a real PostgreSQL: what is stored, and what the Marketplace is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.marketplace.callbacks.app import Limits
from tests.support.builders import make_buyer, make_subscription, rows
from tests.support.marketplace.callbacks import signed
from tests.support.marketplace.serving import ADDRESS, serving

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.marketplace.serving import Callbacks

CREATE = {
    "action": "createInstance",
    "aliUid": "1700000000000017",
    "orderBizId": "9001",
    "orderId": "order-1",
    "productCode": "cmgj-automq-byoc",
    "skuId": "cmgj-automq-byoc-postpay",
}


def stored(warehouse: Engine) -> list[tuple[Any, ...]]:
    return rows(warehouse, "SELECT action, instance_id, state, source FROM marketplace.inbox ORDER BY event_key")


def refused(warehouse: Engine) -> dict[str, int]:
    return dict(rows(warehouse, "SELECT reason, sum(callbacks)::int FROM marketplace.refused_callbacks GROUP BY 1"))


def make_instance(warehouse: Engine, order_id: str, environment_state: str) -> None:
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), order_id=order_id)
        connection.execute(
            text("UPDATE core.environments SET state = :state WHERE subscription_key = :key"),
            {"state": environment_state, "key": key},
        )
        connection.execute(
            text("""
            INSERT INTO marketplace.instances (
                instance_id, order_id, sku_id, state, applied, created_at, changed_at
            ) VALUES ('9001', :order_id, 'sku', 'active', '[]', now(), now())
            """),
            {"order_id": order_id},
        )


def test_an_event_is_stored_with_all_it_says_and_without_its_token(callbacks: Callbacks, warehouse: Engine) -> None:
    answer = callbacks.call(**CREATE, Count="2", **{"new parameter": "云 & more"})
    assert (answer.status_code, answer.json()) == (200, {"instanceId": "0"})
    assert stored(warehouse) == [("createInstance", "9001", "received", "callback")]
    [(query, parameters)] = rows(warehouse, "SELECT query, parameters FROM marketplace.inbox")
    assert parameters == CREATE | {"Count": "2", "new parameter": "云 & more"}
    assert query.endswith("&token=***")
    assert "new+parameter=%E4%BA%91+%26+more" in query


@pytest.mark.parametrize("action", ["renewInstance", "expiredInstance", "releaseInstance", "orderPay", "unheardOf"])
def test_every_other_event_is_answered_with_success(callbacks: Callbacks, warehouse: Engine, action: str) -> None:
    answer = callbacks.call(action=action, instanceId="9001")
    assert (answer.status_code, answer.json()) == (200, {"success": "true"})
    assert stored(warehouse) == [(action, "9001", "received", "callback")]


@pytest.mark.parametrize(
    ("environment_state", "instance_id"),
    [("registered", "0"), ("verified", "0"), ("metered", "9001"), ("released", "9001")],
)
def test_create_instance_is_answered_with_the_id_once_the_environment_is_metered(
    callbacks: Callbacks, warehouse: Engine, environment_state: str, instance_id: str
) -> None:
    make_instance(warehouse, "order-1", environment_state)
    for _ in range(3):
        assert callbacks.call(**CREATE).json() == {"instanceId": instance_id}
    assert len(stored(warehouse)) == 3


def test_another_orders_environment_does_not_answer_for_this_one(callbacks: Callbacks, warehouse: Engine) -> None:
    make_instance(warehouse, "order-1", "metered")
    assert callbacks.call(**CREATE | {"orderBizId": "9002"}).json() == {"instanceId": "0"}


@pytest.mark.parametrize(
    "query",
    [
        signed(**CREATE)[:-1],
        signed(**CREATE) + "0",
        signed(key="another", **CREATE),
        signed(**CREATE) + "&isRefund=true",
        signed(**CREATE).replace("9001", "9002"),
        signed(**CREATE).rpartition("&")[0],
        signed(**CREATE).rpartition("=")[0] + "=",
        "action=createInstance&token=" + "%C3%A9" * 32,
        "token=0&" + signed(**CREATE),
    ],
)
def test_a_wrong_token_is_refused_counted_and_stores_nothing(
    callbacks: Callbacks, warehouse: Engine, query: str
) -> None:
    answer = callbacks.get(query)
    assert (answer.status_code, answer.text) == (403, "The token is wrong.")
    assert stored(warehouse) == []
    assert refused(warehouse) == {"token": 1}


def test_the_first_value_of_a_doubled_name_counts(callbacks: Callbacks, warehouse: Engine) -> None:
    head, _, token = signed(**CREATE).rpartition("&")
    assert callbacks.get(f"{head}&orderBizId=9999&{token}").status_code == 200
    assert [row[1] for row in stored(warehouse)] == ["9001"]


def test_a_parameter_named_token_in_another_spelling_is_not_kept_either(
    callbacks: Callbacks, warehouse: Engine
) -> None:
    assert callbacks.get(signed(**CREATE).replace("&token=", "&%74oken=")).status_code == 200
    [(query,)] = rows(warehouse, "SELECT query FROM marketplace.inbox")
    assert query.endswith("&%74oken=***")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("action", 400),
        ("token=0", 400),
        ("action=%zz", 400),
        ("action=%B4%B4%BD%A8", 400),  # GBK
        ("action=%00", 400),
        ("action=%ED%A0%80", 400),  # half a character
        ("&".join(f"p{n}=1" for n in range(300)), 400),
        ("a=" + "x" * 17_000, 414),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(
    callbacks: Callbacks, warehouse: Engine, query: str, status: int
) -> None:
    answer = callbacks.get(query)
    assert answer.status_code == status
    assert answer.text.startswith("The query ")
    assert stored(warehouse) == []


def test_old_and_new_key_are_taken_while_the_key_is_changed(warehouse: Engine) -> None:
    with serving(warehouse.url, keys=["new", "old"]) as callbacks:
        for key, status in (("new", 200), ("old", 200), ("older", 403)):
            assert callbacks.get(signed(key=key, **CREATE)).status_code == status


def test_nothing_but_the_address_answers_and_only_get(callbacks: Callbacks) -> None:
    assert callbacks.client.post(ADDRESS).status_code == 405
    assert callbacks.client.get("/marketplace/docs").status_code == 404
    assert callbacks.client.get("/marketplace/openapi.json").status_code == 404
    assert callbacks.client.get("/healthz").json() == {"status": "ok"}


def test_one_caller_is_slowed_down_and_learns_when_to_call_again(warehouse: Engine) -> None:
    with serving(warehouse.url, limits=Limits(per_second=0.001, burst=3)) as callbacks:
        answers = [callbacks.call(**CREATE) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["retry-after"] == "1"
    assert len(stored(warehouse)) == 3


def test_many_forged_calls_are_counted_together_and_none_is_forgotten(callbacks: Callbacks, warehouse: Engine) -> None:
    from include.marketplace.callbacks.store import Refusals

    at = [0.0]
    refusals = Refusals(lambda: warehouse, clock=lambda: at[0])
    assert refusals.add("token")
    refusals.write()
    assert [refusals.add("token") for _ in range(50)] == [False] * 50
    assert refused(warehouse) == {"token": 1}
    at[0] = 1.0
    assert refusals.add("size")
    refusals.write()
    assert refused(warehouse) == {"token": 51, "size": 1}


def test_a_warehouse_without_the_schema_is_no_stack_trace(warehouse: Engine, owned_warehouse: Engine) -> None:
    with owned_warehouse.begin() as connection:
        connection.execute(text("ALTER TABLE marketplace.inbox RENAME TO gone"))
    with serving(owned_warehouse.url) as callbacks:
        answer = callbacks.call(**CREATE)
    assert answer.status_code == 503
    assert answer.text == "The warehouse cannot store the callback now. Call again."
