"""correction_withdrawal on a real Airflow: the person, the reason, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from include.billing.bills.close import close_period
from include.billing.corrections.correct import list_corrections
from include.billing.prices.plans import publish_price_plans
from tests.support.billing.corrections import REFUND, correct
from tests.support.billing.october import DUE, OCTOBER, price_plan
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

pytestmark = pytest.mark.slow
REASON = "It was meant for another customer."


@pytest.fixture
def waiting(warehouse, airflow_connections):
    """A refund of October's bill that waits for the next one; its id."""
    publish_price_plans(warehouse, [price_plan()])
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), metering_started_at=None)
        make_usage(connection, make_instance(connection, key), OCTOBER.window.start, [36_000])
    close_period(warehouse, OCTOBER, DUE)
    return correct(warehouse, **REFUND, delivery="next_bill").correction_id


def run(dagbag, **conf: Any) -> dict[str, str]:
    done = dagbag.dags["correction_withdrawal"].test(run_conf={"reason": REASON} | conf)
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


def test_a_correction_is_withdrawn_in_the_name_of_who_triggered_and_once(dagbag, warehouse, waiting):
    for _ in range(2):
        assert run(dagbag, correction=waiting) == {"withdraw_correction": "success", "report": "success"}
    [listed] = list_corrections(warehouse)
    assert (listed.state, listed.withdrawn_by, listed.withdrawal_reason) == ("withdrawn", "dag_test", REASON)


@pytest.mark.parametrize("conf", [{"correction": "cor-none"}, {"reason": "because\u202e of this and that"}])
def test_what_breaks_a_rule_fails_and_withdraws_nothing(dagbag, warehouse, waiting, conf):
    done = run(dagbag, **{"correction": waiting} | conf)
    assert done == {"withdraw_correction": "failed", "report": "upstream_failed"}
    assert [listed.state for listed in list_corrections(warehouse)] == ["pending"]
