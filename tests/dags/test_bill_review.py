"""bill_review on a real Airflow: the form, the person's answer through the API, roles, and runs that are overtaken."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text

from include.billing.bills.answers import Answer
from include.billing.bills.close import close_period
from include.billing.bills.review import list_holds, show_bill, void
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from tests.billing.conftest import DUE, OCTOBER
from tests.billing.test_close import open_gap
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

pytestmark = pytest.mark.slow

BILL = "2026-10-sub-01-orders"
REASON = "The buyer confirmed the usage."
APPROVE = {"chosen_options": ["Approve and issue"], "params_input": {"reason": REASON, "finding": "none"}}
REJECT = {"chosen_options": ["Reject"], "params_input": {"reason": REASON, "finding": "none"}}
_runs = count(1)


@pytest.fixture
def held(warehouse, airflow_connections) -> int:
    """A bill that is held for a gap; its subscription's key."""
    publish_price_plans(warehouse, catalog_price_plans())
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), metering_started_at=None)
        make_usage(connection, make_instance(connection, key), OCTOBER.window.start, [3600])
    open_gap(warehouse, key)
    close_period(warehouse, OCTOBER, DUE)
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
    """The form that waits for an answer, once there is one."""
    for _ in range(300):
        waiting = client.get("dags/bill_review/dagRuns/~/hitlDetails", params={"response_received": False}).json()
        [form] = [one for one in waiting["hitl_details"] if one["task_instance"]["state"] == "awaiting_input"] or [None]
        if form:
            return form
        time.sleep(0.1)
    raise AssertionError("no person was asked")


def answer(client, form: dict[str, Any], given: dict[str, Any]) -> int:
    run = form["task_instance"]["dag_run_id"]
    path = f"dags/bill_review/dagRuns/{run}/taskInstances/await_answer/-1/hitlDetails"
    return client.patch(path, json=given).status_code


def review(dagbag, meanwhile, **conf: Any) -> dict[str, str]:
    """A run, while something else happens; the states of its tasks."""
    moment = DUE.replace(minute=next(_runs))
    with ThreadPoolExecutor(1) as pool:
        acting = pool.submit(act, meanwhile)
        done = dagbag.dags["bill_review"].test(run_conf={"bill": BILL, "hold": None} | conf, run_after=moment)
        acting.result()
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


def act(meanwhile) -> None:
    """Do it; what goes wrong ends the run, which would else wait for an answer for ever."""
    try:
        meanwhile()
    except BaseException:
        from airflow.utils.session import create_session

        with create_session() as session:
            session.execute(text("UPDATE task_instance SET state = 'failed' WHERE state = 'awaiting_input'"))
        raise


def bill(warehouse) -> tuple[str, str | None]:
    """Its state, and who brought it there."""
    with warehouse.connect() as connection:
        query = text("SELECT to_state, who FROM billing.bill_events ORDER BY event_key DESC LIMIT 1")
        return tuple(connection.execute(query).one())


def test_a_person_approves_in_the_form_and_the_bill_is_issued(dagbag, desk, held, warehouse):
    li = desk("li", "op")
    seen: dict[str, Any] = {}

    def approve() -> None:
        seen.update(form_of(li))
        assert answer(li, seen, APPROVE) == 200

    states = review(dagbag, approve, hold=list_holds(warehouse)[0].hold_key)

    assert set(states.values()) == {"success"}
    assert bill(warehouse) == ("issued", "li")
    assert seen["subject"] == f"Bill {BILL}: 1.20 CNY is held"
    assert "unknown usage are open" in seen["body"]
    assert f"/plugin/bills/billing/bills/{BILL}" in seen["body"]
    assert seen["params"]["finding"]["schema"]["enum"] == ["none", "no_gap_is_open"]


def test_an_answer_without_a_reason_is_asked_for_again(dagbag, desk, held, warehouse):
    li = desk("li", "op")

    def answer_twice() -> None:
        hasty = {"chosen_options": ["Reject"], "params_input": {"reason": "no", "finding": "none"}}
        assert answer(li, form_of(li), hasty) == 200
        time.sleep(0.5)
        assert answer(li, form_of(li), REJECT) == 200

    assert set(review(dagbag, answer_twice).values()) == {"success"}
    assert bill(warehouse) == ("held", "li")
    assert list_holds(warehouse) == []


def test_a_named_finding_is_waived(dagbag, desk, held, warehouse):
    li = desk("li", "op")
    given = {
        "chosen_options": ["Waive one finding"],
        "params_input": {"reason": REASON, "finding": "no_gap_is_open"},
    }
    review(dagbag, lambda: answer(li, form_of(li), given))
    assert bill(warehouse) == ("issued", "li")


def test_who_may_only_look_cannot_answer_and_only_offered_answers_are_taken(dagbag, desk, held, warehouse):
    def try_all() -> None:
        form = form_of(desk("vera", "viewer"))
        assert answer(desk("vera", "viewer"), form, APPROVE) == 403
        assert answer(desk("li", "op"), form, {"chosen_options": ["Pay it"], "params_input": {}}) == 400
        assert answer(desk("li", "op"), form, APPROVE) == 200

    review(dagbag, try_all)
    assert bill(warehouse) == ("issued", "li")


def test_only_named_reviewers_answer_where_the_variable_names_some(dagbag, desk, held, warehouse, airflow_connections):
    airflow_connections.setenv("AIRFLOW_VAR_BILL_REVIEWERS", "mei, zhao")

    def try_all() -> None:
        form = form_of(desk("li", "op"))
        assert answer(desk("li", "op"), form, APPROVE) == 403
        assert answer(desk("mei", "op"), form, APPROVE) == 200

    review(dagbag, try_all)
    assert bill(warehouse) == ("issued", "mei")


def test_an_answer_about_a_draft_that_was_made_again_issues_nothing(dagbag, desk, held, warehouse):
    li = desk("li", "op")

    def remake_then_approve() -> None:
        form = form_of(li)
        with warehouse.begin() as connection:
            instance = connection.scalar(text("SELECT instance_key FROM core.instances"))
            make_usage(connection, instance, OCTOBER.window.start.replace(hour=20), [3600])
        close_period(warehouse, OCTOBER, DUE)
        assert answer(li, form, APPROVE) == 200

    states = review(dagbag, remake_then_approve)
    assert set(states.values()) == {"skipped"}
    assert bill(warehouse)[0] == "held"
    assert len(list_holds(warehouse)) == 1


def test_a_run_whose_bill_was_decided_elsewhere_ends_when_it_looks_again(dagbag, desk, held, warehouse):
    """The scheduler's own sweep wakes it."""
    li = desk("li", "op")

    def void_it() -> None:
        form_of(li)
        void(warehouse, Answer(BILL, "zhao", REASON), DUE)
        let_the_hour_pass()

    assert set(review(dagbag, void_it).values()) == {"skipped"}
    assert bill(warehouse) == ("void", "zhao")


def test_a_run_whose_bill_still_waits_waits_on(dagbag, desk, held, warehouse):
    li = desk("li", "op")

    def pass_time_then_approve() -> None:
        form_of(li)
        let_the_hour_pass()
        time.sleep(0.5)
        assert answer(li, form_of(li), APPROVE) == 200

    assert set(review(dagbag, pass_time_then_approve).values()) == {"success"}
    assert bill(warehouse) == ("issued", "li")


def let_the_hour_pass() -> None:
    """What the scheduler does with a task that waited for an hour."""
    from airflow.jobs.job import Job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from airflow.utils.session import create_session

    with create_session() as session:
        session.execute(text("UPDATE task_instance SET trigger_timeout = now() WHERE state = 'awaiting_input'"))
    SchedulerJobRunner(Job()).check_awaiting_input_timeouts()


def test_a_hold_that_is_over_when_the_run_begins_is_not_asked_about(dagbag, held, warehouse):
    states = review(dagbag, lambda: None, hold=list_holds(warehouse)[0].hold_key + 1000)
    assert set(states.values()) == {"skipped"}


def test_closing_starts_a_review_for_each_held_bill_once(dagbag, held, warehouse):
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    def runs() -> list[tuple[str, dict[str, Any]]]:
        with create_session() as session:
            return [
                (run.run_id, run.conf)
                for run in session.query(DagRun).filter(DagRun.dag_id == "bill_review", DagRun.run_id.like("review__%"))
            ]

    before = runs()
    for minute in (1, 2):
        dagbag.dags["billing_period_close"].test(
            run_conf={"period": "2026-10"}, run_after=DUE + timedelta(hours=1, minutes=minute)
        )
    hold = list_holds(warehouse)[0]
    assert [run for run in runs() if run not in before] == [
        (f"review__{BILL}__{hold.hold_key}", {"bill": BILL, "hold": hold.hold_key})
    ]
    assert show_bill(warehouse, BILL).row.hold_key == hold.hold_key
