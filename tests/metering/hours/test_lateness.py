"""What comes late: hours are closed again with what changed, and issued bills keep what they were made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.evidence.fingerprints import fingerprint
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.domain.periods import BillingPeriod, Window
from include.metering.hours.close import close_due_hours, close_hours
from include.operations.audits import audit_issued_bills
from tests.support.builders import apply_late_usage
from tests.support.metering.lives import (
    NOON,
    Environment,
    at,
    every_five_minutes,
    gaps,
    hour_states,
    hours,
    kafka,
    sums_and_usage,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

OCTOBER = BillingPeriod("2026-10", "Asia/Shanghai")
REVISIONS = """
SELECT CAST(EXTRACT(EPOCH FROM hour_start - :noon) / 3600 AS integer), old_aku_seconds, new_aku_seconds,
    old_estimated_aku_seconds, new_estimated_aku_seconds, cause
FROM metering.usage_revisions ORDER BY hour_start, revised_at
"""
ADJUSTMENTS = """
SELECT CAST(EXTRACT(EPOCH FROM hour_start - :noon) / 3600 AS integer), aku_seconds_before, aku_seconds_after,
    cause, late_usage.state
FROM billing.late_usage ORDER BY late_usage_key
"""
#: Three hours before October ends in Shanghai, in minutes and in hours after noon of the first.
START, FIRST = 43_260, 721
OCTOBERS_END = Window(at(START), OCTOBER.window.end)


def rows(warehouse: Engine, query: str) -> list[tuple[object, ...]]:
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), {"noon": NOON})]


def test_the_first_closing_of_an_hour_is_no_change(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 120, kafka(6)))
    orders.close(0, 2)
    orders.close(0, 2)
    assert rows(warehouse, REVISIONS) == []


def test_a_late_poll_says_what_it_changed_and_why(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*(orders.poll(minute, kafka(6)) for minute in (0, 10, 60, 70, 120, 180)))
    orders.close(0, 3)
    orders.tell(orders.poll(90, kafka(10, m=80)), orders.poll(100, kafka(6, m=95)))
    close_due_hours(warehouse, at(200))
    # A silence of 50 minutes became three intervals: one of 20 minutes in which the size changed, and two short ones.
    assert [row[:3] + row[5:] for row in rows(warehouse, REVISIONS)] == [
        (1, 6 * 3600, 6 * 3600 + 4 * 15 * 60, "late_answer"),
    ]
    assert hour_states(warehouse) == [(0, "closed", 1), (1, "closed", 2), (2, "closed", 1)]


def test_an_assumption_that_is_proved_is_a_change_of_what_is_assumed(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 30, kafka(6)))
    orders.close(now=100)
    orders.tell(orders.poll(110, kafka(6)))
    close_due_hours(warehouse, at(115))
    assert rows(warehouse, REVISIONS) == [(0, 6 * 3600, 6 * 3600, 6 * 1800, 0, "late_answer")]


def test_what_a_run_changes_twice_is_one_change(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(orders.poll(0, kafka(6)), orders.poll(60, kafka(6)))
    orders.close(now=300)
    for minute in (10, 20):
        orders.tell(orders.poll(minute, kafka(6 + minute, m=minute - 1)))
        close_due_hours(warehouse, at(400))
    [(hour, old, new, *_)] = rows(warehouse, REVISIONS)
    [used] = hours(warehouse)
    assert (hour, old, new) == (0, 6 * 3600, used.aku_seconds)


def test_late_polls_touch_the_hours_of_their_own_environment_only(warehouse: Engine) -> None:
    orders, payments = Environment(warehouse), Environment(warehouse, "payments")
    orders.tell(*(orders.poll(minute, kafka(6)) for minute in range(0, 181, 20)))
    payments.tell(*(payments.poll(minute, kafka(4, name="kf-2")) for minute in range(0, 181, 20)))
    orders.close(0, 3)
    kept = (
        "SELECT environment_key, hour_start, xmin FROM metering.{} WHERE (environment_key, hour_start) <> (:key, :at)"
    )
    late = {"key": orders.key, "at": at(60)}
    queries = [text(kept.format(table)) for table in ("usage", "environment_hours")]
    with warehouse.connect() as connection:
        before = [connection.execute(query, late).all() for query in queries]
    orders.tell(orders.poll(90, kafka(6)))
    close_due_hours(warehouse, at(200))
    assert hour_states(warehouse)[:3] == [(0, "closed", 1), (1, "closed", 2), (2, "closed", 1)]
    with warehouse.connect() as connection:
        assert [connection.execute(query, late).all() for query in queries] == before


def test_a_late_poll_changes_what_rejected_readings_after_it_count_with(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(orders.poll(70, kafka(6, state="Upgrading")))
    orders.close(0, 3, now=300)
    assert hours(warehouse) == [("kf-1", 0, 0, 0, 0, 3600), ("kf-1", 1, 0, 0, 0, 600)]
    orders.tell(orders.poll(2, kafka(6)))
    close_due_hours(warehouse, at(300))
    assert [(hour, used) for _, hour, used, *_ in hours(warehouse)] == [(0, 6 * 3600), (1, 6 * 3600), (2, 6 * 3600)]


def test_a_silence_over_a_months_end_is_closed_whole(warehouse: Engine) -> None:
    orders = Environment(warehouse, metered_from=at(START))
    orders.tell(orders.poll(START, kafka(6)))
    two_days = Window(at(START), at(START + 48 * 60))
    assert close_hours(warehouse, two_days, at(START + 50 * 60)).provisional == 48
    orders.tell(orders.poll(START + 48 * 60, kafka(6)))
    assert close_due_hours(warehouse, at(START + 50 * 60)).closed == 48
    assert {used[2:] for used in hours(warehouse)} == {(6 * 3600, 6 * 3600, 0, 0)}
    assert {gap[1:] for gap in gaps(warehouse) if gap[-1] == "open"} == {(START, START + 48 * 60, "not_asked", "open")}


@pytest.fixture
def billed(warehouse: Engine) -> Environment:
    """6 AKU in the last three hours of October (in Shanghai), polled every ten minutes, on an issued bill."""
    publish_price_plans(warehouse, catalog_price_plans())
    orders = Environment(warehouse, metered_from=at(START), started_at=at(START))
    orders.tell(*(orders.poll(START + n, kafka(6)) for n in range(0, 190, 10)))
    close_hours(warehouse, OCTOBERS_END, at(START + 187))
    done = close_period(warehouse, OCTOBER, at(START + 600))
    assert done.issued_count == 1, done.describe()
    return orders


def tell_four_minutes_of_ten(orders: Environment, minute: int = 43) -> None:
    """Late polls that show four more AKU for four minutes of the first hour, and the closing that they bring."""
    orders.tell(
        orders.poll(START + minute + 2, kafka(10, m=START + minute)),
        orders.poll(START + minute + 6, kafka(6, m=START + minute + 4)),
    )
    close_due_hours(orders.warehouse, at(START + 700))


def fingerprints(warehouse: Engine) -> list[tuple[str, str]]:
    """Each issued bill's fingerprint as it is stored, and as its usage gives it now."""
    with warehouse.begin() as connection:
        issued = connection.scalars(text("SELECT bill_key FROM billing.bills WHERE state = 'issued'")).all()
        fingerprint(connection, OCTOBER, issued)
        query = (
            "SELECT b.fingerprint, f.fingerprint FROM billing.bills AS b JOIN bill_fingerprints AS f USING (bill_key)"
        )
        return [tuple(row) for row in connection.execute(text(query))]


def test_usage_on_an_issued_bill_stays_and_the_difference_waits_as_an_adjustment(billed: Environment) -> None:
    warehouse = billed.warehouse
    before = hours(warehouse)
    tell_four_minutes_of_ten(billed)
    assert hours(warehouse) == before
    assert rows(warehouse, REVISIONS) == []
    assert rows(warehouse, ADJUSTMENTS) == [(FIRST, 6 * 3600, 6 * 3600 + 960, "late_answer", "pending")]
    [(issued, now)] = fingerprints(warehouse)
    assert issued == now
    assert audit_issued_bills(warehouse, at(START + 700)) == []
    assert [state for _, state, _ in hour_states(warehouse)] == ["closed"] * 3


def test_closing_a_billed_hour_again_finds_the_same_adjustment(billed: Environment) -> None:
    tell_four_minutes_of_ten(billed)
    query = "SELECT * FROM billing.late_usage"
    found = rows(billed.warehouse, query)
    close_hours(billed.warehouse, OCTOBERS_END, at(START + 800))
    assert rows(billed.warehouse, query) == found


def test_an_adjustment_of_an_hour_that_is_as_billed_after_all_is_withdrawn(billed: Environment) -> None:
    tell_four_minutes_of_ten(billed)
    with billed.warehouse.begin() as connection:
        late = {"at": at(START + 45), "and": at(START + 49)}
        for table in ("polls", "readings"):
            connection.execute(text(f"DELETE FROM metering.{table} WHERE observed_at IN (:at, :and)"), late)
    close_hours(billed.warehouse, OCTOBERS_END, at(START + 800))
    assert [row[-1] for row in rows(billed.warehouse, ADJUSTMENTS)] == ["withdrawn"]


def test_after_an_adjustment_was_applied_only_what_is_new_waits(billed: Environment) -> None:
    warehouse = billed.warehouse
    tell_four_minutes_of_ten(billed)
    with warehouse.begin() as connection:
        apply_late_usage(connection, billed.subscription_key, "2026-10")
    close_hours(warehouse, OCTOBERS_END, at(START + 800))
    assert [row[-1] for row in rows(warehouse, ADJUSTMENTS)] == ["applied"]
    tell_four_minutes_of_ten(billed, minute=23)
    once, twice = 6 * 3600 + 960, 6 * 3600 + 1920
    assert rows(warehouse, ADJUSTMENTS) == [
        (FIRST, 6 * 3600, once, "late_answer", "applied"),
        (FIRST, once, twice, "late_answer", "pending"),
    ]


def test_an_instance_that_the_bill_does_not_know_waits_as_an_adjustment(billed: Environment) -> None:
    late = kafka(5, name="kf-late", c=START + 12)
    billed.tell(billed.poll(START + 15, kafka(6), late), billed.poll(START + 19, kafka(6), late))
    close_due_hours(billed.warehouse, at(START + 700))
    assert rows(billed.warehouse, ADJUSTMENTS) == [(FIRST, 0, 5 * 7 * 60, "late_answer", "pending")]
    assert {used.instance_id for used in hours(billed.warehouse)} == {"kf-1"}
    sums, used = sums_and_usage(billed.warehouse)
    assert sums == used
