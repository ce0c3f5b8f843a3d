"""A correction that waits is taken back: it no longer counts, in no draft, in no rating and in no audit."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.billing.bills.answers import Answer
from include.billing.bills.close import close_period
from include.billing.bills.completeness import audit_completeness
from include.billing.bills.review import approve, list_holds, list_makers, show_bill
from include.billing.corrections.correct import list_corrections
from include.billing.corrections.withdraw import read_withdrawal, withdraw_correction
from include.billing.evidence.verify import verify_bills
from include.billing.prices.offers import list_offers
from include.billing.prices.plans import publish_price_plans
from include.domain.errors import ConflictError, InvalidInputError
from include.domain.money import Decimal
from include.warehouse.engine import GuardError
from tests.support.billing.corrections import LATER, NOVEMBER, REFUND, close_november, correct
from tests.support.billing.documents import documents, late_usage, lines, said_of
from tests.support.billing.october import BILL, DUE, OCTOBER, price_plan, version
from tests.support.breaking import kill_in_the_middle

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

START = OCTOBER.window.start
NEXT = "2026-11-sub-01-orders"
WAITS = {"delivery": "next_bill"}
WRONG = "It was meant for another customer."


@pytest.fixture
def issued(warehouse: Engine, subscribe: Callable[..., int]) -> Engine:
    """October issued: 24.00 before tax, and 6 % tax; gold is cheaper, platinum more expensive."""
    plans = [
        price_plan(version(tax_rate="0.06")),
        price_plan(version(price="1.00", tax_rate="0.06"), name="gold"),
        price_plan(version(price="2.40", tax_rate="0.06"), name="platinum"),
    ]
    publish_price_plans(warehouse, plans)
    subscribe(usage=(36_000, 36_000))
    close_period(warehouse, OCTOBER, DUE)
    return warehouse


def withdraw(warehouse: Engine, correction: str | None, reason: str | None = WRONG, by: str | None = "ben") -> Any:
    asked = read_withdrawal(correction=correction, reason=reason, by=by)
    return withdraw_correction(warehouse, asked, LATER + timedelta(hours=1))


def hold_november(warehouse: Engine) -> None:
    """Its hours are not closed."""
    close_period(warehouse, NOVEMBER, NOVEMBER.window.end + timedelta(hours=6))


def total(warehouse: Engine) -> str:
    return f"{said_of(warehouse, BILL).total:.2f}"


@pytest.mark.parametrize(
    "asked", [REFUND, {"cause": "price", "price_plan": "gold"}, {"cause": "discount", "discount_percent": "50"}]
)
def test_what_was_withdrawn_is_on_no_bill_and_counts_for_nothing(issued: Engine, asked: dict[str, Any]) -> None:
    waiting = correct(issued, **asked | WAITS)
    done = withdraw(issued, waiting.correction_id)
    assert (
        done.describe() == f"Correction {waiting.correction_id} of bill {BILL} is withdrawn: no document will have it."
    )
    [listed] = list_corrections(issued)
    assert (listed.state, listed.withdrawn_by, listed.withdrawal_reason) == ("withdrawn", "ben", WRONG)
    assert (listed.withdrawn_at, list_corrections(issued, "pending")) == (LATER + timedelta(hours=1), [])
    assert [offer.is_withdrawn for offer in list_offers(issued)] == [True] * (asked["cause"] != "refund")
    close_november(issued)
    _, november = documents(issued)
    assert (november.state, f"{november.total:.2f}", total(issued)) == ("issued", "0.00", "25.44")
    # What comes later starts from the terms that stand.
    late_usage(issued, "kf-orders", START, 39_600, LATER)
    correct(issued, origin="manual__2")
    assert total(issued) == "26.71"
    assert verify_bills(issued).differences == []
    assert audit_completeness(issued) == []


def test_the_same_withdrawal_is_carried_out_once_and_another_says_who_was_first(issued: Engine) -> None:
    waiting = correct(issued, **REFUND | WAITS)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: withdraw(issued, waiting.correction_id), range(4)))
    assert sum(one.is_new for one in done) == 1
    assert "it was before: nothing was done again" in withdraw(issued, waiting.correction_id).describe()
    with pytest.raises(ConflictError, match=re.escape(f'was withdrawn by ben: "{WRONG}"')):
        withdraw(issued, waiting.correction_id, by="anna")
    again = correct(issued, **REFUND | WAITS)
    assert "was withdrawn: to ask for it once more, give another reason" in again.describe()
    assert list_corrections(issued, "pending") == []


def test_a_draft_and_a_held_bill_lose_what_is_withdrawn_and_keep_what_still_waits(issued: Engine) -> None:
    wrong = correct(issued, **REFUND | WAITS | {"refund_amount": "20.00"})
    late_usage(issued, "kf-orders", START, 39_600, LATER)
    hold_november(issued)
    [before] = list_holds(issued)
    assert f"{documents(issued)[1].total:.2f}" == "-19.93"
    done = withdraw(issued, wrong.correction_id)
    assert done.bill_ids == (NEXT,)
    assert f"Taken off {NEXT}: close that period again" in done.describe()
    november = documents(issued)[1]
    assert (november.state, f"{november.total:.2f}") == ("held", "1.27")
    assert [line.kind for line in lines(issued, NEXT)] == ["usage", "usage"]
    [after] = list_holds(issued)
    assert (after.hold_key, after.fingerprint) != (before.hold_key, before.fingerprint), "it is shown again"
    assert list_makers(issued, show_bill(issued, NEXT), Decimal("1.00"))["ben"] == "withdrew a correction from it"
    approved = Answer(NEXT, "carl", "What is left is right.", after.fingerprint)
    at = NOVEMBER.window.end + timedelta(hours=7)
    assert approve(issued, approved, at).state == "issued", "the draft is the one that a close would make"
    assert total(issued) == "26.71"


def test_what_an_issued_document_has_is_not_withdrawn(issued: Engine) -> None:
    note = correct(issued, **REFUND)
    with pytest.raises(ConflictError, match=f"is on CN-{BILL}-1, which is issued and never changes"):
        withdraw(issued, note.correction_id)
    waiting = correct(issued, **REFUND | WAITS | {"origin": "manual__2"})
    close_november(issued)
    with pytest.raises(ConflictError, match=f"is on {NEXT}, which is issued"):
        withdraw(issued, waiting.correction_id)
    assert total(issued) == "23.32"


def test_terms_that_another_correction_starts_from_are_withdrawn_after_it(issued: Engine) -> None:
    first = correct(issued, cause="price", price_plan="gold", **WAITS)
    second = correct(issued, cause="discount", discount_percent="50", origin="manual__2", **WAITS)
    refusal = f"{second.correction_id} of bill {BILL} was asked for later and starts from the terms of"
    with pytest.raises(ConflictError, match=refusal):
        withdraw(issued, first.correction_id)
    withdraw(issued, second.correction_id)
    withdraw(issued, first.correction_id)
    close_november(issued)
    assert total(issued) == "25.44"


def test_a_correction_that_a_refund_needs_is_withdrawn_after_it(issued: Engine) -> None:
    dearer = correct(issued, cause="price", price_plan="platinum", **WAITS)
    refund = correct(issued, **REFUND | WAITS | {"refund_amount": "30.00"})
    rule = "line 1 of .* costs 24 CNY, and refunds give back 30 CNY of it, those that wait included. Withdraw a refund"
    with pytest.raises(ConflictError, match=rule):
        withdraw(issued, dearer.correction_id)
    withdraw(issued, refund.correction_id)
    withdraw(issued, dearer.correction_id)
    close_november(issued)
    assert total(issued) == "25.44"


def test_a_withdrawal_that_makes_nothing_worse_is_not_refused_for_what_is_overdrawn_already(issued: Engine) -> None:
    discount = correct(issued, cause="discount", discount_percent="10", **WAITS)
    correct(issued, **REFUND | WAITS | {"refund_amount": "21.00"})
    late_usage(issued, "kf-orders", START, 0, LATER)
    withdraw(issued, discount.correction_id)
    assert len(list_corrections(issued, "pending")) == 2


def test_late_usage_itself_still_waits(issued: Engine) -> None:
    late_usage(issued, "kf-orders", START, 39_600, LATER)
    asked = correct(issued, **WAITS)
    assert "The late usage itself still waits" in withdraw(issued, asked.correction_id).describe()
    close_november(issued)
    assert total(issued) == "26.71"
    assert lines(issued, NEXT)[1].reason == "Usage that became known after the bill was issued"


def test_a_withdrawal_is_refused_in_words(issued: Engine) -> None:
    waiting = correct(issued, **REFUND | WAITS).correction_id
    refused: list[tuple[dict[str, Any], str]] = [
        ({"correction": None}, "Correction is missing"),
        ({"correction": "cor-none"}, "Correction is 'cor-none': it does not exist"),
        ({"correction": "cor-\u202e"}, "characters that cannot be seen"),
        ({"correction": waiting, "reason": "short"}, "has 5 characters, not 10 to 500"),
        ({"correction": waiting, "by": None}, "A correction is withdrawn by a person"),
    ]
    for given, sentence in refused:
        with pytest.raises(InvalidInputError, match=re.escape(sentence)):
            withdraw(issued, **given)
    assert [one.state for one in list_corrections(issued)] == ["pending"]


def test_a_withdrawal_and_a_close_at_once_agree(issued: Engine) -> None:
    with issued.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET metering_started_at = NULL"))
    waiting = correct(issued, **REFUND | WAITS).correction_id

    def take_back() -> None:
        with suppress(ConflictError):  # the bill was first
            withdraw(issued, waiting)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(close_november, issued), pool.submit(take_back)]:
            done.result()
    [listed] = list_corrections(issued)
    assert (listed.state, total(issued)) in {("withdrawn", "25.44"), ("applied", "24.38")}


def test_a_withdrawal_that_is_killed_leaves_everything_and_can_be_repeated(issued: Engine) -> None:
    waiting = correct(issued, **REFUND | WAITS).correction_id
    hold_november(issued)
    held = documents(issued)[1]
    program = """
from datetime import UTC, datetime
from include.billing.corrections.withdraw import read_withdrawal, withdraw_correction
asked = read_withdrawal(correction=arguments[0], reason=arguments[1], by="ben")
withdraw_correction(warehouse, asked, datetime(2026, 12, 1, tzinfo=UTC))
"""
    kill_in_the_middle(issued, "billing.bill_taxes", program, waiting, WRONG)
    assert ([one.state for one in list_corrections(issued)], documents(issued)[1]) == (["pending"], held)
    withdraw(issued, waiting)
    close_november(issued)
    assert total(issued) == "25.44"


@pytest.mark.parametrize("change", ["SET state = 'pending', withdrawn_by = NULL", "SET withdrawal_reason = 'other'"])
def test_the_database_keeps_what_was_withdrawn_withdrawn(issued: Engine, change: str) -> None:
    withdraw(issued, correct(issued, **REFUND | WAITS).correction_id)
    with (
        pytest.raises(GuardError, match="was withdrawn, and stays as the record of that"),
        issued.begin() as connection,
    ):
        connection.execute(text(f"UPDATE billing.corrections {change}"))
