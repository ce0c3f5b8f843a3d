from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.support.billing.october import OCTOBER
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

pytestmark = pytest.mark.slow


def test_a_run_makes_the_drafts_of_the_month_that_it_falls_in(dagbag, warehouse, airflow_connections):
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), started_at=OCTOBER.window.start)
        make_usage(connection, make_instance(connection, key), OCTOBER.window.start, [3600])
    done = dagbag.dags["running_drafts"].test(run_after=OCTOBER.window.start + timedelta(hours=1, seconds=7))
    assert {str(task.state) for task in done.get_task_instances()} == {"success"}
    with warehouse.connect() as connection:
        [bill] = connection.execute(text("SELECT state, total, forecast_total FROM billing.bills"))
        who = connection.scalar(text("SELECT who FROM billing.bill_events"))
    # The mean of the only hour there is, for all that are to come, each cut down.
    assert (bill.state, str(bill.total), str(bill.forecast_total)) == ("draft", "1.20", "892.80")
    assert "running_drafts" in who
