"""A bill of a plan that charges each hour at its peak: issued, explained, verified, exported, and corrected."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.bills.previews import draft_running
from include.billing.evidence.explain import explain_bill
from include.billing.evidence.explanation import Depth
from include.billing.evidence.verify import verify_bills
from include.billing.prices.plans import publish_price_plans
from include.cli.bill_text import describe_bill
from include.domain.money import Decimal
from include.domain.periods import Window
from include.metering.hours.close import close_due_hours, close_hours
from include.operations.audits import audit_issued_bills
from include.reporting.focus import write_focus
from tests.support.billing.corrections import correct
from tests.support.billing.october import OCTOBER, price_plan, version
from tests.support.metering.lives import Environment, at, kafka

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

#: Three hours before October ends in Shanghai, in minutes after noon of the first; the end; and when it is closed.
START, END, CLOSED = 43_260, 43_440, 44_040
BILL = "2026-10-sub-11-orders"
LINES = """
SELECT bill_id, kind, bill_lines.aku_seconds, metered_aku_seconds, CAST(amount AS text)
FROM billing.bill_lines INNER JOIN billing.bills USING (bill_key) ORDER BY bill_key, line_no
"""
LATE = "SELECT aku_seconds_before, aku_seconds_after, peak_aku_before, peak_aku_after FROM billing.late_usage"


@pytest.fixture
def metered(warehouse: Engine) -> Callable[[str], Environment]:
    """6 AKU, and 10 from half past one on, in the last three hours of October, under a plan with that measure."""

    def live(measure: str) -> Environment:
        publish_price_plans(warehouse, [price_plan(version(hour_measure=measure))])
        orders = Environment(warehouse, metered_from=at(START), started_at=at(START))
        grown = kafka(10, m=START + 93)
        orders.tell(*(orders.poll(START + n, grown if n >= 93 else kafka(6)) for n in range(0, 190, 10)))
        close_hours(warehouse, Window(at(START), at(END)), at(END + 7))
        return orders

    return live


def issue(orders: Environment) -> None:
    assert close_period(orders.warehouse, OCTOBER, at(CLOSED)).issued_count == 1


def tell_of_three_minutes_more_and_three_less(orders: Environment) -> None:
    """At first 10 AKU and then 2, in place of 6: the same AKU-seconds, and another peak."""
    orders.tell(
        orders.poll(START + 23, kafka(10, m=START + 22)),
        orders.poll(START + 26, kafka(2, m=START + 25)),
        orders.poll(START + 29, kafka(6, m=START + 28)),
    )
    close_due_hours(orders.warehouse, at(CLOSED + 60))


def rows(warehouse: Engine, query: str) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_bill_has_what_is_charged_and_what_was_metered(metered: Callable[[str], Environment]) -> None:
    orders = metered("peak")
    issue(orders)
    assert rows(orders.warehouse, LINES) == [(BILL, "usage", 93_600, 85_680, "31.20")]
    assert rows(orders.warehouse, "SELECT aku_seconds FROM billing.bills") == [(85_680,)]
    assert verify_bills(orders.warehouse).describe() == "1 document(s) verified: 1 as issued, 0 not."
    assert audit_issued_bills(orders.warehouse, at(CLOSED + 60)) == []


def test_the_explanation_names_the_measure_and_both_quantities(metered: Callable[[str], Environment]) -> None:
    orders = metered("peak")
    issue(orders)
    explained = explain_bill(orders.warehouse, BILL, 1, depth=Depth.INSTANCES)
    assert explained.lines[0].disagreements == []
    said = describe_bill(explained, with_hours=True)
    assert (
        "Of each instance and hour, the largest AKU is charged for the whole hour (hour measure peak): 23.8 AKU-hours "
        "were metered, 26 AKU-hours are charged."
    ) in said
    assert "kf-1: 28080 AKU-seconds from readings, 36000 charged (at most 10 AKU, 3600 s in use)" in said
    assert "kf-1: 21600 AKU-seconds from readings\n" in said, "of an hour that is charged as metered no more is said"


def test_an_explanation_sees_that_a_peak_is_another_today(metered: Callable[[str], Environment]) -> None:
    orders = metered("peak")
    issue(orders)
    with orders.warehouse.begin() as connection:
        connection.execute(text("UPDATE metering.usage SET peak_aku = 11 WHERE aku_seconds = 28080"))
    [line] = explain_bill(orders.warehouse, BILL, 1).lines
    assert [each for each in line.disagreements if "39600 AKU-seconds instead of 36000" in each]


def test_a_cost_export_has_consumed_and_priced_quantity(metered: Callable[[str], Environment]) -> None:
    orders = metered("peak")
    issue(orders)
    with orders.warehouse.connect() as connection:
        [row] = pq.read_table(io.BytesIO(write_focus(connection, "2026-10").content)).to_pylist()
    assert (row["ConsumedQuantity"], row["PricingQuantity"]) == (Decimal("23.8"), Decimal(26))
    assert row["ListCost"] == Decimal("31.2")


def test_late_usage_is_charged_again_by_the_measure(metered: Callable[[str], Environment]) -> None:
    orders = metered("peak")
    issue(orders)
    orders.tell(
        orders.poll(START + 23, kafka(16, m=START + 21)),
        orders.poll(START + 27, kafka(6, m=START + 25)),
    )
    close_due_hours(orders.warehouse, at(CLOSED + 60))
    assert rows(orders.warehouse, LATE) == [(21_600, 24_000, 6, 16)]
    correct(orders.warehouse, at(CLOSED + 120), subscription="sub-11-orders", bill=BILL)
    # 16 AKU for the whole hour in place of 6; 4 minutes of 10 AKU more were metered.
    assert rows(orders.warehouse, LINES)[1:] == [(f"DN-{BILL}-1", "usage", 36_000, 2_400, "12.00")]
    said = describe_bill(explain_bill(orders.warehouse, f"DN-{BILL}-1"), with_hours=True)
    assert "at most 6 AKU in 3600 s as billed, at most 16 AKU in 3600 s as known since" in said
    assert verify_bills(orders.warehouse).describe() == "2 document(s) verified: 2 as issued, 0 not."
    assert audit_issued_bills(orders.warehouse, at(CLOSED + 180)) == []


def test_another_peak_alone_is_late_usage_where_the_plan_charges_by_it(metered: Callable[[str], Environment]) -> None:
    orders = metered("peak")
    issue(orders)
    tell_of_three_minutes_more_and_three_less(orders)
    assert rows(orders.warehouse, LATE) == [(21_600, 21_600, 6, 10)]
    correct(orders.warehouse, at(CLOSED + 120), subscription="sub-11-orders", bill=BILL)
    assert rows(orders.warehouse, LINES)[1:] == [(f"DN-{BILL}-1", "usage", 14_400, 0, "4.80")]


def test_another_peak_alone_is_none_where_usage_is_charged_as_metered(metered: Callable[[str], Environment]) -> None:
    orders = metered("time_weighted")
    issue(orders)
    tell_of_three_minutes_more_and_three_less(orders)
    assert rows(orders.warehouse, LATE) == []


def test_a_peak_that_becomes_known_before_the_bill_is_on_it(metered: Callable[[str], Environment]) -> None:
    orders = metered("peak")
    tell_of_three_minutes_more_and_three_less(orders)
    issue(orders)
    assert rows(orders.warehouse, LINES) == [(BILL, "usage", 108_000, 85_680, "36.00")]


def test_the_forecast_of_a_running_month_is_by_the_measure(metered: Callable[[str], Environment]) -> None:
    orders = metered("peak")
    [draft] = draft_running(orders.warehouse, OCTOBER, at(START + 125))
    # Two hours of 6 and 10 AKU at their peaks are known, and the third is metered as well.
    assert (draft.aku_seconds, f"{draft.total:f}") == (85_680, "31.20")


@pytest.mark.parametrize(("ended", "charged", "metered_seconds"), [(START + 75, 43_200, 27_000)])
def test_the_hour_of_the_end_is_a_started_hour(
    metered: Callable[[str], Environment], ended: int, charged: int, metered_seconds: int
) -> None:
    orders = metered("started_hour")
    with orders.warehouse.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET ended_at = :at, state = 'released'"), {"at": at(ended)})
    close_due_hours(orders.warehouse, at(CLOSED - 1))
    issue(orders)
    assert rows(orders.warehouse, LINES) == [(BILL, "usage", charged, metered_seconds, "14.40")]
