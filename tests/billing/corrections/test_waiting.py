"""A note issues what was asked for: what else waits for its bill is named with its amounts, and agreed to."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from include.billing.bills.close import close_period
from include.billing.corrections.correct import list_corrections
from include.billing.prices.plans import publish_price_plans
from include.domain.errors import ConflictError
from include.onboarding.release import release_subscription
from include.operations.audits import audit_issued_bills
from tests.support.billing.corrections import FORM, LATER, REFUND, correct
from tests.support.billing.documents import documents, late_usage, lines
from tests.support.billing.october import BILL, DUE, OCTOBER, price_plan, version

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

START = OCTOBER.window.start
WAITS = {"delivery": "next_bill"}
SECOND = {"origin": "manual__2"}
HALF = {"cause": "discount", "discount_percent": "50"}


@pytest.fixture
def issued(warehouse: Engine, subscribe: Callable[..., int]) -> Engine:
    """October issued: 24.00 before tax, and 6 % tax."""
    publish_price_plans(warehouse, [price_plan(version(tax_rate="0.06"))])
    subscribe(usage=(36_000, 36_000))
    close_period(warehouse, OCTOBER, DUE)
    return warehouse


def refusal(warehouse: Engine, **asked: Any) -> str:
    before = (documents(warehouse), list_corrections(warehouse))
    with pytest.raises(ConflictError) as refused:
        correct(warehouse, **asked, **SECOND)
    assert (documents(warehouse), list_corrections(warehouse)) == before
    return str(refused.value)


def test_a_refund_as_a_note_does_not_issue_late_usage_that_happened_to_wait(issued: Engine) -> None:
    late_usage(issued, "kf-orders", START, 0, LATER)
    said = refusal(issued, **REFUND)
    assert said.startswith(
        f"What waits for bill {BILL} comes to -12.72 CNY, tax included, and would be on the note too: usage of 1 hour "
        "that became known after the bill was issued: -12.72 CNY with tax. To issue it on the same note, say so"
    )
    done = correct(issued, **REFUND, **SECOND, with_what_waits=True)
    assert (f"{done.total:.2f}", len(lines(issued, done.document_id))) == ("-13.78", 2)


def test_every_thing_that_waits_is_named_with_its_amount(issued: Engine) -> None:
    late_usage(issued, "kf-orders", START, 39_600, LATER)
    half = correct(issued, **HALF, **WAITS)
    refund = correct(issued, **REFUND, **WAITS)
    said = refusal(issued, **REFUND | {"refund_amount": "2.00"})
    reason = FORM["reason"]
    assert (
        "comes to -13.15 CNY, tax included, and would be on the note too: usage of 1 hour that became known after the "
        f'bill was issued, discount {half.correction_id} of anna ("{reason}"): -12.09 CNY with tax; refund '
        f'{refund.correction_id} of anna ("{reason}"): -1.00 CNY before tax.'
    ) in said


def test_who_asks_for_late_usage_asks_for_all_of_it_and_for_nothing_else(issued: Engine) -> None:
    late_usage(issued, "kf-orders", START, 39_600, LATER)
    correct(issued, **WAITS)
    refund = correct(issued, **REFUND, **WAITS)
    said = refusal(issued)
    assert f"would be on the note too: refund {refund.correction_id} of anna" in said
    assert "usage of" not in said
    half = correct(issued, **HALF, **WAITS)
    assert re.search(f"discount {half.correction_id} .*, with the late usage: -12.09 CNY with tax", refusal(issued))
    assert f"{correct(issued, **SECOND, with_what_waits=True).total:.2f}" == "-13.15"
    late_usage(issued, "kf-orders", START, 36_000, LATER)
    assert correct(issued, origin="manual__3").document_id == f"CN-{BILL}-2"


def test_nothing_is_asked_where_nothing_waits_and_for_the_next_bill(issued: Engine) -> None:
    correct(issued, **REFUND)
    late_usage(issued, "kf-orders", START, 39_600, LATER)
    assert correct(issued, **REFUND, **WAITS, **SECOND).state == "pending"


def test_agreeing_after_a_refusal_is_the_same_request(issued: Engine) -> None:
    late_usage(issued, "kf-orders", START, 39_600, LATER)
    refusal(issued, **REFUND)
    done = correct(issued, **REFUND, **SECOND, with_what_waits=True)
    again = correct(issued, **REFUND, **SECOND)
    assert (again.correction_id, again.document_id, again.is_new) == (done.correction_id, done.document_id, False)


def test_what_waited_for_a_bill_that_will_not_come_is_issued_on_a_note(issued: Engine) -> None:
    half = correct(issued, **HALF, **WAITS)
    end = OCTOBER.window.end - timedelta(hours=1)
    release_subscription(issued, "sub-01-orders", end, "ann", "Released by the buyer last month.", LATER)
    assert [(row.correction_id, row.delivery) for row in list_corrections(issued, "pending")] == [
        (half.correction_id, None)
    ]
    assert [broken.claim for broken in audit_issued_bills(issued, LATER)] == ["late_usage_has_a_next_bill"]
    assert f"discount {half.correction_id} of anna" in refusal(issued)
    done = correct(issued, **SECOND, with_what_waits=True)
    assert (f"{done.total:.2f}", list_corrections(issued, "pending")) == ("-12.72", [])
    assert audit_issued_bills(issued, LATER) == []
