"""The analysts' views say what the bills say, by day, customer, region, department and month."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.domain.money import Decimal
from tests.support.billing.corrections import REFUND, correct
from tests.support.billing.documents import late_usage
from tests.support.billing.october import BILL, DUE, OCTOBER, open_gap, price_plan, version
from tests.support.builders import make_instance, make_usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

START = OCTOBER.window.start
HOUR = timedelta(hours=1)
#: An hour of one AKU in the evening of the first, two in the morning of the second, in Shanghai.
USAGE = (*[0] * 20, 3600, 0, 0, 0, 3600, 3600)


def ask(warehouse: Engine, query: str, **facts: Any) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(query), facts))


@pytest.fixture
def billed(warehouse: Engine, subscribe: Callable[..., int]) -> Engine:
    """By the hour at one price; by the period in tiers, with a fee, a discount and tax; and one that is held."""
    tiers = [{"up_to": "1", "unit_price": "1.00"}, {"up_to": None, "unit_price": "0.50", "flat_fee": "0.10"}]
    period = version(
        charge_every="period",
        model="graduated",
        tiers=tiers,
        fees=[{"name": "Platform", "amount": "31.00"}],
        discount_percent="10",
        tax_rate="0.06",
        tax_inclusive=True,
    )
    publish_price_plans(warehouse, [price_plan(), price_plan(period, name="tiers")])
    subscribe(usage=USAGE, department="sales", region="cn-beijing")
    subscribe("stock", usage=USAGE, price_plan="tiers")
    open_gap(warehouse, subscribe("held", usage=USAGE))
    close_period(warehouse, OCTOBER, DUE)
    return warehouse


def test_usage_by_day_is_that_of_the_plans_zone(billed: Engine) -> None:
    query = "SELECT day, aku_hours FROM analytics.daily_usage WHERE subscription_id = 'sub-01-orders' ORDER BY day"
    assert [(row.day, str(row.aku_hours)) for row in ask(billed, query) if row.aku_hours] == [
        (date(2026, 10, 1), "1.000000"),
        (date(2026, 10, 2), "2.000000"),
    ]


def test_what_is_charged_by_the_hour_costs_exactly_that_by_day(billed: Engine) -> None:
    query = "SELECT * FROM analytics.daily_cost WHERE department = 'sales' AND cost > 0 ORDER BY day"
    assert [(row.day.day, str(row.cost), row.region, row.is_exact, row.is_final) for row in ask(billed, query)] == [
        (1, "1.20", "cn-beijing", True, True),
        (2, "2.40", "cn-beijing", True, True),
    ]


def test_what_is_charged_by_the_period_is_spread_and_adds_up(billed: Engine) -> None:
    query = """
        SELECT c.subscription_id, sum(c.cost) AS cost, min(b.subtotal) AS subtotal, count(*) AS days,
            bool_or(c.is_exact) AS is_exact
        FROM analytics.daily_cost AS c
        INNER JOIN analytics.bills AS b ON c.subscription_id = b.subscription_id
        GROUP BY c.subscription_id
    """
    rows = {row.subscription_id: row for row in ask(billed, query)}
    assert set(rows) == {"sub-01-orders", "sub-01-stock", "sub-01-held"}
    stock = rows["sub-01-stock"]
    assert abs(stock.cost - stock.subtotal) < Decimal("0.00000002")
    assert not stock.is_exact
    query = "SELECT cost FROM analytics.daily_cost WHERE subscription_id = 'sub-01-stock' AND day = '2026-10-02'"
    [(second,)] = ask(billed, query)
    assert abs(second - stock.subtotal * 2 / 3) < Decimal("0.00000001"), "two of its three AKU-hours"


def test_revenue_by_month_is_what_issued_documents_say_without_tax(billed: Engine) -> None:
    late_usage(billed, "kf-orders", START + 20 * HOUR, 7200, DUE + timedelta(days=9))
    correct(billed, DUE + timedelta(days=40))
    correct(billed, DUE + timedelta(days=41), origin="again", **REFUND)
    query = "SELECT * FROM analytics.revenue_by_month ORDER BY customer, issued_in, price_plan"
    rows = ask(billed, query)
    found = [(row.period, row.issued_in, row.price_plan, row.revenue, row.corrections) for row in rows]
    assert found == [
        ("2026-10", "2026-11", "automq-byoc-payg", Decimal("3.60"), 0),
        ("2026-10", "2026-11", "tiers", rows[1].payable - rows[1].tax, 0),
        ("2026-10", "2026-12", "automq-byoc-payg", Decimal("0.20"), Decimal("0.20")),
    ]
    [(payable,)] = ask(billed, "SELECT sum(total) FROM analytics.bills WHERE state = 'issued'")
    assert sum(row.payable for row in rows) == payable
    query = "SELECT document, kind, amount, cause, requested_by, corrects_bill_id FROM analytics.corrections"
    assert {(row.document, row.kind, str(row.amount), row.cause) for row in ask(billed, query)} == {
        ("debit_note", "usage", "1.20", "late_usage"),
        ("credit_note", "refund", "-1.00", "refund"),
    }
    assert {(row.requested_by, row.corrects_bill_id) for row in ask(billed, query)} == {("anna", BILL)}


def test_what_is_not_billed_yet_is_the_held_bill_and_what_came_since(billed: Engine) -> None:
    with billed.begin() as connection:
        key = connection.scalar(text("SELECT instance_key FROM metering.instances WHERE instance_id = 'kf-orders'"))
        make_usage(connection, key, OCTOBER.window.end, (3600, 1800))
    query = "SELECT * FROM analytics.unbilled_to_date ORDER BY subscription_id"
    assert [
        (
            row.subscription_id,
            row.bill_id,
            row.state,
            str(row.aku_hours),
            row.unbilled_from,
            row.total and str(row.total),
        )
        for row in ask(billed, query)
    ] == [
        ("sub-01-held", "2026-10-sub-01-held", "held", "3.000000", START, "3.60"),
        ("sub-01-orders", None, None, "1.500000", OCTOBER.window.end, None),
    ]


def test_a_day_reads_only_its_own_hours(billed: Engine) -> None:
    """However many months are kept: the day's bounds reach the partitions' indexes."""
    with billed.begin() as connection:
        key = connection.scalar(
            text("SELECT subscription_key FROM core.subscriptions WHERE environment_name = 'orders'")
        )
        instance = make_instance(connection, key, "kf-more")
        for month in (5, 6, 7, 8):
            make_usage(connection, instance, START.replace(month=month, day=3), (3600,) * 48)
    for view in ("daily_usage", "daily_cost"):
        plan = "\n".join(
            row[0]
            for row in ask(
                billed, f"EXPLAIN (ANALYZE, COSTS OFF) SELECT * FROM analytics.{view} WHERE day = '2026-10-02'"
            )
        )
        read = set(re.findall(r"on (subscription_hours_2026_\d\d)[^\n]*\((?!never)", plan))
        # The first and the last hour with usage are looked up besides, by an index.
        assert read <= {"subscription_hours_2026_10", "subscription_hours_2026_05", "subscription_hours_2026_09"}, plan


@pytest.mark.parametrize("mode", ["down", "up", "half_up", "half_even"])
def test_days_of_hourly_charges_add_up_to_the_line_in_each_rounding(
    warehouse: Engine, subscribe: Callable[..., int], mode: str
) -> None:
    publish_price_plans(warehouse, [price_plan(version(price="0.30", rounding={"digits": 2, "mode": mode}))])
    subscribe(usage=(60, 180, 61, 179, 21_607, 15) * 9)
    close_period(warehouse, OCTOBER, DUE)
    [row] = ask(
        warehouse,
        "SELECT sum(cost) AS cost, count(*) AS days, min(subtotal) AS subtotal "
        "FROM analytics.daily_cost CROSS JOIN analytics.bills",
    )
    assert row.cost == row.subtotal
    assert row.days > 1
