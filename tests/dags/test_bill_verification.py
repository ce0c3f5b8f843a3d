"""bill_verification on a real Airflow."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from tests.support.billing.october import BILL, DUE, OCTOBER, price_plan
from tests.support.billing.tampering import change
from tests.support.builders import LONG_AGO

pytestmark = pytest.mark.slow

GREEN = dict.fromkeys(["verify_issued_bills", "audit_completeness", "notify_operators", "report"], "success")


def run(dagbag, **conf: Any) -> dict[str, str]:
    done = dagbag.dags["bill_verification"].test(run_conf={"period": None, **conf})
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


@pytest.fixture
def issued(warehouse, airflow_connections, subscribe):
    publish_price_plans(warehouse, [price_plan()])
    subscribe(usage=(3600,), started_at=LONG_AGO)
    assert close_period(warehouse, OCTOBER, DUE).issued_count == 1
    return warehouse


def notified(warehouse) -> list[str]:
    with warehouse.connect() as connection:
        return list(connection.scalars(text("SELECT sentence FROM operations.notifications ORDER BY notification_key")))


def test_it_is_green_and_quiet_where_every_bill_is_as_issued(dagbag, issued):
    assert run(dagbag) == GREEN | {"notify_operators": "skipped"}
    assert notified(issued) == []


def test_a_changed_bill_is_red_until_it_is_restored_and_notified_once(dagbag, issued):
    change(issued, "UPDATE metering.subscription_hours SET aku_seconds = 7200")
    assert run(dagbag) == GREEN | {"report": "failed"}
    sentences = notified(issued)
    assert len(sentences) == 4
    assert sum(sentence.startswith(f"{BILL}: ") for sentence in sentences) == 3
    assert sum("no late usage explains it" in sentence for sentence in sentences) == 1
    assert run(dagbag)["notify_operators"] == "skipped"
    change(issued, "UPDATE metering.subscription_hours SET aku_seconds = 3600")
    assert run(dagbag)["report"] == "success"


def test_usage_that_no_bill_has_is_red_and_notified_once(dagbag, issued, subscribe):
    subscribe("late", usage=(7200,), started_at=LONG_AGO)
    assert run(dagbag) == GREEN | {"report": "failed"}
    (sentence,) = notified(issued)
    assert "sub-01-late used 2 AKU-hours" in sentence
    close_period(issued, OCTOBER, DUE)
    assert run(dagbag) == GREEN | {"notify_operators": "skipped"}


def test_a_run_for_a_period_without_documents_is_not_green(dagbag, warehouse, airflow_connections):
    assert run(dagbag, period="2026-09")["verify_issued_bills"] == "failed"
