"""bill_correction on a real Airflow: the form, the person, the documents, the refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from include.billing.bills.close import close_period
from include.billing.corrections.correct import list_corrections
from include.billing.prices.plans import publish_price_plans
from tests.support.billing.documents import documents, late_usage, lines
from tests.support.billing.october import BILL, DUE, OCTOBER, price_plan, version
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

pytestmark = pytest.mark.slow
FORM: dict[str, Any] = {
    "subscription": "sub-01-orders",
    "bill": BILL,
    "cause": "refund",
    "delivery": "note",
    "reason": "The console was down for a day; agreed by mail.",
    "price_plan": None,
    "discount_percent": None,
    "from": None,
    "refund_amount": None,
    "refund_line": None,
    "with_what_waits": False,
    "refunds_may_exceed": False,
}
REFUND = {"refund_amount": "1.00", "refund_line": 1}


@pytest.fixture
def issued(warehouse, airflow_connections):
    """October's bill of one subscription."""
    publish_price_plans(warehouse, [price_plan(), price_plan(version(price="1.00"), name="gold")])
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), metering_started_at=None)
        make_usage(connection, make_instance(connection, key), OCTOBER.window.start, [36_000])
    close_period(warehouse, OCTOBER, DUE)
    return warehouse


def run(dagbag, **conf: Any) -> dict[str, str]:
    """States of a run; `dag.test` keeps what one run was given as defaults, so the form is given whole."""
    done = dagbag.dags["bill_correction"].test(run_conf=FORM | conf)
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


def test_a_refund_in_the_name_of_who_triggered_is_a_credit_note_at_once(dagbag, issued):
    assert run(dagbag, **REFUND) == {"correct_bill": "success", "report": "success"}
    note = documents(issued)[1]
    assert (note.bill_id, note.document, str(note.total)) == (f"CN-{BILL}-1", "credit_note", "-1.00")
    [asked] = list_corrections(issued)
    assert (asked.requested_by, asked.reason, asked.state) == ("dag_test", FORM["reason"], "applied")


def test_a_runs_date_does_not_date_the_note(dagbag, issued):
    done = dagbag.dags["bill_correction"].test(run_conf=FORM | REFUND, run_after=DUE - timedelta(days=60))
    assert str(done.state) == "success"
    bill, note = documents(issued)
    assert note.issued_at > bill.issued_at


def test_another_run_of_the_same_form_is_another_refund(dagbag, issued):
    for _ in range(2):
        run(dagbag, **REFUND)
    assert [document.document for document in documents(issued)] == ["bill", "credit_note", "credit_note"]


def test_late_usage_on_the_next_bill_waits(dagbag, issued):
    late_usage(issued, "kf-1", OCTOBER.window.start, 39_600, DUE + timedelta(days=1))
    assert run(dagbag, cause="late_usage", delivery="next_bill")["report"] == "success"
    assert [row.correction_id is None for row in list_corrections(issued, "pending")] == [True, False]
    assert len(documents(issued)) == 1


def test_a_note_has_what_else_waits_only_where_the_form_says_so(dagbag, issued):
    late_usage(issued, "kf-1", OCTOBER.window.start, 39_600, DUE + timedelta(days=1))
    assert run(dagbag, **REFUND)["correct_bill"] == "failed"
    assert len(documents(issued)) == 1
    assert run(dagbag, **REFUND, with_what_waits=True)["correct_bill"] == "success"
    assert len(lines(issued, f"DN-{BILL}-1")) == 2


def test_a_hostile_reason_is_text_and_nothing_else(dagbag, issued):
    reason = "'); DROP TABLE billing.bills; -- {{ 7 * 7 }} <script>alert(1)</script>"
    assert run(dagbag, **REFUND, reason=reason)["correct_bill"] == "success"
    [line] = lines(issued, f"CN-{BILL}-1")
    assert line.reason == reason


@pytest.mark.parametrize(
    "conf",
    [
        {"bill": "2026-10-sub-unknown"},
        {"bill": "{{ var.value.secret }}"},
        {"subscription": "sub-01-other"},
        {"cause": "late_usage", "refund_amount": None, "refund_line": None},
        {"refund_amount": "12.01"},
        {"reason": "because\u202e of this and that"},
    ],
)
def test_what_breaks_a_rule_fails_and_corrects_nothing(dagbag, issued, conf):
    assert run(dagbag, **REFUND | conf) == {"correct_bill": "failed", "report": "upstream_failed"}
    assert (len(documents(issued)), list_corrections(issued)) == (1, [])


@pytest.mark.parametrize(
    "conf",
    [
        {"reason": "short"},
        {"reason": None},
        {"reason": "x" * 501},
        {"bill": None},
        {"bill": "x" * 201},
        {"cause": "weather"},
        {"delivery": "pigeon"},
        {"refund_line": 0},
        {"price_plan": "x" * 64},
        {"discount_percent": "ten"},
        {"refund_amount": "-1"},
    ],
)
def test_the_form_refuses_what_is_missing_too_long_or_hostile(dagbag, conf):
    from airflow.sdk.exceptions import ParamValidationError

    [(name, value)] = conf.items()
    field = dagbag.dags["bill_correction"].params.get_param(name)
    with pytest.raises(ParamValidationError):
        field.resolve(value)


def test_a_form_with_several_mistakes_is_answered_with_all_of_them(dagbag, issued, caplog):
    assert run(dagbag, discount_percent="1.0123456789012", refund_amount="0")["correct_bill"] == "failed"
    [said] = [record.message for record in caplog.records if "fields are wrong" in record.message]
    assert said.startswith("2 fields are wrong. (1) Discount is '1.0123456789012': it ")
    assert "(2) Refund is '0': it " in said
    assert list_corrections(issued) == []
