from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from include.domain.money import Decimal
from include.reporting.bill_detail import find_bill
from include.reporting.pages.bills import BillQuery, list_bills, list_open_points, list_periods, sum_bills
from include.reporting.pages.subscriptions import SubscriptionQuery, list_subscriptions
from tests.support.builders import insert, make_bill, make_buyer, make_instance, make_subscription, make_usage
from tests.support.showcase import NOW


@pytest.fixture
def showcase(showcase_warehouse):
    """A connection whose transaction is taken back."""
    with showcase_warehouse.connect() as connection:
        yield connection


def test_periods_come_newest_first_and_void_bills_stay_listed_but_add_nothing(warehouse):
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection))
        make_bill(connection, key, "2026-08", "1.00", state="void")
        make_bill(connection, key, "2026-09", "2.00")
        make_bill(connection, key, "2026-10", "3.00", state="held")
        assert list_periods(connection) == ["2026-10", "2026-09", "2026-08"]
        sums = [
            (t.period, t.total, t.bill_count, t.issued_count, t.held_count, t.void_count)
            for t in sum_bills(connection, None)
        ]
        assert sums == [
            ("2026-10", Decimal("3.00"), 1, 0, 1, 0),
            ("2026-09", Decimal("2.00"), 1, 1, 0, 0),
            ("2026-08", 0, 0, 0, 0, 1),
        ]
        assert [row.state for row in list_bills(connection, "2026-08", BillQuery())] == ["void"]
        assert [row.period for row in list_bills(connection, None, BillQuery(state="void"))] == ["2026-08"]
        assert list_bills(connection, "2026-08", BillQuery(verdict="unknown")) == []


def test_amounts_in_two_currencies_are_never_added(warehouse):
    with warehouse.begin() as connection:
        buyer = make_buyer(connection)
        make_bill(connection, make_subscription(connection, buyer, "a"), "2026-10", "3.00")
        make_bill(connection, make_subscription(connection, buyer, "b"), "2026-10", "4.00", currency="USD")
        totals = sum_bills(connection, "2026-10")
    assert [(total.currency, total.total) for total in totals] == [("CNY", 3), ("USD", 4)]


@pytest.mark.parametrize(
    ("period", "asked", "names"),
    [
        ("2026-10", BillQuery(), ["clickstream", "telemetry", "orders", "payments", "risk"]),
        ("2026-10", BillQuery(state="held"), ["risk"]),
        ("2026-10", BillQuery(verdict="missing_there"), ["payments"]),
        ("2026-10", BillQuery(verdict="unknown"), []),
        (None, BillQuery(search="CLICK"), ["clickstream", "clickstream"]),
        ("2026-10", BillQuery(search="risk & fraud"), ["risk"]),
        ("2026-10", BillQuery(search="%"), []),
        ("2026-10", BillQuery(search="1100000000000002"), ["payments", "risk"]),
        ("2026-10", BillQuery(page=2), []),
    ],
)
def test_filters(showcase, period, asked, names):
    assert [row.environment_name for row in list_bills(showcase, period, asked)] == names


def test_a_bill_comes_with_what_explains_it(showcase):
    detail = find_bill(showcase, "2026-10-sub-02-risk")
    assert detail is not None
    assert (detail.bill.state, detail.bill.time_zone) == ("held", "Asia/Shanghai")
    assert [finding.finding for finding in detail.findings] == ["no_gap_is_open"]
    assert detail.reconciliation.verdict == "differs"
    assert sum(hour.aku_seconds for hour in detail.hours) == detail.bill.aku_seconds
    assert sum(day.aku_seconds for day in detail.days) == detail.bill.aku_seconds
    assert {hour.used_on.month for hour in detail.hours} == {10}
    assert sum(line.amount for line in detail.lines) == detail.bill.total
    assert detail.lines[0].rounded_off == detail.lines[0].exact_amount - detail.lines[0].amount
    assert find_bill(showcase, "2026-10-unknown") is None


def test_a_bill_without_a_comparison_says_so(warehouse):
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection))
        make_bill(connection, key, "2026-10", "3.00")
        detail = find_bill(connection, "2026-10-sub-01-orders")
    assert detail.reconciliation.verdict is None
    assert detail.hours == []


def test_hours_are_on_the_plans_wall_clock(warehouse):
    with warehouse.begin() as connection:
        insert(connection, "billing.price_plans", name="automq-byoc-payg", currency="CNY", time_zone="Asia/Shanghai")
        key = make_subscription(connection, make_buyer(connection))
        make_usage(connection, make_instance(connection, key), datetime(2026, 9, 30, 15, tzinfo=UTC), [1, 2, 3])
        make_bill(connection, key, "2026-10", "3.00")
        hours = find_bill(connection, "2026-10-sub-01-orders").hours
    assert [(str(hour.used_on), hour.hour_of_day, hour.aku_seconds) for hour in hours] == [
        ("2026-10-01", 0, 2),
        ("2026-10-01", 1, 3),
    ]


def test_what_no_bill_shows_is_listed_beside_them(showcase):
    assert list_open_points(showcase, None) == []
    showcase.execute(
        text(
            "UPDATE reconciliation.marketplace_fetches SET failure = 'Refused. Ask the buyer.' WHERE account_id = :id"
        ),
        {"id": "1100000000000002"},
    )
    insert(
        showcase,
        "reconciliation.marketplace_charges",
        billing_cycle="2026-10",
        account_id="1100000000000001",
        marketplace_instance_id="mp-stranger",
        item="PayAsYouGoBill",
        currency="CNY",
        gross_amount=5,
        amount=5,
        fetched_at=NOW,
    )
    points = list_open_points(showcase, "2026-10")
    assert [(point.kind, point.account_id) for point in points] == [
        ("unknown_instance", "1100000000000001"),
        ("not_fetched", "1100000000000002"),
    ]


def test_environments_show_their_consoles_last_answer(showcase):
    rows = {row.environment_name: row for row in list_subscriptions(showcase, SubscriptionQuery())}
    orders, risk, ledger = rows["orders"], rows["risk"], rows["ledger"]
    assert (orders.console(NOW), orders.instance_count, orders.aku, orders.gap_count) == ("answering", 3, 21, 0)
    assert (risk.console(NOW), risk.failure_cause, risk.instance_count, risk.gap_count, risk.rejection_count) == (
        "failing", "timeout", 2, 2, 1,
    )  # fmt: skip
    assert (ledger.console(NOW), ledger.environment_id, ledger.instance_count) == ("not_polled", None, None)
    assert orders.console(NOW + timedelta(hours=1)) == "silent"


def test_a_console_that_fails_again_and_again_says_since_when(showcase):
    showcase.execute(
        text("""
        INSERT INTO metering.failing_consoles (environment_key, failed_runs, failing_since, last_failed_at, cause)
        SELECT environment_key, 7, :since, :now, 'timeout'
        FROM core.environments INNER JOIN core.subscriptions USING (subscription_key) WHERE environment_name = 'risk'
        """),
        {"since": NOW - timedelta(minutes=30), "now": NOW},
    )
    rows = {row.environment_name: row for row in list_subscriptions(showcase, SubscriptionQuery())}
    assert (rows["risk"].failed_runs, rows["risk"].failing_since) == (7, NOW - timedelta(minutes=30))
    assert rows["orders"].failed_runs is None


def test_environments_are_found_by_state_and_text(showcase):
    def names(**filters):
        return [row.environment_name for row in list_subscriptions(showcase, SubscriptionQuery(**filters))]

    assert names(state="failed") == ["ledger"]
    assert names(search="ENV-03") == ["telemetry"]
    assert names(search="no such") == []
