"""What our hours come to is what the bill's lines charge, and what a licence covers costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.evidence.hour_amounts import create_hour_amounts
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.domain.billing_cycles import billing_cycle, final_at
from include.domain.money import Decimal
from tests.support.builders import insert, make_buyer, make_instance, make_subscription, make_usage, rows

if TYPE_CHECKING:
    from sqlalchemy import Engine

CYCLE = billing_cycle("2026-10")
START = CYCLE.window.start


def test_hours_add_up_to_the_lines_of_usage_and_overage(warehouse: Engine) -> None:
    publish_price_plans(warehouse, catalog_price_plans())
    with warehouse.begin() as connection:
        buyer = make_buyer(connection)
        payg = make_subscription(connection, buyer)
        make_usage(connection, make_instance(connection, payg), START, [21_600, 4_000, 1, 0, 12_345])
        plan = connection.execute(
            text(
                "SELECT p.name FROM billing.price_plans AS p INNER JOIN billing.price_plan_versions AS v "
                "ON p.plan_key = v.plan_key WHERE v.licence_price_per_aku_month IS NOT NULL LIMIT 1"
            )
        ).scalar_one()
        prepaid = make_subscription(connection, buyer, "prepaid", payment="prepaid", price_plan=plan)
        insert(
            connection,
            "core.licences",
            subscription_key=prepaid,
            term_start=START,
            term_end=CYCLE.window.end,
            term_months=1,
            capacity_aku=6,
            price=Decimal("3720.00"),
            currency="CNY",
            auto_renew=False,
        )
        make_usage(connection, make_instance(connection, prepaid, "kf-2"), START, [21_600, 36_000, 10_000])
    close_period(warehouse, CYCLE, final_at(CYCLE))
    with warehouse.connect() as connection:
        create_hour_amounts(connection, CYCLE, [payg, prepaid])
        query = "SELECT hour_start, amount, uncovered_amount FROM our_hours WHERE subscription_key = :key ORDER BY 1"
        hours = {key: connection.execute(text(query), {"key": key}).all() for key in (payg, prepaid)}
        left = connection.execute(text("SELECT count(*) FROM billing.rating_segments")).scalar_one()
    lines = dict(
        rows(
            warehouse,
            "SELECT b.subscription_key, sum(l.amount) FROM billing.bills AS b INNER JOIN billing.bill_lines AS l "
            "ON b.bill_key = l.bill_key WHERE l.kind IN ('usage', 'overage') GROUP BY b.subscription_key",
        )
    )
    assert {key: sum(hour.amount for hour in found) for key, found in hours.items()} == lines
    assert left == 0, "the working table is empty again"
    assert [hour.amount for hour in hours[prepaid]] == [0, 0, 0], "the catalogue's licence has no price above it"
    assert sum(hour.amount > 0 for hour in hours[payg]) == 3
