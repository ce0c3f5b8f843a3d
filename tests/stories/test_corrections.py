"""What finance lives through after a bill is out: offers, refunds, late usage, wrong prices, mistakes in mending."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from include.billing.bills.close import close_period
from include.billing.corrections.correct import correct_bill
from include.billing.corrections.requests import read_correction
from include.billing.prices.offers import add_offer, read_offer
from include.billing.prices.plans import publish_price_plans
from include.domain.errors import ConflictError
from include.metering.imports.load import import_usage
from tests.support.billing.documents import documents, lines, said_of
from tests.support.billing.october import OCTOBER, price_plan, version
from tests.support.builders import make_buyer, make_instance, make_subscription

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from include.domain.periods import BillingPeriod

NOVEMBER, DECEMBER = OCTOBER.next, OCTOBER.next.next
DAY = timedelta(days=1)
SUBSCRIPTION = "sub-01-orders"
TAX = {"tax_rate": "0.06"}
BY_PERIOD: dict[str, Any] = {"charge_every": "period", "rounding": {"digits": 2, "mode": "half_up"}}


class Finance:
    """The people who bill one customer, on a warehouse."""

    def __init__(self, warehouse: Engine, folder: Path) -> None:
        self.warehouse, self.folder, self.runs = warehouse, folder, 0

    def subscribe(self, plan: str, **columns: Any) -> None:
        """A buyer subscribes, and runs one instance."""
        with self.warehouse.begin() as connection:
            columns = {"metering_started_at": None, "price_plan": plan} | columns
            key = make_subscription(connection, make_buyer(connection), **columns)
            make_instance(connection, key)

    def use(self, start: datetime, *aku_hours: int) -> None:
        """The instance uses so many AKU-hours in each hour from start on, as a file of the buyer's says."""
        self.runs += 1
        file = self.folder / f"usage-{self.runs}.csv"
        hours = [(start + timedelta(hours=number), quantity) for number, quantity in enumerate(aku_hours)]
        rows = [f"{SUBSCRIPTION},kf-1,{hour.isoformat()},{3600 * quantity}\n" for hour, quantity in hours]
        file.write_text("".join(["subscription_id,instance_id,hour,aku_seconds\n", *rows]), encoding="utf-8")
        assert import_usage(self.warehouse, file, start + 60 * DAY).rows_rejected == 0

    def close(self, period: BillingPeriod) -> Any:
        """Close a month; its bill, which is issued."""
        close_period(self.warehouse, period, period.window.end + timedelta(hours=6))
        bill = next(one for one in documents(self.warehouse) if (one.document, one.period) == ("bill", period.name))
        assert bill.state == "issued"
        return bill

    def correct(
        self, cause: str, delivery: str, at: datetime, bill: str = f"2026-10-{SUBSCRIPTION}", **asked: Any
    ) -> Any:
        """Ask for a correction; the note, or None where it waits for the next bill."""
        self.runs += 1
        reason = asked.pop("reason", "We were wrong, and the customer was right.")
        correction = read_correction(
            subscription=SUBSCRIPTION,
            bill=bill,
            cause=cause,
            delivery=delivery,
            reason=reason,
            by="fang",
            origin=f"manual__{self.runs}",
            **asked,
        )
        document_id = correct_bill(self.warehouse, correction, at).document_id
        return next((one for one in documents(self.warehouse) if one.bill_id == document_id), None)

    def lines(self, document: Any) -> list[tuple[Any, ...]]:
        """Kind, tier, AKU-hours and amount of each line."""
        return [
            (line.kind, line.tier, line.aku_seconds / 3600, f"{line.amount:.2f}")
            for line in lines(self.warehouse, document.bill_id)
        ]


@pytest.fixture
def finance(warehouse: Engine, tmp_path: Path) -> Finance:
    plans = [
        price_plan(version(price="1.00", **BY_PERIOD, **TAX), name="list"),
        price_plan(version(price="0.80", **BY_PERIOD, **TAX), name="gold"),
        price_plan(
            version(
                model="graduated",
                tiers=[
                    {"up_to": "100", "unit_price": "1.00", "flat_fee": "0"},
                    {"up_to": None, "unit_price": "0.50", "flat_fee": "9.00"},
                ],
                **BY_PERIOD,
                **TAX,
            ),
            name="steps",
        ),
    ]
    publish_price_plans(warehouse, plans)
    return Finance(warehouse, tmp_path)


def totals(document: Any) -> tuple[str, str, str]:
    return f"{document.subtotal:.2f}", f"{document.tax:.2f}", f"{document.total:.2f}"


def test_a_private_offer_from_the_middle_of_the_month(finance: Finance) -> None:
    finance.subscribe("list")
    finance.use(OCTOBER.window.start, 100)
    finance.use(OCTOBER.window.start + 20 * DAY, 100)
    offer = read_offer(
        subscription=SUBSCRIPTION,
        effective_from="2026-10-16T00:00:00+08:00",
        price_plan="gold",
        discount_percent="10",
        reason="Renewed for a year; agreed on 15 October.",
        by="fang",
    )
    add_offer(finance.warehouse, offer, OCTOBER.window.start + 14 * DAY)
    bill = finance.close(OCTOBER)
    assert finance.lines(bill) == [
        ("usage", 1, 100, "100.00"),
        ("usage", 1, 100, "80.00"),
        ("discount", None, 0, "-8.00"),
    ]
    assert totals(bill) == ("172.00", "10.32", "182.32")
    finance.use(NOVEMBER.window.start, 100)
    assert totals(finance.close(NOVEMBER)) == ("72.00", "4.32", "76.32")


def test_a_refund_after_the_bill_is_out(finance: Finance) -> None:
    finance.subscribe("list")
    finance.use(OCTOBER.window.start, 100)
    bill = finance.close(OCTOBER)
    note = finance.correct("refund", "note", NOVEMBER.window.start + DAY, refund_amount="12.34", refund_line=1)
    assert (note.document, totals(note)) == ("credit_note", ("-12.34", "-0.74", "-13.08"))
    assert finance.lines(note) == [("refund", None, 0, "-12.34")]
    assert totals(finance.close(NOVEMBER)) == ("0.00", "0.00", "0.00"), "given back once"
    assert bill.total + note.total == said_of(finance.warehouse, bill.bill_id).total


def test_late_usage_crosses_a_tier(finance: Finance) -> None:
    finance.subscribe("steps")
    finance.use(OCTOBER.window.start, 60, 30)
    october = finance.close(OCTOBER)
    assert (finance.lines(october), totals(october)) == ([("usage", 1, 90, "90.00")], ("90.00", "5.40", "95.40"))
    finance.use(OCTOBER.window.start + timedelta(hours=1), 50)
    november = finance.close(NOVEMBER)
    assert finance.lines(november)[1:] == [
        ("usage", 1, 10, "10.00"),
        ("usage", 2, 10, "5.00"),
        ("flat_fee", 2, 0, "9.00"),
    ]
    assert totals(november) == ("24.00", "1.44", "25.44")
    _, known, new, fee = lines(finance.warehouse, november.bill_id)
    assert (known.corrects_document, known.corrects_line_no) == (october.bill_id, 1)
    assert (new.corrects_document, fee.corrects_document) == (None, None), "no line said it before"
    assert (november.aku_seconds, new.corrects_bill_key) == (0, october.bill_key)


def test_a_price_error_found_two_months_later_comes_on_the_next_bill(finance: Finance) -> None:
    finance.subscribe("list")
    finance.use(OCTOBER.window.start, 100)
    finance.use(NOVEMBER.window.start, 50)
    finance.use(DECEMBER.window.start, 10)
    october, november = finance.close(OCTOBER), finance.close(NOVEMBER)
    found = NOVEMBER.window.end + 5 * DAY
    reason = "October should have been priced by the gold plan."
    assert finance.correct("price", "next_bill", found, price_plan="gold", reason=reason) is None
    december = finance.close(DECEMBER)
    assert finance.lines(december) == [("usage", 1, 10, "10.00"), ("usage", 1, 0, "-20.00")]
    assert totals(december) == ("-10.00", "-0.60", "-10.60")
    correction = lines(finance.warehouse, december.bill_id)[1]
    assert (correction.reason, correction.corrects_document) == (reason, october.bill_id)
    assert f"{said_of(finance.warehouse, october.bill_id).total:.2f}" == "84.80"
    assert said_of(finance.warehouse, november.bill_id).total == november.total, "November was priced right"


def test_a_correction_that_was_itself_wrong_is_corrected(finance: Finance) -> None:
    finance.subscribe("list")
    finance.use(OCTOBER.window.start, 100)
    october, at = finance.close(OCTOBER), NOVEMBER.window.start + DAY
    wrong = finance.correct("discount", "note", at, discount_percent="50")
    assert (wrong.document, totals(wrong)) == ("credit_note", ("-50.00", "-3.00", "-53.00"))
    right = finance.correct("discount", "note", at, bill=wrong.bill_id, discount_percent="5")
    assert (right.document, totals(right)) == ("debit_note", ("45.00", "2.70", "47.70"))
    [line] = lines(finance.warehouse, right.bill_id)
    assert (line.kind, line.corrects_document, line.corrects_line_no) == ("discount", wrong.bill_id, 1)
    finance.use(OCTOBER.window.start, 90)
    last = finance.correct("late_usage", "note", at)
    assert finance.lines(last) == [("usage", 1, -10, "-10.00"), ("discount", None, 0, "0.50")]
    assert f"{said_of(finance.warehouse, october.bill_id).total:.2f}" == "90.63", "90 at 5 % off, and 6 % tax"


def test_a_credit_note_at_once_also_takes_what_waits(finance: Finance) -> None:
    finance.subscribe("list")
    finance.use(OCTOBER.window.start, 100)
    october, at = finance.close(OCTOBER), NOVEMBER.window.start + DAY
    finance.correct("price", "next_bill", at, price_plan="gold")
    finance.use(OCTOBER.window.start + timedelta(hours=3), 10)
    asked: dict[str, Any] = {"refund_amount": "8.00", "refund_line": 1}
    with pytest.raises(ConflictError, match=r"comes to -12\.72 CNY, tax included, and would be"):
        finance.correct("refund", "note", at, **asked)
    note = finance.correct("refund", "note", at, **asked, with_what_waits=True)
    assert finance.lines(note) == [("usage", 1, 10, "-12.00"), ("refund", None, 0, "-8.00")]
    assert (note.bill_id, totals(note)) == (f"CN-{october.bill_id}-1", ("-20.00", "-1.20", "-21.20"))
    assert finance.lines(finance.close(NOVEMBER)) == [("usage", 1, 0, "0.00")]


def test_a_customer_in_california_is_billed_and_corrected_by_months_of_shanghai(finance: Finance) -> None:
    finance.subscribe("list", region="us-west-1")
    # 31 October, 08:00 in California is still October in Shanghai; 09:00 is November.
    last_hour = OCTOBER.window.end - timedelta(hours=1)
    finance.use(last_hour, 7, 5)
    october = finance.close(OCTOBER)
    assert totals(october) == ("7.00", "0.42", "7.42")
    finance.use(last_hour, 8)
    finance.use(last_hour + timedelta(hours=1), 6)
    november = finance.close(NOVEMBER)
    assert finance.lines(november) == [("usage", 1, 6, "6.00"), ("usage", 1, 1, "1.00")]
    assert (november.aku_seconds, totals(november)) == (6 * 3600, ("7.00", "0.42", "7.42"))
