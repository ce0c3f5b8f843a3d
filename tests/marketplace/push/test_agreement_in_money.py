"""What usage is worth by where it went: parts of what the bill charges, which sum to it."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import count
from math import floor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.domain.marketplace.agreement import PARTS
from include.domain.money import Decimal
from include.domain.periods import BillingPeriod, Window
from include.marketplace.push.records import sum_agreement
from tests.support.builders import (
    ZONE,
    make_bill,
    make_buyer,
    make_instance,
    make_subscription,
    make_usage,
    rows,
)
from tests.support.marketplace.ledger import include, record
from tests.support.marketplace.pushing import AT, HOUR, Vendor
from tests.support.properties import PHASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

NOVEMBER = BillingPeriod("2026-11", ZONE).window
_numbers = count(1)
OUTCOMES = {
    "accepted": "accepted",
    "duplicate_same": "accepted",
    "expected": "expected",
    "unknown": "unknown",
    "duplicate_different": "unknown",
    "missed": "missed",
    "refused": "refused",
    "pending": "waiting",
}
#: An hour's usage, the outcome of its record (None: it has none), and what became known after it.
hours = st.lists(
    st.tuples(st.integers(0, 9000), st.sampled_from([None, *OUTCOMES]), st.sampled_from([0, 0, 0, 7, -5])), max_size=12
)


def by_largest_remainder(cents: int, parts: list[int]) -> list[int]:
    """By hand: cut down, then a cent each to the largest remainders, of equal ones to the later."""
    if sum(parts) <= 0:
        return [*[0] * (len(parts) - 1), cents]
    exact = [Fraction(cents * part, sum(parts)) for part in parts]
    given_to = sorted(range(len(parts)), key=lambda no: (exact[no] - floor(exact[no]), no), reverse=True)
    missing = cents - sum(map(floor, exact))
    return [floor(share) + (no in given_to[:missing]) for no, share in enumerate(exact)]


@settings(max_examples=40, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(life=hours, cents=st.integers(0, 10**7), included=st.sampled_from([0, 0, 1, 5000, 20_000, 10**6]))
def test_the_parts_are_those_of_the_largest_remainders_and_sum_to_the_charge(
    life: list[tuple[int, str | None, int]], cents: int, included: int, warehouse: Engine
) -> None:
    buyer, left, expected = f"12{next(_numbers):014}", included, dict.fromkeys(PARTS, 0)
    with warehouse.begin() as connection:
        make_buyer(connection, buyer)
        ids = {"marketplace_instance_id": f"mp-{buyer}", "subscription_id": f"sub-{buyer}"}
        ids |= {"service_instance_id": f"si-{buyer}", "order_id": f"order-{buyer}"}
        key = make_subscription(connection, buyer, f"env-{buyer}", **ids)
        instance = make_instance(connection, key, f"kf-{buyer}")
        for number, (recorded, outcome, later) in enumerate(life):
            known = max(0, recorded + later)
            make_usage(connection, instance, AT + number * HOUR, [known])
            if outcome:
                record(connection, key, AT + number * HOUR, recorded, outcome)
                free = min(left, known, recorded)
                expected["free"] += free
                expected[OUTCOMES[outcome]] += recorded - free
            left = max(0, left - known)
            expected["difference"] += known - (recorded if outcome else 0)
        total = f"{Decimal(cents) / 100:.2f}"
        bill = make_bill(connection, key, "2026-11", total, state="draft", aku_seconds=sum(expected.values()))
        if included:
            include(connection, bill, included)
        query = text("SELECT * FROM marketplace.agreement_in_money WHERE subscription_key = :key")
        row = connection.execute(query, {"key": key}).mappings().one()
    # What is included costs nothing.
    shares = by_largest_remainder(cents, list((expected | {"free": 0}).values()))
    assert [row[part] * 100 for part in PARTS] == shares
    assert row["amount"] * 100 == sum(shares) == cents
    sums = [row for row in sum_agreement(warehouse, NOVEMBER) if row["subscription_id"] == f"sub-{buyer}"]
    assert all({part: row[part] for part in PARTS} == expected for row in sums)
    assert all(row["metered"] == sum(expected.values()) for row in sums)
    assert len(sums) == bool(life)


def test_each_stretch_of_a_bill_has_its_own_price(vendor: Vendor) -> None:
    vendor.subscribe()
    key = vendor.keys[0]
    vendor.use(AT, 3600)
    vendor.use(AT + HOUR, 7200)
    with vendor.warehouse.begin() as connection:
        record(connection, key, AT, 3600, "missed")
        record(connection, key, AT + HOUR, 7200, "accepted")
        bill = make_bill(connection, key, "2026-11", "3.00", state="draft", aku_seconds=10800)
        cut = {"bill": bill, "cut": AT + HOUR}
        connection.execute(
            text("""
            INSERT INTO billing.bill_lines (bill_key, line_no, kind, tier, description, line_start, line_end,
                aku_seconds, metered_aku_seconds, quantity, unit, unit_price, exact_amount, amount)
            SELECT bill_key, 2, kind, tier, description, :cut, line_end, 7200, 7200, 2, unit, 1, 2, 2.00
            FROM billing.bill_lines WHERE bill_key = :bill
            """),
            cut,
        )
        connection.execute(
            text("UPDATE billing.bill_lines SET line_end = :cut, amount = 1.00 WHERE bill_key = :bill AND line_no = 1"),
            cut,
        )
    (row,) = sum_agreement(vendor.warehouse, NOVEMBER)
    assert (row["currency"], row["metered_amount"]) == ("CNY", 3)
    assert (row["missed_amount"], row["accepted_amount"], row["difference_amount"]) == (1, 2, 0)


def test_a_missed_hour_that_the_plan_includes_costs_nothing(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.use(AT + HOUR, 7200)
    with vendor.warehouse.begin() as connection:
        record(connection, vendor.keys[0], AT, 3600, "missed")
        record(connection, vendor.keys[0], AT + HOUR, 7200, "missed")
        include(connection, make_bill(connection, vendor.keys[0], "2026-11", "3.00", state="draft"), 5400)
    (row,) = sum_agreement(vendor.warehouse, NOVEMBER)
    assert (row["free"], row["missed"], row["metered"]) == (5400, 5400, 10800)
    assert (row["free_amount"], row["missed_amount"], row["metered_amount"]) == (0, 3, 3)


def test_without_a_bill_there_is_no_price(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.push()
    (row,) = sum_agreement(vendor.warehouse, Window(NOVEMBER.start, NOVEMBER.end))
    assert (row["accepted"], row["currency"], row["accepted_amount"]) == (3600, None, None)


@pytest.mark.slow
def test_the_command_prints_what_was_lost(
    airflow_connections: object, vendor: Vendor, akubill: Callable[..., tuple[int, str, str]]
) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.use(AT + HOUR, 1800)
    with vendor.warehouse.begin() as connection:
        record(connection, vendor.keys[0], AT, 3600, "missed")
        record(connection, vendor.keys[0], AT + HOUR, 1800, "unknown")
        make_bill(connection, vendor.keys[0], "2026-11", "1.80", aku_seconds=5400)
    code, printed, _ = akubill("marketplace", "pushes", "agreement", "--period", "2026-11", "--format", "json")
    row: dict[str, Any] = json.loads(printed)[0]
    assert (code, row["lost_amount"], row["unknown_amount"], row["currency"]) == (0, "1.20", "0.60", "CNY")


@pytest.mark.slow
def test_findings_have_the_price_of_each_record_and_say_it(
    airflow_connections: object, vendor: Vendor, akubill: Callable[..., tuple[int, str, str]]
) -> None:
    vendor.subscribe()
    outcomes = ["missed", "refused", "unknown", "accepted"]
    for number, outcome in enumerate(outcomes):
        vendor.use(AT + number * HOUR, 3600)
        with vendor.warehouse.begin() as connection:
            record(connection, vendor.keys[0], AT + number * HOUR, 3600, outcome)
            changed = (
                "UPDATE marketplace.push_records SET decided_at = now() - INTERVAL '49 hours', their_code = 'Gone'"
            )
            connection.execute(text(changed))
    with vendor.warehouse.begin() as connection:
        make_bill(connection, vendor.keys[0], "2026-11", "5.00", aku_seconds=14_400)
    code, printed, _ = akubill("marketplace", "findings", "--format", "json")
    found: list[dict[str, Any]] = json.loads(printed)
    assert (code, [(row["kind"], row["amount"], row["age_days"]) for row in found]) == (
        0,
        [(outcome, "1.25", 2) for outcome in outcomes[:3]],
    )
    assert all("It is worth 1.25 CNY." in row["sentence"] for row in found)


def worth(vendor: Vendor) -> list[tuple[Any, ...]]:
    """What the records are worth, by hour."""
    query = """
        SELECT p.priced_by, p.amount, p.currency FROM marketplace.priced_records AS p
        INNER JOIN marketplace.push_records AS r USING (record_key) ORDER BY r.hour_start
    """
    return rows(vendor.warehouse, query)


def test_a_record_is_worth_what_its_bill_charges_for_it_or_else_what_the_plan_does(vendor: Vendor) -> None:
    vendor.subscribe()
    for number, quantity in enumerate((3600, 7200)):
        vendor.use(AT + number * HOUR, quantity)
        with vendor.warehouse.begin() as connection:
            record(connection, vendor.keys[0], AT + number * HOUR, quantity, "missed")
    assert worth(vendor) == [("none", None, None)] * 2
    publish_price_plans(vendor.warehouse, catalog_price_plans())
    assert worth(vendor) == [("plan", Decimal("1.20"), "CNY"), ("plan", Decimal("2.40"), "CNY")]
    with vendor.warehouse.begin() as connection:
        bill = make_bill(connection, vendor.keys[0], "2026-11", "6.00", state="draft", aku_seconds=5400)
        include(connection, bill, 5400)
    assert worth(vendor) == [("bill", Decimal("0.00"), "CNY"), ("bill", Decimal("6.00"), "CNY")]
