from __future__ import annotations

import pytest
from sqlalchemy import text

from include.alibaba.computenest import ComputeNest, CreateRequest
from include.orchestration.connections import buyer_access
from tests.support.airflow import connection_json
from tests.support.builders import make_buyer, make_subscription

pytestmark = pytest.mark.slow

BUYER, SILENT = "1100000000000001", "1100000000000002"
GREEN = {
    "compare_machines": "success",
    "list_machines": "success",
    "notify_operators": "skipped",
    "summarise": "success",
}


def run(dagbag):
    done = dagbag.dags["machine_inventory"].test()
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


@pytest.fixture
def machines(warehouse, sandbox, airflow_connections):
    """A buyer with a running Kafka instance in an environment that is not registered, and its connection."""
    sandbox.account("vendor")
    account = sandbox.account("buyer", account_id=BUYER)
    airflow_connections.setenv(
        f"AIRFLOW_CONN_ALIBABA_BUYER_{BUYER}",
        connection_json(
            conn_type="alibaba_cloud",
            login=account.access_key_id,
            password=account.access_key_secret,
            host="127.0.0.1",
            port=sandbox.port,
            extra={"account_id": BUYER, "protocol": "http"},
        ),
    )
    parameters = {"RegionId": "cn-hangzhou", "EnvironmentName": "orders", "VpcId": "vpc-1", "Department": ""}
    wanted = CreateRequest("service-automq-byoc", "orders", parameters, specification_code="cmgj-automq-byoc-postpay")
    made = ComputeNest(buyer_access(BUYER)).create_service_instance(wanted, "token-1")
    sandbox.life(
        made.service_instance_id,
        since="2026-01-01T00:00:00Z",
        script=[{"at": 0, "instance": "kafka-1", "do": "create", "aku": 6}],
    )
    with warehouse.begin() as connection:
        make_subscription(connection, make_buyer(connection, BUYER), "another")


@pytest.fixture
def sent(airflow_connections, tmp_path):
    """The lines that the channel was given."""
    arguments = {"path": str(tmp_path / "sent"), "text": "{{ notification_title }}: {{ notification_text }}"}
    extra = {"notifier": "tests.support.notifiers.FileNotifier", "arguments": arguments}
    airflow_connections.setenv("AIRFLOW_CONN_AKUBILL_NOTIFICATIONS", connection_json(conn_type="generic", extra=extra))
    return lambda: (tmp_path / "sent").read_text().splitlines() if (tmp_path / "sent").exists() else []


def test_a_finding_is_notified_once_when_it_is_found_and_once_when_it_is_over(dagbag, machines, warehouse, sent):
    assert run(dagbag) == GREEN
    assert run(dagbag) == GREEN | {"notify_operators": "success"}
    with warehouse.connect() as connection:
        findings = connection.execute(text("SELECT kind, machines, state FROM operations.machine_discrepancies")).all()
    assert [tuple(row) for row in findings] == [("unregistered_environment", 3, "open")]
    assert run(dagbag) == GREEN
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE operations.machine_discrepancies SET state = 'resolved', resolved_at = now()"))
        connection.execute(text("DELETE FROM operations.machine_sightings"))
    assert run(dagbag)["notify_operators"] == "success"
    opened, over, *_ = sent()
    assert opened.startswith("Machines against instances: 1 new: FINDING 3 machines with the paid image in cn-hangzhou")
    assert over.startswith("Machines against instances: 1 over: OVER, it is no longer so: 3 machines")


def test_a_buyer_without_a_connection_fails_the_summary_and_nothing_else(dagbag, machines, warehouse):
    with warehouse.begin() as connection:
        make_subscription(connection, make_buyer(connection, SILENT))
    assert run(dagbag) == GREEN | {"summarise": "failed"}
    query = "SELECT account_id, count(listed_at), min(failure) FROM operations.machine_listings GROUP BY 1 ORDER BY 1"
    with warehouse.connect() as connection:
        (heard, whole, _), (silent, none, failure) = connection.execute(text(query)).all()
    assert (heard, whole, silent, none) == (BUYER, 11, SILENT, 0)
    assert f"alibaba_buyer_{SILENT} is missing" in failure
