"""The DAGs of the inbox on a real Airflow: events applied, orders onboarded once, people's decisions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from include.alibaba.computenest import CreateRequest
from include.catalog.loader import load_product
from include.marketplace.inbox.apply import apply_events
from include.onboarding.following import follow_marketplace
from include.onboarding.onboard import buyer_cloud
from tests.support.airflow import connection_json
from tests.support.builders import rows
from tests.support.marketplace.serving import receive
from tests.support.onboarding import BUYER, access_of

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag
    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxAccount, SandboxHandle

pytestmark = pytest.mark.slow
WHY = "The Marketplace's console shows it."


def run(dagbag: DagBag, dag_id: str = "marketplace_inbox", **conf: Any) -> dict[str, str]:
    done = dagbag.dags[dag_id].test(run_conf=conf or None)
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


def onboarding_runs() -> list[tuple[str, dict[str, Any]]]:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        query = select(DagRun.run_id, DagRun.conf).where(
            DagRun.dag_id == "subscription_onboarding", DagRun.run_id.startswith("order__")
        )
        return [(run_id, conf) for run_id, conf in session.execute(query)]


def connection_of(sandbox: SandboxHandle, account: SandboxAccount) -> str:
    return connection_json(
        conn_type="alibaba_cloud",
        login=account.access_key_id,
        password=account.access_key_secret,
        host="127.0.0.1",
        port=sandbox.port,
        extra={"account_id": account.account_id, "protocol": "http"},
    )


@pytest.fixture
def order_id(sandbox: SandboxHandle, airflow_connections: pytest.MonkeyPatch) -> str:
    """An order that a buyer placed at Compute Nest."""
    buyer, vendor = sandbox.account("buyer", account_id=BUYER), sandbox.account("vendor")
    airflow_connections.setenv(f"AIRFLOW_CONN_ALIBABA_BUYER_{BUYER}", connection_of(sandbox, buyer))
    airflow_connections.setenv("AIRFLOW_CONN_ALIBABA_VENDOR", connection_of(sandbox, vendor))
    product = load_product()
    wish = CreateRequest(
        service_id=product.service_id,
        name="the-buyers-own",
        parameters={"RegionId": "cn-hangzhou", "EnvironmentName": "orders", "VpcId": "vpc-orders"},
        specification_code=product.sku_payg,
    )
    placed = buyer_cloud(product, access_of(sandbox, buyer)).create_service_instance(wish, "token")
    return str(placed.order_id)


def test_a_new_order_starts_its_onboarding_once(dagbag: DagBag, order_id: str, warehouse: Engine) -> None:
    receive(warehouse, action="createInstance", orderBizId="9001", orderId=order_id, skuId="s", aliUid=BUYER)
    for _ in range(2):
        tasks = run(dagbag)
        assert {tasks[name] for name in ("apply_events", "orders_to_onboard", "notify_of_parked")} == {"success"}
    [(run_id, conf)] = [each for each in onboarding_runs() if each[0].endswith(order_id)]
    assert (run_id, conf["order_id"], conf["environment_name"]) == (f"order__{order_id}", order_id, "orders")
    assert rows(warehouse, "SELECT state, onboarding_run FROM marketplace.instances") == [("active", run_id)]


def test_an_order_that_cannot_be_onboarded_yet_holds_up_nothing(
    dagbag: DagBag, order_id: str, warehouse: Engine
) -> None:
    receive(warehouse, action="createInstance", orderBizId="9001", orderId="4711", skuId="s")
    tasks = run(dagbag)
    assert (tasks["orders_to_onboard"], tasks["start_onboarding"]) == ("success", "skipped")
    assert rows(warehouse, "SELECT state, onboarding_run FROM marketplace.instances") == [("active", None)]
    run(dagbag)
    [(sentence,)] = rows(warehouse, "SELECT sentence FROM operations.notifications")
    assert sentence.startswith("Order 4711 is not onboarded: Marketplace DescribeOrderForIsv refused")


def test_a_parked_event_fails_the_run_that_parked_it_and_can_be_tried_again(
    dagbag: DagBag, airflow_connections: pytest.MonkeyPatch, warehouse: Engine
) -> None:
    receive(warehouse, action="releaseInstance", instanceId="9001")
    assert run(dagbag)["notify_of_parked"] == "failed"
    assert run(dagbag)["notify_of_parked"] == "success"
    [(sentence,)] = rows(warehouse, "SELECT sentence FROM operations.notifications")
    assert "releaseInstance came for 9001, which no subscription has." in sentence
    entered = "action=createInstance&orderBizId=9001&orderId=order-1&skuId=s"
    assert run(dagbag, "marketplace_event_entry", event=entered, reason=WHY) == {"enter": "success"}
    run(dagbag)
    assert run(dagbag, "marketplace_event_replay", event=1, reason="Its order is entered.") == {"replay": "success"}
    assert run(dagbag)["notify_of_parked"] == "success"
    assert rows(warehouse, "SELECT instance_id, state FROM marketplace.instances") == [("9001", "released")]
    decided = rows(warehouse, "SELECT decision, decided_by FROM marketplace.event_decisions ORDER BY decided_at")
    assert decided == [("entered", "dag_test"), ("replayed", "dag_test")]


@pytest.mark.parametrize(
    ("dag_id", "conf"),
    [
        ("marketplace_event_entry", {"event": "action=%00", "reason": WHY}),
        ("marketplace_event_replay", {"event": 4711, "reason": WHY}),
    ],
)
def test_a_form_that_is_wrong_fails_in_a_sentence_and_changes_nothing(
    dagbag: DagBag, airflow_connections: pytest.MonkeyPatch, warehouse: Engine, dag_id: str, conf: dict[str, Any]
) -> None:
    assert set(run(dagbag, dag_id, **conf).values()) == {"failed"}
    assert rows(warehouse, "SELECT count(*) FROM marketplace.inbox") == [(0,)]


def test_what_could_not_be_delivered_comes_into_the_inbox(
    dagbag: DagBag, order_id: str, sandbox: SandboxHandle, warehouse: Engine
) -> None:
    message = '{"orderBizId": "9001", "orderId": "order-1", "skuId": "s"}'
    sandbox.admin.post("/notifications", json={"action": "createInstance", "message": message}).raise_for_status()
    assert run(dagbag, "marketplace_notifications") == {"fetch": "success"}
    assert rows(warehouse, "SELECT source, instance_id, state FROM marketplace.inbox") == [
        ("notification", "9001", "received")
    ]


def test_the_comparison_notifies_of_an_order_that_the_marketplace_does_not_know(
    dagbag: DagBag, order_id: str, warehouse: Engine
) -> None:
    receive(warehouse, action="createInstance", orderBizId="9001", orderId=order_id, skuId="s")
    receive(warehouse, action="createInstance", orderBizId="9002", orderId="4711", skuId="s")
    apply_events(warehouse, follow_marketplace, datetime.now(UTC))
    green = {"compare": "success", "notify_operators": "success", "summarise": "success"}
    assert run(dagbag, "marketplace_comparison") == green
    assert run(dagbag, "marketplace_comparison") == green | {"notify_operators": "skipped"}
    [(sentence,)] = rows(warehouse, "SELECT sentence FROM operations.notifications")
    assert sentence.startswith("FINDING Order 4711 (9002) is active here, and the Marketplace does not know it.")
