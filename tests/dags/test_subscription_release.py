"""subscription_release on a real Airflow: the form, the person, the refusals."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.support.builders import make_buyer, make_subscription

pytestmark = pytest.mark.slow
FORM = {
    "subscription": "sub-11-orders",
    "ended_at": "2026-02-20 00:00",
    "reason": "The buyer released it on the 20th.",
}


@pytest.fixture
def orders(warehouse, airflow_connections) -> int:
    with warehouse.begin() as connection:
        return make_subscription(connection, make_buyer(connection, "11"))


def run(dagbag, **conf: Any) -> dict[str, str]:
    done = dagbag.dags["subscription_release"].test(run_conf=FORM | conf)
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


def stored(warehouse) -> tuple[Any, ...]:
    with warehouse.connect() as connection:
        return tuple(connection.execute(text("SELECT state, state_reason FROM core.subscriptions")).one())


def test_the_user_who_triggered_ends_a_subscription_with_a_reason(dagbag, orders, warehouse):
    assert run(dagbag) == {"release": "success"}
    state, reason = stored(warehouse)
    assert state == "released"
    assert reason.startswith("The buyer released it on the 20th. (entered by dag_test at ")
    assert run(dagbag) == {"release": "success"}
    assert stored(warehouse) == (state, reason)


@pytest.mark.parametrize(
    "conf", [{"subscription": "sub-unknown"}, {"ended_at": "2025-02-20"}, {"ended_at": "2026-02-30"}]
)
def test_a_form_that_names_no_end_that_can_be_fails_and_changes_nothing(dagbag, orders, warehouse, conf):
    assert run(dagbag, **conf) == {"release": "failed"}
    assert stored(warehouse) == ("active", None)


@pytest.mark.parametrize(
    "conf", [{"reason": "short"}, {"reason": None}, {"subscription": ""}, {"ended_at": "the 20th of May"}]
)
def test_the_form_refuses_what_is_out_of_bounds(dagbag, orders, conf):
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        run(dagbag, **conf)
