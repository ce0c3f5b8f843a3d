"""private_offer on a real Airflow: the form, the person, the refusals."""

from __future__ import annotations

from typing import Any

import pytest

from include.billing.prices.offers import list_offers
from include.billing.prices.plans import publish_price_plans
from tests.support.billing.october import price_plan, version
from tests.support.builders import make_buyer, make_subscription

pytestmark = pytest.mark.slow
FORM: dict[str, Any] = {
    "subscription": "sub-01-orders",
    "from": "2026-10-16",
    "until": None,
    "price_plan": "gold",
    "discount_percent": None,
    "reason": "Agreed with the buyer at renewal.",
}


@pytest.fixture
def offered(warehouse, airflow_connections):
    """A subscription, and a plan to offer."""
    publish_price_plans(warehouse, [price_plan(), price_plan(version(price="1.00"), name="gold")])
    with warehouse.begin() as connection:
        make_subscription(connection, make_buyer(connection))
    return warehouse


def run(dagbag, **conf: Any) -> dict[str, str]:
    """States of a run; `dag.test` keeps what one run was given as defaults, so the form is given whole."""
    done = dagbag.dags["private_offer"].test(run_conf=FORM | conf)
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


def test_the_user_who_triggered_enters_the_offer(dagbag, offered):
    assert run(dagbag, discount_percent="12.5") == {"enter_offer": "success"}
    [row] = list_offers(offered)
    assert (row.price_plan, str(row.discount_percent), row.entered_by) == ("gold", "12.5", "dag_test")
    assert row.effective_from.isoformat() == "2026-10-15T16:00:00+00:00", "a day of the plan's zone, not of UTC"


@pytest.mark.parametrize(
    "conf",
    [
        {"price_plan": None},
        {"price_plan": "silver"},
        {"subscription": "sub-99"},
        {"until": FORM["from"]},
    ],
)
def test_what_breaks_a_rule_fails_and_enters_nothing(dagbag, offered, conf):
    assert run(dagbag, **conf) == {"enter_offer": "failed"}
    assert list_offers(offered) == []


@pytest.mark.parametrize(
    "conf",
    [
        {"subscription": None},
        {"subscription": "x" * 201},
        {"from": None},
        {"from": "next month"},
        {"reason": "short"},
        {"reason": "x" * 501},
        {"discount_percent": "101"},
        {"discount_percent": "a lot"},
    ],
)
def test_the_form_refuses_what_is_missing_too_long_or_hostile(dagbag, conf):
    from airflow.sdk.exceptions import ParamValidationError

    [(name, value)] = conf.items()
    field = dagbag.dags["private_offer"].params.get_param(name)
    with pytest.raises(ParamValidationError):
        field.resolve(value)
