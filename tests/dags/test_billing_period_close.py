from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import text

from include.domain.periods import BillingPeriod
from tests.support.airflow import note_of
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

pytestmark = pytest.mark.slow

OCTOBER = BillingPeriod("2026-10", "Asia/Shanghai")
ALL_GREEN = dict.fromkeys(
    ["find_period", "publish_price_plans", "close_shard", "sum_up", "report", "ask_reviewers"], "success"
)


_moments = count(1)


def close(dagbag, at=OCTOBER.window.end, **conf):
    """A run by hand, each at a moment of its own: Airflow names runs by it."""
    moment = at + timedelta(seconds=next(_moments))
    return dagbag.dags["billing_period_close"].test(run_conf=conf, run_after=moment)


def states(done):
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


def bills_of(warehouse):
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT period, state, total FROM billing.bills"))]


@pytest.fixture
def used(warehouse, airflow_connections):
    """A subscription with an hour of usage in October, known from history only."""
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), metering_started_at=None)
        make_usage(connection, make_instance(connection, key), OCTOBER.window.start, [3600])


def test_a_period_named_in_the_form_is_closed_and_a_second_time_changes_nothing(dagbag, desk, used, warehouse):
    first = close(dagbag, period="2026-10")
    assert states(first) == ALL_GREEN
    page = "/plugin/billing/billing/bills?period=2026-10"
    note = note_of(dagbag.dags["billing_period_close"], first)
    assert note == f"2026-10: 1 bill issued, 0 held. [Bills of 2026-10]({page})"
    links = f"dags/billing_period_close/dagRuns/{first.run_id}/taskInstances/sum_up/links"
    assert desk("vera", "viewer").get(links).json()["extra_links"] == {"Billing page": page}
    issued = bills_of(warehouse)
    assert [(period, state, str(total)) for period, state, total in issued] == [("2026-10", "issued", "1.20")]

    assert states(close(dagbag, period="2026-10")) == ALL_GREEN

    assert bills_of(warehouse) == issued


def test_a_run_by_hand_that_names_no_period_fails(dagbag, used, warehouse):
    assert states(close(dagbag, period=None))["find_period"] == "failed"
    assert bills_of(warehouse) == []


def test_a_period_that_has_not_ended_fails_and_leaves_nothing(dagbag, used, warehouse):
    early = OCTOBER.window.end - timedelta(hours=1)
    assert states(close(dagbag, at=early, period="2026-10"))["find_period"] == "failed"
    assert bills_of(warehouse) == []


def test_a_period_that_is_not_a_month_is_refused_by_the_form_and_in_a_sentence(dagbag, airflow_connections):
    from airflow.sdk.exceptions import ParamValidationError

    from include.domain.errors import InvalidInputError
    from include.orchestration.billing import period_of_run

    with pytest.raises(ParamValidationError, match="'October' does not match"):
        dagbag.dags["billing_period_close"].params.get_param("period").resolve("October")
    with pytest.raises(InvalidInputError, match="Billing period is 'October': it is not a month written YYYY-MM"):
        period_of_run(context_of("manual", partition="October"))


def context_of(run_type, *, partition=None, period=None, person=None):
    """What a run's tasks see of it."""
    from types import SimpleNamespace

    run = SimpleNamespace(
        run_type=run_type,
        run_id=f"{run_type}__{partition}",
        partition_key=partition,
        triggering_user_name=person,
        run_after=OCTOBER.window.end + timedelta(hours=6),
    )
    dag = SimpleNamespace(dag_id="billing_period_close")
    return {"dag_run": run, "dag": dag, "params": {"period": period}}


def closed_by(context):
    """What the tasks of such a run come to."""
    from include.domain.sharding import SHARDS
    from include.orchestration.billing import close_shard_of_run, sum_up_of_run

    shards = [close_shard_of_run("2026-10", shard, context) for shard in range(SHARDS)]
    return sum_up_of_run("2026-10", shards, context)


def test_a_run_takes_its_partition_and_a_try_after_its_commit_reports_what_was_done(used, warehouse):
    from include.billing.prices.plans import publish_price_plans
    from include.catalog.loader import catalog_price_plans
    from include.orchestration.billing import period_of_run

    publish_price_plans(warehouse, catalog_price_plans())
    scheduled = context_of("scheduled", partition="2026-10")
    assert period_of_run(scheduled) == "2026-10"
    closed = closed_by(scheduled)
    assert (closed["issued"], closed["held"], closed["missing"]) == (1, 0, [])
    assert "1 issued in all" in closed["summary"]
    for run_type in ("scheduled", "backfill", "manual"):
        again = closed_by(context_of(run_type, partition="2026-10"))
        assert (again["issued"], again["held"], again["missing"]) == (1, 0, [])
        assert "1 issued in all" in again["summary"]
        assert "Billing period 2026-10 is closed: all its 1 bills are issued" in again["summary"]


def test_a_bills_story_names_the_run_and_the_person_who_triggered_it(used, warehouse):
    from include.orchestration.billing import who_runs

    assert who_runs(context_of("scheduled", partition="2026-10")) == "billing_period_close scheduled__2026-10"
    by_hand = who_runs(context_of("manual", partition="2026-10", person="li"))
    assert by_hand == "li (billing_period_close manual__2026-10)"


def test_a_month_without_subscriptions_is_skipped_by_the_schedule_and_refused_by_hand(warehouse, airflow_connections):
    from airflow.sdk.exceptions import AirflowSkipException

    from include.billing.bills.close import EmptyPeriodError

    with pytest.raises(AirflowSkipException, match="2026-10 is empty"):
        closed_by(context_of("scheduled", partition="2026-10"))
    with pytest.raises(EmptyPeriodError):
        closed_by(context_of("manual", period="2026-10"))


def test_the_report_fails_where_a_subscription_has_no_bill(capsys):
    from include.domain.errors import ConflictError
    from include.orchestration.billing import report_close

    closed = {"summary": "Period 2026-10: …", "missing": ["Subscription sub-01-lost lived in 2026-10 and has no bill."]}
    with pytest.raises(ConflictError, match="sub-01-lost"):
        report_close(closed)
    assert "Period 2026-10" in capsys.readouterr().out


def test_a_form_and_a_partition_that_differ_are_refused(airflow):
    from include.domain.errors import InvalidInputError
    from include.orchestration.billing import period_of_run

    with pytest.raises(InvalidInputError, match="is not the run's partition 2026-10"):
        period_of_run(context_of("manual", partition="2026-10", period="2026-09"))


def test_the_schedule_catches_up_month_by_month(dagbag):
    dag = dagbag.dags["billing_period_close"]
    assert dag.catchup
    assert dag.max_active_runs == 1
    assert dag.start_date < datetime(2026, 11, 1, tzinfo=UTC)
