"""Issued bills are computed again from the warehouse; what was changed behind the database's guards is named."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.corrections.correct import correct_bill
from include.billing.corrections.requests import read_correction
from include.billing.evidence.verify import GROUPS, report_verification, verify_bills
from include.billing.prices.plans import publish_price_plans
from include.domain.errors import ConflictError, InvalidInputError
from tests.support.billing.october import BILL, DUE, OCTOBER, price_plan, version
from tests.support.billing.tampering import change, named
from tests.support.builders import LONG_AGO, insert, make_instance

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

OTHER = "2026-10-sub-01-stock"
_MINE = f"(SELECT bill_key FROM billing.bills WHERE bill_id = '{BILL}')"


@pytest.fixture
def issued(warehouse: Engine, subscribe: Callable[..., int]) -> Engine:
    """Two issued bills with usage, tax and a fee, one of them under a private offer."""
    fee = {"name": "Platform", "amount": "10.00"}
    publish_price_plans(warehouse, [price_plan(version(tax_rate="0.06", fees=[fee]))])
    orders, _ = subscribe(usage=(21_607, 3_601, 15)), subscribe("stock", usage=(3600,))
    with warehouse.begin() as connection:
        make_instance(connection, orders, "kf-second")
        insert(connection, "billing.private_offers", subscription_key=orders, effective_from=OCTOBER.window.start,
               discount_percent=10, reason="loyal", entered_by="mei", entered_at=LONG_AGO)  # fmt: skip
        insert(connection, "core.licences", subscription_key=orders, term_start=LONG_AGO,
               term_end=OCTOBER.window.start, term_months=9, capacity_aku=1, price=0, currency="CNY",
               auto_renew=False)  # fmt: skip
    assert close_period(warehouse, OCTOBER, DUE).issued_count == 2
    return warehouse


def test_bills_that_were_not_changed_are_as_issued(issued: Engine) -> None:
    verified = verify_bills(issued)
    assert verified.differences == []
    assert verified.describe() == "2 document(s) verified: 2 as issued, 0 not."
    with issued.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM billing.rating_segments")) == 0
        forms = connection.execute(text("SELECT fingerprint_form, fingerprint_groups FROM billing.bills")).all()
    assert [(form, set(parts)) for form, parts in forms] == [(4, set(GROUPS))] * 2


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (f"UPDATE billing.bills SET price_plan = 'other' WHERE bill_key = {_MINE}", {"identity", "rating"}),
        ("UPDATE core.subscriptions SET subscription_id = 'x' WHERE environment_name = 'orders'", {"identity"}),
        (
            "UPDATE core.subscriptions SET started_at = '2026-10-09T00:00:00Z' WHERE environment_name = 'orders'",
            {"activity"},
        ),
        (
            "UPDATE metering.usage SET aku_seconds = aku_seconds + 1 WHERE aku_seconds = 21607",
            {"usage", "instances"},
        ),
        (
            """UPDATE metering.usage SET instance_key = other.instance_key FROM metering.instances AS other
            WHERE other.instance_id = 'kf-second' AND aku_seconds = 21607""",
            {"usage"},
        ),
        ("UPDATE metering.usage SET estimated_aku_seconds = 15 WHERE aku_seconds = 15", {"usage"}),
        ("UPDATE metering.usage SET inferred_aku_seconds = 15 WHERE aku_seconds = 15", {"usage"}),
        ("UPDATE metering.usage SET source = 'import' WHERE aku_seconds = 15", {"usage"}),
        ("UPDATE metering.usage SET peak_aku = 3 WHERE aku_seconds = 15", {"usage", "instances"}),
        ("UPDATE metering.usage SET used_seconds = 5 WHERE aku_seconds = 15", {"usage", "instances"}),
        ("UPDATE metering.subscription_hours SET peak_aku = 3 WHERE aku_seconds = 15", {"hours", "instances"}),
        ("UPDATE metering.instances SET instance_id = 'kf-renamed' WHERE instance_id = 'kf-orders'", {"usage"}),
        ("UPDATE core.environments SET environment_id = 'env-renamed' WHERE environment_id LIKE '%orders'", {"usage"}),
        (f"""UPDATE billing.bills SET printed = printed || '{{"order_id": "x"}}' WHERE bill_key = {_MINE}""",
         {"printed"}),
        (
            "UPDATE metering.subscription_hours SET aku_seconds = 1 WHERE aku_seconds = 15",
            {"hours", "instances", "rating"},
        ),
        ("DELETE FROM metering.subscription_hours WHERE aku_seconds = 21607", {"hours", "instances", "rating"}),
        (
            "UPDATE core.licences SET term_end = '2026-10-02T00:00:00Z', capacity_aku = 9",
            {"licences", "rating"},
        ),
        ("UPDATE billing.private_offers SET discount_percent = 11", {"offers", "rating"}),
        ("DELETE FROM billing.private_offers", {"offers", "rating"}),
        (f"UPDATE billing.bill_lines SET amount = amount + 1 WHERE line_no = 1 AND bill_key = {_MINE}",
         {"lines", "sums", "rating"}),
        (f"UPDATE billing.bill_lines SET description = 'Gift' WHERE line_no = 1 AND bill_key = {_MINE}",
         {"lines", "rating"}),
        (f"DELETE FROM billing.bill_lines WHERE line_no = 1 AND bill_key = {_MINE}", {"lines", "sums", "rating"}),
        (f"UPDATE billing.bill_taxes SET amount = amount + 1 WHERE bill_key = {_MINE}", {"taxes", "sums", "rating"}),
        (f"DELETE FROM billing.bill_taxes WHERE bill_key = {_MINE}", {"taxes", "sums", "rating"}),
        (f"UPDATE billing.bills SET subtotal = subtotal + 1, total = total + 1 WHERE bill_key = {_MINE}", {"sums"}),
        (f"UPDATE billing.bills SET fingerprint = 'f' WHERE bill_key = {_MINE}", {"identity"}),
        (f"UPDATE billing.bills SET fingerprint_form = 1 WHERE bill_key = {_MINE}", {"identity"}),
    ],
)  # fmt: skip
def test_what_was_changed_in_one_bill_is_named(issued: Engine, changed: str, what: set[str]) -> None:
    change(issued, changed)
    verified = verify_bills(issued)
    (found,) = named(verified).values()
    assert found == what
    assert "Issued bills never change, so find out who disabled the protection triggers" in verified.describe()
    assert verified.describe().endswith("2 document(s) verified: 1 as issued, 1 not.")


@pytest.mark.parametrize(
    ("changed", "rates_otherwise"),
    [
        ("UPDATE billing.price_tiers SET unit_price = 1.30, scaled_price = 130", True),
        ("UPDATE billing.price_fees SET amount = 11", True),
        ("UPDATE billing.price_plan_versions SET rounding_mode = 'up'", True),
        ("UPDATE billing.price_plan_versions SET tax_rate = 0.13", True),
        ("UPDATE billing.price_plan_versions SET hour_measure = 'peak'", True),
        ("""UPDATE billing.price_plan_versions SET source = source || '{"tax_rate": "0.13"}'""", False),
    ],
)
def test_a_changed_price_is_named_in_every_bill_that_was_priced_by_it(
    issued: Engine, changed: str, *, rates_otherwise: bool
) -> None:
    change(issued, changed)
    expected = {"prices", "rating"} if rates_otherwise else {"prices"}
    assert named(verify_bills(issued)) == {BILL: expected, OTHER: expected}


def test_a_version_of_the_period_that_no_line_came_of_is_named(issued: Engine) -> None:
    change(
        issued,
        """
        INSERT INTO billing.price_plan_versions (plan_key, effective_from, charge_every, rounding_digits, rounding_mode,
            model, source)
        SELECT plan_key, '2026-10-31T12:00:00Z', charge_every, rounding_digits, rounding_mode, model, source
        FROM billing.price_plan_versions""",
    )
    assert {"prices"} <= named(verify_bills(issued))[BILL]


def test_lines_that_rating_gives_otherwise_are_described_column_by_column(issued: Engine) -> None:
    change(issued, "UPDATE billing.price_tiers SET unit_price = 1.30, scaled_price = 130")
    (rating, *_) = [each for each in verify_bills(issued, bill_ids=[OTHER]).differences if each.what == "rating"]
    assert rating.sentence.startswith(
        "Line 1 (Usage of AutoMQ Kafka Units, 2026-10-01 to 2026-10-31) has "
    )  # fmt: skip
    assert "amount 1.20, rated again 1.30" in rating.sentence


def test_a_bill_that_cannot_be_rated_any_more_does_not_hide_the_others(issued: Engine) -> None:
    change(
        issued,
        f"UPDATE billing.bills SET price_plan = 'gone' WHERE bill_key = {_MINE}",
        f"UPDATE billing.bill_lines SET amount = amount + 1, exact_amount = 9 WHERE bill_key <> {_MINE}",
    )
    verified = verify_bills(issued)
    assert {"rating"} < named(verified)[OTHER]
    assert [each.sentence for each in verified.differences if each.bill_id == BILL and each.what == "rating"] == [
        (
            "It cannot be rated again: Subscription sub-01-orders has the price plan gone, which is not published. "
            "Publish it with `akubill plan publish FILE`."
        )
    ]


def test_bills_of_an_earlier_form_are_checked_by_their_sums(issued: Engine) -> None:
    change(issued, "UPDATE billing.bills SET fingerprint_form = 1, fingerprint_groups = '{}', fingerprint = 'old'")
    verified = verify_bills(issued)
    assert (verified.differences, verified.earlier_form_count) == ([], 2)
    assert "earlier form" in verified.describe()
    change(issued, f"UPDATE billing.bills SET total = 1, subtotal = 1, tax = 0 WHERE bill_key = {_MINE}")
    assert named(verify_bills(issued)) == {BILL: {"sums"}}


def test_what_comes_after_a_bill_changes_nothing_in_it(issued: Engine) -> None:
    """A later version, an offer entered later, the next licence term, another plan, the release: none was an input."""
    fee = {"name": "Platform", "amount": "10.00"}
    later = version("2026-11-01T00:00:00+08:00", "2.00")
    publish_price_plans(issued, [price_plan(version(tax_rate="0.06", fees=[fee]), later)])
    with issued.begin() as connection:
        connection.execute(
            text("""
            UPDATE core.subscriptions
            SET ended_at = '2026-12-01T00:00:00Z', state = 'released', price_plan = 'automq-byoc-prepaid'
            """)
        )
        connection.execute(
            text("""
            INSERT INTO core.licences (subscription_key, term_start, term_end, term_months, capacity_aku, price,
                currency, auto_renew)
            SELECT subscription_key, period_end, period_end + interval '30 days', 1, 1, 0, 'CNY', FALSE
            FROM billing.bills
            """)
        )
    promised = read_correction(
        subscription="sub-01-orders", bill=BILL, cause="discount", delivery="note", discount_percent="50",
        reason="A price promised by sales.", by="mei", origin="x",
    )  # fmt: skip
    correct_bill(issued, promised, DUE + timedelta(days=1))
    assert verify_bills(issued).differences == []


def test_the_order_in_which_licences_are_stored_changes_nothing(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    """Two start at once, and the renewal of one is stopped, which stores it behind the other."""
    publish_price_plans(warehouse, [price_plan(version())])
    key = subscribe(usage=(3600,))
    with warehouse.begin() as connection:
        for capacity in (1, 2):
            insert(connection, "core.licences", subscription_key=key, term_start=LONG_AGO,
                   term_end=OCTOBER.window.end, term_months=9, capacity_aku=capacity, price=0, currency="CNY",
                   auto_renew=False)  # fmt: skip
    assert close_period(warehouse, OCTOBER, DUE).issued_count == 1
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.licences SET auto_renew = FALSE WHERE capacity_aku = 1"))
    assert verify_bills(warehouse).differences == []


def test_a_bill_is_chosen_by_id_or_period(issued: Engine) -> None:
    assert verify_bills(issued, bill_ids=[BILL]).document_count == 1
    assert verify_bills(issued, period="2026-10").document_count == 2
    assert verify_bills(issued, period="2026-09").document_count == 0
    with pytest.raises(InvalidInputError, match="is not an issued bill or note"):
        verify_bills(issued, bill_ids=[BILL, "2026-10-unknown"])


def test_a_report_says_all_of_it_and_what_to_do() -> None:
    report_verification([], [])
    with pytest.raises(ConflictError, match=r"(?s)a: b.*restore the database from a backup"):
        report_verification(["a: b"], [])
