from __future__ import annotations

import pytest
from sqlalchemy import text

from include.alibaba.computenest import ComputeNest, CreateRequest
from include.orchestration.connections import buyer_access
from tests.support.airflow import connection_json
from tests.support.builders import make_buyer, make_subscription

pytestmark = pytest.mark.slow

BUYER, SILENT = "1100000000000001", "1100000000000002"
TASKS = ["compare_machines", "list_machines", "report"]


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


def test_a_run_is_green_until_the_next_one_has_compared_what_it_saw(dagbag, machines, warehouse):
    assert run(dagbag) == dict.fromkeys(TASKS, "success")
    assert run(dagbag) == {"compare_machines": "success", "list_machines": "success", "report": "failed"}
    with warehouse.connect() as connection:
        findings = connection.execute(text("SELECT kind, machines, state FROM metering.machine_findings")).all()
    assert [tuple(row) for row in findings] == [("unregistered_environment", 3, "open")]


def test_a_buyer_without_a_connection_fails_the_report_and_nothing_else(dagbag, machines, warehouse):
    with warehouse.begin() as connection:
        make_subscription(connection, make_buyer(connection, SILENT))
    assert run(dagbag) == {"compare_machines": "success", "list_machines": "success", "report": "failed"}
    query = "SELECT account_id, count(listed_at), min(failure) FROM metering.machine_listings GROUP BY 1 ORDER BY 1"
    with warehouse.connect() as connection:
        (heard, whole, _), (silent, none, failure) = connection.execute(text(query)).all()
    assert (heard, whole, silent, none) == (BUYER, 11, SILENT, 0)
    assert f"alibaba_buyer_{SILENT} is missing" in failure
