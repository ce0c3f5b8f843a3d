"""Corrections of issued bills: what is refused, what a document says, and that asking twice is asking once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.corrections.correct import list_corrections
from include.billing.prices.plans import publish_price_plans
from include.domain.errors import ConflictError, InvalidInputError
from tests.support.billing.corrections import FORM, LATER, NOVEMBER, REFUND, close_november, correct
from tests.support.billing.documents import documents, late_usage, lines, said_of
from tests.support.billing.october import BILL, DUE, OCTOBER, price_plan, version

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

START = OCTOBER.window.start
HOUR = timedelta(hours=1)


@pytest.fixture
def taxed(warehouse: Engine, subscribe: Callable[..., int]) -> Engine:
    """October issued: ten AKU in each of two hours, at 1.20 an AKU-hour, charged and truncated by the hour, 6 % tax."""
    plans = [
        price_plan(version(tax_rate="0.06")),
        price_plan(version(price="1.00", tax_rate="0.06"), name="gold"),
        price_plan(version(price="1.00", tax_rate="0.13"), name="gold-13"),
        price_plan(version(price="1.00"), name="dollars", currency="USD"),
        price_plan(version(price="1.00"), name="elsewhere", time_zone="UTC"),
    ]
    publish_price_plans(warehouse, plans)
    subscribe(usage=(36_000, 36_000))
    close_period(warehouse, OCTOBER, DUE)
    return warehouse


def sums(document: Any) -> tuple[str, str, str]:
    return f"{document.subtotal:.2f}", f"{document.tax:.2f}", f"{document.total:.2f}"


def test_late_usage_on_a_note_at_once(taxed: Engine) -> None:
    late_usage(taxed, "kf-orders", START + HOUR, 39_600, LATER)
    done = correct(taxed)
    bill, note = documents(taxed)
    assert (note.bill_id, note.document, note.state) == (f"DN-{BILL}-1", "debit_note", "issued")
    assert (note.period, note.corrects_bill_key, note.issued_at) == ("2026-10", bill.bill_key, LATER)
    assert (sums(bill), sums(note)) == (("24.00", "1.44", "25.44"), ("1.20", "0.07", "1.27"))
    assert note.aku_seconds == 0, "usage of its own period it has none"
    [line] = lines(taxed, note.bill_id)
    assert (line.kind, line.aku_seconds, str(line.amount), line.reason) == ("usage", 3600, "1.20", FORM["reason"])
    assert (line.corrects_bill_key, line.corrects_document, line.corrects_line_no) == (bill.bill_key, BILL, 1)
    assert line.description == lines(taxed, BILL)[0].description
    assert (done.document_id, done.state, f"{done.total:.2f}") == (note.bill_id, "applied", "1.27")
    with pytest.raises(ConflictError, match="has no late usage"):
        correct(taxed, origin="manual__2")


def test_late_usage_comes_on_the_next_bill_without_anybody_asking(taxed: Engine) -> None:
    late_usage(taxed, "kf-orders", START + 5 * HOUR, 3600, LATER)
    [waiting] = list_corrections(taxed, "pending")
    assert (waiting.bill_id, waiting.correction_id, waiting.delivery) == (BILL, None, "next_bill")
    close_november(taxed)
    _, november = documents(taxed)
    assert (november.period, november.state, sums(november)) == ("2026-11", "issued", ("1.20", "0.07", "1.27"))
    own, correction = lines(taxed, november.bill_id)
    assert (own.corrects_bill_key, str(own.amount), november.aku_seconds) == (None, "0.00", 0)
    assert correction.reason == "Usage that became known after the bill was issued"
    with taxed.connect() as connection:
        query = text("SELECT state, applied_on_bill_key FROM billing.late_usage")
        assert connection.execute(query).all() == [("applied", november.bill_key)]
    assert list_corrections(taxed, "pending") == []


def test_a_draft_made_again_has_its_corrections_once(taxed: Engine) -> None:
    late_usage(taxed, "kf-orders", START + 5 * HOUR, 3600, LATER)
    for _ in range(2):
        close_period(taxed, NOVEMBER, NOVEMBER.window.end + timedelta(hours=6))
    _, november = documents(taxed)
    assert (november.state, len(lines(taxed, november.bill_id))) == ("held", 2)
    close_november(taxed)
    _, november = documents(taxed)
    assert (november.state, sums(november)) == ("issued", ("1.20", "0.07", "1.27"))


def test_a_note_takes_over_what_a_held_bill_had(taxed: Engine) -> None:
    late_usage(taxed, "kf-orders", START + 5 * HOUR, 3600, LATER)
    close_period(taxed, NOVEMBER, NOVEMBER.window.end + timedelta(hours=6))
    held = documents(taxed)[1]
    correct(taxed)
    bill, november, note = documents(taxed)
    assert (sums(november), len(lines(taxed, november.bill_id))) == (("0.00", "0.00", "0.00"), 1)
    assert (note.document, november.state) == ("debit_note", "held")
    assert november.fingerprint != held.fingerprint, "what was looked at is not what waits now"
    close_november(taxed)
    assert f"{said_of(taxed, BILL).total:.2f}" == "26.71"
    assert bill.state == "issued"


def test_a_correction_of_a_correction_points_at_it(taxed: Engine) -> None:
    late_usage(taxed, "kf-orders", START + HOUR, 39_600, LATER)
    first = correct(taxed)
    late_usage(taxed, "kf-orders", START + HOUR, 32_400, LATER)
    second = correct(taxed, origin="manual__2", bill=first.document_id)
    note = documents(taxed)[2]
    assert (note.bill_id, note.document, sums(note)) == (f"CN-{BILL}-2", "credit_note", ("-2.40", "-0.15", "-2.55"))
    [line] = lines(taxed, second.document_id)
    assert (line.corrects_document, line.corrects_line_no, line.aku_seconds) == (first.document_id, 1, -7200)
    late_usage(taxed, "kf-orders", START + HOUR, 36_000, LATER)
    third = correct(taxed, origin="manual__3")
    [line] = lines(taxed, third.document_id)
    assert line.corrects_document == second.document_id
    assert f"{said_of(taxed, BILL).total:.2f}" == "25.44", "as if nothing had happened"


def test_a_refund_gives_back_with_its_tax_and_never_more_than_was_billed(taxed: Engine) -> None:
    first = correct(taxed, **REFUND)
    [line] = lines(taxed, first.document_id)
    assert (line.kind, str(line.amount), line.corrects_document, line.corrects_line_no) == ("refund", "-1.00", BILL, 1)
    assert sums(documents(taxed)[1]) == ("-1.00", "-0.06", "-1.06")
    for number, amount in enumerate(("11.55", "11.45")):
        correct(taxed, **REFUND | {"refund_amount": amount, "origin": f"manual__more{number}"})
    assert said_of(taxed, BILL).total == 0, "the tax of all pieces is the tax of the whole"
    with pytest.raises(InvalidInputError, match=re.escape("is more than what is left to give back: of line 1 0 CNY")):
        correct(taxed, **REFUND | {"refund_amount": "0.01", "origin": "manual__last"})


def test_a_later_correction_does_not_undo_a_refund(taxed: Engine) -> None:
    correct(taxed, **REFUND)
    late_usage(taxed, "kf-orders", START + HOUR, 39_600, LATER)
    note = correct(taxed, origin="manual__2")
    assert [(line.kind, str(line.amount)) for line in lines(taxed, note.document_id)] == [("usage", "1.20")]
    assert f"{said_of(taxed, BILL).total:.2f}" == "25.65"


def test_a_refund_that_waits_counts_as_given(taxed: Engine) -> None:
    correct(taxed, **REFUND | {"refund_amount": "20.00", "delivery": "next_bill"})
    with pytest.raises(InvalidInputError, match=re.escape("of line 1 4 CNY, of the whole bill 4 CNY")):
        correct(taxed, **REFUND | {"refund_amount": "4.01", "origin": "manual__2", "with_what_waits": True})
    close_november(taxed)
    assert sums(documents(taxed)[1]) == ("-20.00", "-1.20", "-21.20")
    [asked] = list_corrections(taxed)
    assert (asked.state, asked.document_id) == ("applied", "2026-11-sub-01-orders")


def test_the_same_request_of_the_same_run_is_carried_out_once_also_at_once(taxed: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: correct(taxed, **REFUND), range(4)))
    assert sum(one.is_new for one in done) == 1
    assert {one.document_id for one in done} == {f"CN-{BILL}-1"}
    assert len(documents(taxed)) == 2
    assert "asked for before" in next(one for one in done if not one.is_new).describe()
    with taxed.connect() as connection:
        events = connection.execute(text("SELECT bill_id, to_state, who FROM billing.bill_events WHERE who = 'anna'"))
        assert events.all() == [(f"CN-{BILL}-1", "issued", "anna")]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"bill": None}, "Bill is missing"),
    ({"bill": "2026-10-sub-99"}, "Bill is '2026-10-sub-99': it does not exist"),
    ({"bill": "<script>alert(1)</script>"}, "does not exist"),
    ({"bill": "x" * 201}, "longer than 200 characters"),
    ({"subscription": "sub-02-other"}, "is a bill of subscription sub-01-orders, not of sub-02-other"),
    ({"cause": "weather"}, "Cause is 'weather': it must be one of late_usage, price, discount, refund"),
    ({"delivery": "pigeon"}, "Delivery is 'pigeon': it must be one of next_bill, note"),
    ({"reason": " short "}, "Reason is 'short': it has 5 characters, not 10 to 500"),
    ({"reason": "x" * 501}, "has 501 characters"),
    ({"reason": "because\x1b[2J of this"}, "characters that cannot be seen"),
    ({"by": None}, "Person is missing"),
    ({"price_plan": "gold"}, "Price plan is 'gold': it has no meaning for the cause late_usage"),
    ({"cause": "price"}, "Price plan is missing for the cause price"),
    ({"cause": "price", "price_plan": "brass"}, "is not published"),
    ({"cause": "price", "price_plan": "dollars"}, "has the currency USD, not CNY"),
    ({"cause": "price", "price_plan": "elsewhere"}, "has months of UTC, not of Asia/Shanghai"),
    (
        {"cause": "price", "price_plan": "gold", "effective_from": "2026-11-01T00:00:00+08:00"},
        "lies outside the period of bill",
    ),
    ({"cause": "discount"}, "Discount is missing"),
    ({"cause": "discount", "discount_percent": "100.5"}, "must be from 0 to 100"),
    ({"cause": "refund", "refund_amount": "1"}, "Line is missing for the cause refund"),
    (REFUND | {"refund_amount": "0"}, "Refund is '0': it must be above 0"),
    (REFUND | {"refund_amount": "24.01"}, "is more than what is left to give back: of line 1 24 CNY"),
    (REFUND | {"refund_amount": "0.001"}, "has more than the 2 places that the bill is rounded to"),
    (REFUND | {"refund_line": 2}, "Line is 2: it is not a line of bill 2026-10-sub-01-orders"),
]


def test_a_correction_that_breaks_a_rule_is_refused_in_words(taxed: Engine) -> None:
    for fields, sentence in REFUSED:
        with pytest.raises(InvalidInputError, match=re.escape(sentence)):
            correct(taxed, **fields)
    assert (len(documents(taxed)), list_corrections(taxed)) == (1, [])


def test_a_correction_is_never_dated_before_its_bill(taxed: Engine) -> None:
    with pytest.raises(ConflictError, match="cannot be dated before that, at 2026-09-01T00:00:00Z"):
        correct(taxed, datetime(2026, 9, 1, tzinfo=UTC), **REFUND)
    assert len(documents(taxed)) == 1


def test_only_issued_bills_are_corrected(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(3600,))
    with prices.begin() as connection:
        connection.execute(text("DELETE FROM metering.environment_hours"))
    close_period(prices, OCTOBER, DUE)
    with pytest.raises(ConflictError, match="is held, and only issued bills are corrected"):
        correct(prices, **REFUND)


def test_a_period_without_usage_has_nothing_to_correct(prices: Engine, subscribe: Callable[..., int]) -> None:
    publish_price_plans(prices, [price_plan(version(price="1.00"), name="gold")])
    subscribe()
    close_period(prices, OCTOBER, DUE)
    with pytest.raises(ConflictError, match="has no late usage"):
        correct(prices)
    with pytest.raises(InvalidInputError, match="is more than what is left to give back: of line 1 0 CNY"):
        correct(prices, **REFUND)


def test_a_released_subscription_has_no_next_bill_so_a_note_is_chosen(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    subscribe(usage=(3600,), state="released", ended_at=START + timedelta(days=20))
    close_period(prices, OCTOBER, DUE)
    late_usage(prices, "kf-orders", START, 7200, LATER)
    with pytest.raises(ConflictError, match=r"is released and has no next bill\. Choose a note"):
        correct(prices, delivery="next_bill")
    assert [row.delivery for row in list_corrections(prices)] == [None]
    assert correct(prices).document_id == f"DN-{BILL}-1"


def test_a_billed_period_keeps_its_plan_whatever_plan_the_subscription_has_since(taxed: Engine) -> None:
    with taxed.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET price_plan = 'gold'"))
    late_usage(taxed, "kf-orders", START + HOUR, 39_600, LATER)
    assert f"{correct(taxed).total:.2f}" == "1.27"


def test_a_price_correction_keeps_the_discount_and_moves_the_tax_to_its_rate(taxed: Engine) -> None:
    correct(taxed, cause="discount", discount_percent="10")
    correct(taxed, cause="price", price_plan="gold-13", origin="manual__2")
    said = said_of(taxed, BILL)
    amounts = {(kind, f"{rate:.2f}"): f"{numbers[-1]:.2f}" for (kind, *_, rate, _), numbers in said.lines.items()}
    assert amounts == {("usage", "0.13"): "20.00", ("discount", "0.13"): "-2.00"}
    assert {f"{rate:.2f}": f"{tax:.2f}" for (rate, _), tax in said.taxes.items()} == {"0.13": "2.34"}
    with pytest.raises(ConflictError, match="is priced by these terms already"):
        correct(taxed, cause="price", price_plan="gold-13", origin="manual__3")


def test_a_note_and_the_next_bill_at_once_bill_late_usage_once(taxed: Engine) -> None:
    with taxed.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET metering_started_at = NULL"))
    late_usage(taxed, "kf-orders", START + HOUR, 39_600, LATER)

    def ask() -> None:
        with suppress(ConflictError):  # the bill was first
            correct(taxed)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(ask), pool.submit(close_november, taxed)]:
            done.result()
    assert f"{said_of(taxed, BILL).total:.2f}" == "26.71"
    assert sum(len(lines(taxed, one.bill_id)) for one in documents(taxed)) == 3


def test_a_refused_correction_leaves_nothing(taxed: Engine) -> None:
    with pytest.raises(InvalidInputError, match="is not published"):
        correct(taxed, cause="price", price_plan="brass")
    with taxed.connect() as connection:
        for table in ("private_offers", "corrections", "rating_hours"):
            assert connection.scalar(text(f"SELECT count(*) FROM billing.{table}")) == 0
