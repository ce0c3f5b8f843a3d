"""What is left to give back: beside what waits, in any order, at each tax rate, and before a document is issued."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.billing.bills.answers import Answer
from include.billing.bills.close import close_period
from include.billing.bills.completeness import audit_completeness
from include.billing.bills.review import approve, show_bill
from include.billing.corrections.correct import correct_bill
from include.billing.corrections.requests import read_correction
from include.billing.prices.plans import publish_price_plans
from include.domain.errors import ConflictError, InvalidInputError
from include.domain.money import Decimal
from include.onboarding.release import release_subscription
from include.operations.audits import audit_issued_bills
from tests.support.billing.documents import documents, late_usage, lines, said_of
from tests.support.billing.october import BILL, DUE, OCTOBER, price_plan, version

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

START = OCTOBER.window.start
LATER = DUE + timedelta(days=3)
NOVEMBER = OCTOBER.next
END = NOVEMBER.window.end + timedelta(hours=6)
DELIVERIES = ["note", "next_bill"]
HALF: dict[str, Any] = {"cause": "discount", "discount_percent": "50"}
TOO_MUCH = "is more than what is left to give back"


def ask(warehouse: Engine, delivery: str = "note", **fields: Any) -> Any:
    asked = read_correction(
        subscription="sub-01-orders",
        bill=BILL,
        delivery=delivery,
        reason="As agreed with the customer.",
        by="anna",
        origin=repr((delivery, fields)),
        with_what_waits=True,
        **fields,
    )
    return correct_bill(warehouse, asked, LATER)


def refund(warehouse: Engine, amount: str, delivery: str = "note", line: int = 1) -> Any:
    return ask(warehouse, delivery, cause="refund", refund_amount=amount, refund_line=line)


def billed(warehouse: Engine, subscribe: Callable[..., int], *others: Any, **rules: Any) -> Engine:
    """October issued under one version of these rules: 24 hours of 10 AKU at 1.20, which are 288.00 before tax."""
    publish_price_plans(warehouse, [price_plan(version(**rules)), *others])
    subscribe(usage=(36_000,) * 24)
    close_period(warehouse, OCTOBER, DUE)
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET metering_started_at = NULL"))
    return warehouse


def close_november(warehouse: Engine) -> Any:
    return close_period(warehouse, NOVEMBER, END)


def total(warehouse: Engine) -> str:
    return f"{said_of(warehouse, BILL).total:.2f}"


@pytest.mark.parametrize("second", DELIVERIES)
@pytest.mark.parametrize("first", DELIVERIES)
def test_a_refund_beside_a_correction_gives_back_what_both_leave(
    warehouse: Engine, subscribe: Callable[..., int], first: str, second: str
) -> None:
    billed(warehouse, subscribe)
    ask(warehouse, first, **HALF)
    for amount in ("288.00", "144.01"):
        with pytest.raises(
            InvalidInputError, match=re.escape(f"{TOO_MUCH}: of line 1 288 CNY, of the whole bill 144 ")
        ):
            refund(warehouse, amount, second)
    refund(warehouse, "144.00", second)
    close_november(warehouse)
    assert total(warehouse) == "0.00"


@pytest.mark.parametrize("second", DELIVERIES)
@pytest.mark.parametrize("first", DELIVERIES)
def test_a_correction_after_a_refund_leaves_what_was_given_back(
    warehouse: Engine, subscribe: Callable[..., int], first: str, second: str
) -> None:
    billed(warehouse, subscribe)
    refund(warehouse, "144.01", first)
    with pytest.raises(
        ConflictError,
        match=re.escape("would cost 144 CNY, and refunds give back 144.01 CNY of it, those that wait included"),
    ):
        ask(warehouse, second, **HALF)
    ask(warehouse, second, **HALF | {"discount_percent": "49.9"})
    close_november(warehouse)
    assert total(warehouse) == "0.28"


def test_two_refunds_that_wait_share_what_is_left(warehouse: Engine, subscribe: Callable[..., int]) -> None:
    billed(warehouse, subscribe, fees=[{"name": "Platform", "amount": "100.00"}])
    ask(warehouse, "next_bill", **HALF)
    refund(warehouse, "100.00", "next_bill")
    refund(warehouse, "90.00", "next_bill", line=2)
    for amount, line in (("4.01", 1), ("4.01", 2)):
        with pytest.raises(InvalidInputError, match="of the whole bill 4 CNY"):
            refund(warehouse, amount, "next_bill", line=line)
    refund(warehouse, "4.00", "next_bill", line=1)
    close_november(warehouse)
    assert total(warehouse) == "0.00"


def test_a_line_that_a_correction_makes_smaller_is_not_given_back_twice(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    """Though the bill has other lines that would bear it."""
    half = price_plan(version(price="0.60", fees=[{"name": "Platform", "amount": "500.00"}]), name="half")
    billed(warehouse, subscribe, half, fees=[{"name": "Platform", "amount": "500.00"}])
    refund(warehouse, "288.00", "next_bill")
    with pytest.raises(ConflictError, match=re.escape("line 1 of bill 2026-10-sub-01-orders would cost 144 CNY")):
        ask(warehouse, cause="price", price_plan="half")


@pytest.mark.parametrize("taxed", ["added", "contained"])
@pytest.mark.parametrize("mode", ["down", "up", "half_up", "half_even"])
def test_all_that_was_paid_is_given_back_with_its_tax_and_no_more(
    warehouse: Engine, subscribe: Callable[..., int], mode: str, taxed: str
) -> None:
    billed(
        warehouse,
        subscribe,
        tax_rate="0.0825",
        tax_inclusive=taxed == "contained",
        rounding={"digits": 2, "mode": mode},
    )
    ask(warehouse, "next_bill", **HALF | {"discount_percent": "33.3"})
    for amount in ("0.01", "100.07", "92.00"):
        refund(warehouse, amount, "next_bill")
    with pytest.raises(InvalidInputError, match=TOO_MUCH):
        refund(warehouse, "0.03")
    refund(warehouse, f"{Decimal(288) - ask_discount(mode) - Decimal('192.08'):f}")
    assert total(warehouse) == "0.00"


def ask_discount(mode: str) -> Decimal:
    """33.3 % of 288.00 are 95.904."""
    return Decimal("95.91") if mode == "up" else Decimal("95.90")


@pytest.mark.parametrize(("rates", "paid"), [(("0.13", "0.06"), "305.28"), (("0.06", "0.13"), "325.44")])
def test_a_refund_follows_its_line_to_another_tax_rate(
    warehouse: Engine, subscribe: Callable[..., int], rates: tuple[str, str], paid: str
) -> None:
    before, after = rates
    billed(warehouse, subscribe, price_plan(version(tax_rate=after), name="right"), tax_rate=before)
    refund(warehouse, "100.00")
    ask(warehouse, cause="price", price_plan="right")
    assert total(warehouse) == f"{Decimal(paid) - 100 * (1 + Decimal(after)):.2f}"
    said = said_of(warehouse, BILL)
    assert f"{said.refunded_tax:.2f}" == f"{-100 * Decimal(after):.2f}"
    last = refund(warehouse, "188.00")
    assert [f"{line.tax_rate:.2f}" for line in lines(warehouse, last.document_id)] == [after]
    assert total(warehouse) == "0.00"
    with pytest.raises(InvalidInputError, match=f"{TOO_MUCH}: of line 1 0 CNY, of the whole bill 0 CNY"):
        refund(warehouse, "0.01")


def test_at_one_tax_rate_no_more_is_given_back_than_was_taxed_at_it(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    """Of 288.00 at 6 % a discount leaves 144.00; what is taxed otherwise is not given back with this tax."""
    later = version("2026-10-16T00:00:00+08:00", tax_rate="0.13", fees=[{"name": "Platform", "amount": "900.00"}])
    publish_price_plans(warehouse, [price_plan(version(tax_rate="0.06", discount_percent="50"), later)])
    subscribe(usage=(36_000,) * 24)
    close_period(warehouse, OCTOBER, DUE)
    with pytest.raises(InvalidInputError, match=re.escape("of what is taxed at 6 % 144 CNY")):
        refund(warehouse, "144.01")
    refund(warehouse, "144.00")
    assert f"{said_of(warehouse, BILL).refunded_tax:.2f}" == "-8.64"


def test_a_bill_is_held_that_would_give_back_more_than_late_usage_leaves(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    billed(warehouse, subscribe, tax_rate="0.06")
    refund(warehouse, "288.00")
    late_usage(warehouse, "kf-orders", START, 32_400, LATER)
    closed = close_november(warehouse)
    assert [(held.bill_id, held.finding) for held in closed.held] == [
        ("2026-11-sub-01-orders", "refunds_do_not_exceed_the_bill")
    ]
    assert closed.held[0].sentence.startswith(
        "All, with tax, of bill 2026-10-sub-01-orders costs 304.00 CNY after corrections, and 305.20 CNY of it is given"
    )
    with pytest.raises(ConflictError, match="the whole, with tax, of bill"):
        ask(warehouse, cause="late_usage")
    assert total(warehouse) == "0.00"
    held = show_bill(warehouse, "2026-11-sub-01-orders").row
    approve(warehouse, Answer(held.bill_id, "ben", "It was agreed with the customer.", held.fingerprint), END)
    assert audit_issued_bills(warehouse, END) == [], "neither November's bill nor October's is named again"


def test_what_was_refunded_of_a_bill_without_a_next_one_may_exceed_it_if_a_person_agrees(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    billed(warehouse, subscribe)
    refund(warehouse, "288.00")
    end = OCTOBER.window.end - timedelta(hours=1)
    release_subscription(warehouse, "sub-01-orders", end, "ben", "The buyer released it.", LATER)
    late_usage(warehouse, "kf-orders", START, 32_400, LATER)
    with pytest.raises(ConflictError, match=re.escape("(form: Refunds may exceed the bill; command line: --refunds-")):
        ask(warehouse, cause="late_usage")
    agreed = ask(warehouse, cause="late_usage", refunds_may_exceed=True)
    assert f"{agreed.total:.2f}" == "-1.20"
    assert (audit_issued_bills(warehouse, LATER), audit_completeness(warehouse)) == ([], [])
    with pytest.raises(InvalidInputError, match=TOO_MUCH):
        refund(warehouse, "0.01")


def test_an_agreement_holds_until_what_was_agreed_to_changes(warehouse: Engine, subscribe: Callable[..., int]) -> None:
    billed(warehouse, subscribe)
    refund(warehouse, "144.01")
    ask(warehouse, **HALF, refunds_may_exceed=True)
    assert close_november(warehouse).held == []
    late_usage(warehouse, "kf-orders", START, 32_400, LATER)
    with pytest.raises(ConflictError, match=re.escape("would cost 143.4 CNY")):
        ask(warehouse, cause="late_usage")


def test_a_refund_itself_never_exceeds_its_bill(warehouse: Engine, subscribe: Callable[..., int]) -> None:
    billed(warehouse, subscribe)
    with pytest.raises(InvalidInputError, match="has no meaning for the cause refund"):
        ask(warehouse, cause="refund", refund_amount="288.01", refund_line=1, refunds_may_exceed=True)
    with pytest.raises(InvalidInputError, match="is only for a note: a next bill that gives back too much is held"):
        ask(warehouse, "next_bill", **HALF, refunds_may_exceed=True)


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_a_discount_is_nothing_to_give_back_even_where_late_usage_makes_it_smaller(
    warehouse: Engine, subscribe: Callable[..., int], delivery: str
) -> None:
    """Late usage and a refund are on one note: what the first leaves of the discount is not paid out by the second."""
    billed(warehouse, subscribe, discount_percent="10")
    late_usage(warehouse, "kf-orders", START, 0, LATER)
    with pytest.raises(InvalidInputError, match=re.escape(f"{TOO_MUCH}: of line 2 -27.6 CNY")):
        refund(warehouse, "0.01", delivery, line=2)
    refund(warehouse, "248.40", delivery)


def test_a_correction_waits_for_no_bill_of_another_currency(warehouse: Engine, subscribe: Callable[..., int]) -> None:
    billed(warehouse, subscribe, price_plan(name="dollars", currency="USD"))
    ask(warehouse, "next_bill", **HALF)
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET price_plan = 'dollars'"))
    with pytest.raises(ConflictError, match=r"is in CNY, and .* has its next bill in USD\. Choose a note"):
        refund(warehouse, "1.00", "next_bill")
    close_november(warehouse)
    _, november = documents(warehouse)
    assert (november.currency, f"{november.total:.2f}") == ("USD", "0.00")
    refund(warehouse, "144.00")
    assert total(warehouse) == "0.00"
