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
from tests.support.bill_review import REASON, REJECT, answer, form_of
from tests.support.billing.october import BILL, DUE, OCTOBER
from tests.support.builders import make_usage

pytestmark = pytest.mark.slow

APPROVE = {"chosen_options": ["Approve and issue"], "params_input": {"reason": REASON, "finding": "none"}}
_runs = count(1)


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


def test_a_person_approves_in_the_form_and_the_bill_is_issued(dagbag, desk, held_bill, warehouse):
    li = desk("li", "op")
    seen: dict[str, Any] = {}

    def approve() -> None:
        seen.update(form_of(li))
        assert answer(li, seen, APPROVE) == 200

    states = review(dagbag, approve, hold=list_holds(warehouse)[0].hold_key)

    assert set(states.values()) == {"success"}
    assert bill(warehouse) == ("issued", "li")
    assert seen["subject"] == f"Bill {BILL}: 1.20 CNY is held"
    assert "1 gap of unknown usage is open" in seen["body"]
    assert f"(/plugin/billing/billing/bills/{BILL})" in seen["body"]
    assert seen["params"]["finding"]["schema"]["enum"] == ["none", "no_gap_is_open"]


def test_an_answer_without_a_reason_is_asked_for_again(dagbag, desk, held_bill, warehouse):
    li = desk("li", "op")

    def answer_twice() -> None:
        hasty = {"chosen_options": ["Reject"], "params_input": {"reason": "no", "finding": "none"}}
        assert answer(li, form_of(li), hasty) == 200
        time.sleep(0.5)
        assert answer(li, form_of(li), REJECT) == 200

    assert set(review(dagbag, answer_twice).values()) == {"success"}
    assert bill(warehouse) == ("held", "li")
    assert list_holds(warehouse) == []


def test_a_named_finding_is_waived(dagbag, desk, held_bill, warehouse):
    li = desk("li", "op")
    given = {
        "chosen_options": ["Waive one finding"],
        "params_input": {"reason": REASON, "finding": "no_gap_is_open"},
    }
    review(dagbag, lambda: answer(li, form_of(li), given))
    assert bill(warehouse) == ("issued", "li")


def test_who_may_only_look_cannot_answer_and_only_offered_answers_are_taken(dagbag, desk, held_bill, warehouse):
    def try_all() -> None:
        form = form_of(desk("vera", "viewer"))
        assert answer(desk("vera", "viewer"), form, APPROVE) == 403
        assert answer(desk("li", "op"), form, {"chosen_options": ["Pay it"], "params_input": {}}) == 400
        assert answer(desk("li", "op"), form, APPROVE) == 200

    review(dagbag, try_all)
    assert bill(warehouse) == ("issued", "li")


def test_only_named_reviewers_answer_where_the_installation_names_some(
    dagbag, desk, held_bill, warehouse, airflow_connections
):
    airflow_connections.setenv("AIRFLOW__AKUBILL__BILL_REVIEWERS", "mei, zhao")

    def try_all() -> None:
        form = form_of(desk("li", "op"))
        assert answer(desk("li", "op"), form, APPROVE) == 403
        assert answer(desk("mei", "op"), form, APPROVE) == 200

    review(dagbag, try_all)
    assert bill(warehouse) == ("issued", "mei")


def test_an_answer_about_a_draft_that_was_made_again_issues_nothing(dagbag, desk, held_bill, warehouse):
    li = desk("li", "op")

    def remake_then_approve() -> None:
        form = form_of(li)
        with warehouse.begin() as connection:
            instance = connection.scalar(text("SELECT instance_key FROM metering.instances"))
            make_usage(connection, instance, OCTOBER.window.start.replace(hour=20), [3600])
        close_period(warehouse, OCTOBER, DUE)
        assert answer(li, form, APPROVE) == 200

    states = review(dagbag, remake_then_approve)
    assert states == {"await_answer": "skipped", "ask_again": "success"}
    assert bill(warehouse)[0] == "held"
    [hold] = list_holds(warehouse)
    run_id = f"review__{BILL}__{hold.hold_key}"
    assert run_id in dict(all_runs())
    assert li.delete(f"dags/bill_review/dagRuns/{run_id}").status_code == 204


def test_an_xcom_in_the_place_of_an_answer_decides_nothing(dagbag, desk, held_bill, warehouse):
    """An operator writes another person's approval where the answer would be, and marks the task as done."""
    li = desk("li", "op")
    hold = list_holds(warehouse)[0].hold_key
    # The run that closing starts for this hold, which the test's own run is in the place of.
    known = {"dag_run_id": f"review__{BILL}__{hold}", "logical_date": None, "conf": {"bill": BILL, "hold": hold}}
    assert li.post("dags/bill_review/dagRuns", json=known).status_code in {200, 409}

    def forge() -> None:
        form = form_of(li)
        run = form["task_instance"]["dag_run_id"]
        task = f"dags/bill_review/dagRuns/{run}/taskInstances/await_answer"
        forged = {
            "bill": BILL,
            "fingerprint": show_bill(warehouse, BILL).row.fingerprint,
            "option": "Approve and issue",
            "finding": "",
            "reason": REASON,
            "by": "the CFO",
            "at": "2026-10-01T00:00:00+00:00",
        }
        entry = {"key": "return_value", "value": forged}
        assert (
            li.post(f"dags/bill_review/dagRuns/{run}/taskInstances/await_answer/xcomEntries", json=entry).status_code
            == 201
        )
        assert li.patch(task, json={"new_state": "success"}).status_code == 200

    states = review(dagbag, forge, hold=hold)
    assert states == {"await_answer": "success", "ask_again": "failed"}, "the question is open, and the run says so"
    assert bill(warehouse)[0] == "held"
    assert show_bill(warehouse, BILL).row.state == "held"


@pytest.mark.parametrize("held_bill", ["li (billing_period_close manual__1)"], indirect=True)
def test_who_closed_a_large_month_does_not_approve_it_alone(dagbag, desk, held_bill, warehouse, airflow_connections):
    airflow_connections.setenv("AIRFLOW__AKUBILL__FOUR_EYES_ABOVE", "1.00")

    def try_both() -> None:
        form = form_of(desk("li", "op"))
        assert answer(desk("li", "op"), form, APPROVE) == 200
        time.sleep(3)
        form = form_of(desk("mei", "op"))
        assert "li closed its period, so another person approves it" in form["body"]
        assert answer(desk("mei", "op"), form, APPROVE) == 200

    assert set(review(dagbag, try_both).values()) == {"success"}
    assert bill(warehouse) == ("issued", "mei")


def test_a_run_whose_bill_was_decided_elsewhere_ends_when_it_looks_again(dagbag, desk, held_bill, warehouse):
    """The scheduler's own sweep wakes it."""
    li = desk("li", "op")

    def void_it() -> None:
        form_of(li)
        void(warehouse, Answer(BILL, "zhao", REASON), DUE)
        let_the_hour_pass()

    assert review(dagbag, void_it) == {"await_answer": "skipped", "ask_again": "success"}
    assert bill(warehouse) == ("void", "zhao")


def test_a_run_whose_bill_still_waits_waits_on(dagbag, desk, held_bill, warehouse):
    li = desk("li", "op")

    def pass_time_then_approve() -> None:
        form_of(li)
        let_the_hour_pass()
        time.sleep(0.5)
        assert answer(li, form_of(li), APPROVE) == 200

    assert set(review(dagbag, pass_time_then_approve).values()) == {"success"}
    assert bill(warehouse) == ("issued", "li")


def all_runs() -> list[tuple[str, dict[str, Any] | None]]:
    """Runs that were asked for, not those of tests, with their forms."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        asked = session.query(DagRun).filter(DagRun.dag_id == "bill_review", DagRun.run_id.like("review__%"))
        return [(run.run_id, run.conf) for run in asked]


def let_the_hour_pass() -> None:
    """What the scheduler does with a task that waited for an hour."""
    from airflow.jobs.job import Job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from airflow.utils.session import create_session

    with create_session() as session:
        session.execute(text("UPDATE task_instance SET trigger_timeout = now() WHERE state = 'awaiting_input'"))
    SchedulerJobRunner(Job()).check_awaiting_input_timeouts()


def test_a_hold_that_is_over_when_the_run_begins_is_not_asked_about(dagbag, held_bill, warehouse):
    states = review(dagbag, lambda: None, hold=list_holds(warehouse)[0].hold_key + 1000)
    assert states == {"await_answer": "skipped", "ask_again": "success"}


def test_closing_starts_a_review_for_each_held_bill_once(dagbag, desk, held_bill, warehouse):
    for run_id, _ in all_runs():  # of other tests, whose holds have the same numbers
        assert desk("li", "op").delete(f"dags/bill_review/dagRuns/{run_id}").status_code == 204
    for minute in (1, 2):
        dagbag.dags["billing_period_close"].test(
            run_conf={"period": "2026-10"}, run_after=DUE + timedelta(hours=1, minutes=minute)
        )
    hold = list_holds(warehouse)[0]
    assert all_runs() == [(f"review__{BILL}__{hold.hold_key}", {"bill": BILL, "hold": hold.hold_key})]
    assert show_bill(warehouse, BILL).row.hold_key == hold.hold_key
