"""A held bill and the people who answer for it, over the API of a real Airflow."""

from __future__ import annotations

import time
from typing import Any

import pytest

from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from tests.support.billing.october import DUE, OCTOBER, open_gap
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

REASON = "The buyer confirmed the usage."
REJECT = {"chosen_options": ["Reject"], "params_input": {"reason": REASON, "finding": "none"}}


@pytest.fixture
def held_bill(request, warehouse, airflow_connections) -> int:
    """A bill that is held for a gap, of a period that the parameter closed, if there is one; its subscription's key."""
    publish_price_plans(warehouse, catalog_price_plans())
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), metering_started_at=None)
        make_usage(connection, make_instance(connection, key), OCTOBER.window.start, [3600])
    open_gap(warehouse, key)
    close_period(warehouse, OCTOBER, DUE, getattr(request, "param", "billing_period_close"))
    return key


@pytest.fixture(scope="session")
def desk(airflow):
    """The API server as people with these roles see it."""
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi.testclient import TestClient

    client = TestClient(create_app(), base_url="http://testserver/api/v2")

    def as_user(name: str, role: str) -> TestClient:
        token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=name, role=role))
        client.headers["Authorization"] = f"Bearer {token}"
        return client

    return as_user


def form_of(client) -> dict[str, Any]:
    """The form that waits for an answer, once there is one.

    `dag.test` writes the state of a task that waits once more, and would undo an answer that is given at once.
    """
    for _ in range(300):
        waiting = client.get("dags/bill_review/dagRuns/~/hitlDetails", params={"response_received": False}).json()
        [form] = [one for one in waiting["hitl_details"] if one["task_instance"]["state"] == "awaiting_input"] or [None]
        if form:
            time.sleep(1)
            return form
        time.sleep(0.1)
    raise AssertionError("no person was asked")


def answer(client, form: dict[str, Any], given: dict[str, Any]) -> int:
    run = form["task_instance"]["dag_run_id"]
    path = f"dags/bill_review/dagRuns/{run}/taskInstances/await_answer/-1/hitlDetails"
    return client.patch(path, json=given).status_code
