"""price_plan_publish on a real Airflow: the check, the comparison, the publication."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from include.catalog.loader import CATALOG
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

pytestmark = pytest.mark.slow
PLAN = (CATALOG / "automq-byoc-payg.plan.yaml").read_text(encoding="utf-8")
NEXT = (
    PLAN
    + """
  - effective_from: "2026-10-16T00:00:00+08:00"
    charge_every: hour
    rounding: {digits: 2, mode: down}
    model: per_unit
    tiers: [{up_to: null, unit_price: "1.50"}]
"""
)


def run(dagbag, **conf: Any) -> dict[str, str]:
    form = {"plan": PLAN, "period": None, "publish": False} | conf
    done = dagbag.dags["price_plan_publish"].test(run_conf=form)
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


def versions(warehouse) -> int:
    with warehouse.connect() as connection:
        return connection.scalar(text("SELECT count(*) FROM billing.price_plan_versions"))


def test_a_check_publishes_nothing_and_says_so(dagbag, airflow_connections, warehouse):
    assert run(dagbag) == {"check_plan": "success", "compare_plan": "skipped", "publish_plan": "skipped"}
    assert versions(warehouse) == 0


def test_a_new_version_is_compared_on_metered_usage_and_published_once(dagbag, airflow_connections, warehouse, capsys):
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection))
        make_usage(connection, make_instance(connection, key), datetime(2026, 10, 20, tzinfo=UTC), [36_000])
    assert run(dagbag, publish=True)["publish_plan"] == "success"
    asked = {"plan": NEXT, "period": "2026-10", "publish": True}
    assert set(run(dagbag, **asked).values()) == {"success"}
    assert "sub-01-orders: 12.00 -> 15.00, +3.00 CNY +25.0 %" in capsys.readouterr().out
    assert versions(warehouse) == 2
    assert set(run(dagbag, **asked).values()) == {"success"}
    assert versions(warehouse) == 2


def test_two_published_plans_are_compared_and_the_answer_is_kept(dagbag, airflow_connections, warehouse):
    assert run(dagbag, publish=True)["publish_plan"] == "success"
    assert run(dagbag, plan=PLAN.replace("automq-byoc-payg", "other"), publish=True)["publish_plan"] == "success"
    form = {"period": "2026-10", "first_plan": "automq-byoc-payg", "second_plan": "other"}
    done = dagbag.dags["price_plan_comparison"].test(run_conf=form)
    assert str(done.state) == "success"
    with warehouse.connect() as connection:
        kept = connection.execute(text("SELECT run_id, state, plans_priced FROM billing.plan_comparisons")).one()
    assert tuple(kept) == (done.run_id, "done", 2)


@pytest.mark.parametrize(
    "plan",
    ["name: [", PLAN.replace('"1.20"', "1.20"), PLAN.replace("CNY", "XYZ"), "x: <script>alert(1)</script>"],
)
def test_a_wrong_plan_fails_the_check_and_publishes_nothing(dagbag, airflow_connections, warehouse, plan):
    states = run(dagbag, plan=plan, publish=True)
    assert states == {"check_plan": "failed", "compare_plan": "upstream_failed", "publish_plan": "upstream_failed"}
    assert versions(warehouse) == 0


@pytest.mark.parametrize("conf", [{"plan": ""}, {"plan": None}, {"plan": "x" * 50_001}, {"period": "x" * 41}])
def test_the_form_refuses_what_is_out_of_bounds(dagbag, airflow_connections, conf):
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        run(dagbag, **conf)
