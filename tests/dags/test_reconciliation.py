from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.support.airflow import connection_json
from tests.support.builders import make_bill, make_buyer, make_subscription

pytestmark = pytest.mark.slow

BUYER = "1100000000000001"


def run(dagbag, **conf):
    return dagbag.dags["reconciliation"].test(run_conf=conf)


def states(done):
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


@pytest.fixture
def subscribed(warehouse, airflow_connections):
    with warehouse.begin() as connection:
        make_bill(connection, make_subscription(connection, make_buyer(connection, BUYER)), "2026-10", "12.34")


def test_a_period_given_by_hand_is_fetched_and_compared(dagbag, subscribed, warehouse, sandbox, airflow_connections):
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
    done = run(dagbag, period="2026-10")
    assert states(done) == {
        "find_cycles": "success",
        "fetch_charges": "success",
        "compare_bills": "success",
        "report": "failed",  # a person has to see that our bill is missing there
    }
    with warehouse.connect() as connection:
        verdicts = connection.execute(text("SELECT period, verdict FROM reconciliation.verdicts")).all()
    assert [tuple(row) for row in verdicts] == [("2026-10", "missing_there")]


def test_a_buyer_without_a_connection_fails_the_report_and_nothing_else(dagbag, subscribed, warehouse):
    done = run(dagbag, period="2026-10")
    assert states(done) == {
        "find_cycles": "success",
        "fetch_charges": "success",
        "compare_bills": "success",
        "report": "failed",
    }
    with warehouse.connect() as connection:
        failure = connection.execute(text("SELECT failure FROM reconciliation.marketplace_fetches")).scalar_one()
    assert f"alibaba_buyer_{BUYER} is missing" in failure


def test_a_period_that_is_not_a_month_is_refused_by_the_form(dagbag):
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        dagbag.dags["reconciliation"].params.get_param("period").resolve("October")
