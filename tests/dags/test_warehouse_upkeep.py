"""warehouse_upkeep on a real Airflow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.builders import make_bill
from tests.support.metering.lives import Environment, at, every_five_minutes, kafka

pytestmark = pytest.mark.slow


def run(dagbag, **conf: Any) -> dict[str, str]:
    done = dagbag.dags["warehouse_upkeep"].test(run_conf={"retention_days": 400, **conf})
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


def has_table(warehouse, name: str) -> bool:
    with warehouse.connect() as connection:
        return bool(connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": f"metering.{name}"}))


def test_it_makes_partitions_ahead_and_is_green_where_nothing_waits(dagbag, warehouse, airflow_connections):
    assert set(run(dagbag).values()) == {"success"}
    for days in (0, 31, 61, 92):
        assert has_table(warehouse, f"readings_{datetime.now(UTC) + timedelta(days=days):%Y_%m}")


def test_a_month_that_is_old_and_billed_goes_and_one_that_is_not_billed_is_named(
    dagbag, warehouse, airflow_connections
):
    orders = Environment(warehouse, metered_from=datetime(2025, 3, 1, tzinfo=UTC))
    since = (datetime(2025, 3, 3, 1, tzinfo=UTC) - at(0)) // timedelta(minutes=1)
    orders.tell(*every_five_minutes(orders, since + 30, kafka(6, c=since), since=since))
    refused = run(dagbag)
    assert refused["drop_old_months"] == "success"
    assert refused["report"] == "failed"
    assert has_table(warehouse, "polls_2025_03")
    with warehouse.begin() as connection:
        make_bill(connection, orders.subscription_key, "2025-03", "1.00")
    run(dagbag)
    assert not has_table(warehouse, "polls_2025_03")
