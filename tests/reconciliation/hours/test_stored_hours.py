"""Verdicts on stored hours are those of an independent calculation, and running again changes nothing."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.alibaba.bss import SettledItem
from include.billing.evidence.hour_amounts import create_hour_amounts
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.domain.billing_cycles import billing_cycle, final_at
from include.domain.money import Decimal
from include.domain.words.reconciliation import HOUR_CAUSES, HYPOTHESES, say_hours
from include.reconciliation.charges import fetch_charges
from include.reconciliation.compare import list_verdicts, reconcile_period
from include.reconciliation.hours.fetch import fetch_hourly_charges
from include.warehouse.tables.reconciliation import HOUR_VERDICTS
from tests.support.builders import make_bill, make_buyer, make_instance, make_subscription, make_usage
from tests.support.paper_bills import BillsOnPaper, Charge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

PERIOD = "2026-10"
START = billing_cycle(PERIOD).window.start
AT = final_at(billing_cycle(PERIOD))
HOUR = timedelta(hours=1)
INSTANCE, ORDER = "mp-01-orders", "order-01-orders"


class Hour(NamedTuple):
    """An hour of ours (AKU-seconds and peak AKU; None: not metered), and the Marketplace's items in cents."""

    used: tuple[int, int] | None
    items: list[int]


class PaperHours:
    """A settlement bill that says what the test says."""

    def __init__(self, hours: Iterable[Hour]) -> None:
        self.items = [
            SettledItem(
                record_id="r",
                order_id=ORDER,
                item="Refund" if cents < 0 else "PayAsYouGoBill",
                usage_start=START + number * HOUR,
                usage_end=START + (number + 1) * HOUR,
                pretax_gross_amount=Decimal(cents) / 100,
                round_down_discount=Decimal(0),
                pretax_amount=Decimal(cents) / 100,
                currency="CNY",
            )
            for number, hour in enumerate(hours)
            for cents in hour.items
        ]

    def settle_bill(self, billing_cycle: str, *, product_code: str | None = None) -> list[SettledItem]:
        assert (billing_cycle, product_code) == (PERIOD, "cmgj-automq-byoc")
        return self.items


def cents(aku_seconds: int) -> int:
    """The plan's price: 1.20 an AKU-hour, cut to cents."""
    return int(Fraction(120 * aku_seconds, 3600))


def expected(hours: list[Hour]) -> dict[int, tuple[str, str | None]]:
    """Verdict and hypothesis of each hour that does not agree, in whole cents."""
    ours = [None if hour.used is None else cents(hour.used[0]) for hour in hours]
    theirs = [sum(hour.items) if hour.items else None for hour in hours]
    apart = [(there or 0) - (here or 0) for here, there in zip(ours, theirs, strict=True)]
    return {
        number: found
        for number, hour in enumerate(hours)
        if (found := judge(hour, ours[number], theirs[number], apart, number))[0] != "agrees"
    }


def judge(hour: Hour, ours: int | None, theirs: int | None, apart: list[int], number: int) -> tuple[str, str | None]:
    if not apart[number]:
        return "agrees", None
    if any(item < 0 for item in hour.items):
        charged = [item for item in hour.items if item >= 0]
        if sum(charged) == (ours or 0):
            return "refund", None
    verdict = "missing_here" if ours is None else "missing_there" if theirs is None else "differs"
    peak = None if hour.used is None else cents(hour.used[1] * 3600)
    whole = None if hour.used is None else cents(whole_hour(hour.used[0]))
    beside = [apart[n] for n in (number - 1, number + 1) if 0 <= n < len(apart)]
    tried = {
        "peak_of_hour": theirs is not None and peak == theirs != ours,
        "started_hour": theirs is not None and whole == theirs != ours,
        "moved_window": any(other and abs(apart[number] + other) < 2 for other in beside),
        "missed_window": theirs is None,
        "doubled_window": bool(ours) and theirs is not None and abs(theirs - 2 * (ours or 0)) < 2,
    }
    return verdict, next((name for name, fits in tried.items() if fits), None)


def whole_hour(aku_seconds: int) -> int:
    """As the builder has it: used for as many seconds as AKU-seconds, at most the hour."""
    return aku_seconds * 3600 // min(aku_seconds, 3600) if aku_seconds else 0


USED = st.one_of(st.none(), st.tuples(st.integers(0, 12_000), st.integers(0, 3)))
HOURS = st.lists(
    st.builds(Hour, USED, st.lists(st.integers(-200, 900), max_size=2)).flatmap(
        lambda hour: st.sampled_from(
            [
                hour,
                *(
                    [hour._replace(items=[cents(n)]) for n in (hour.used[0], 2 * hour.used[0], hour.used[1] * 3600)]
                    if hour.used
                    else []
                ),
            ]
        )
    ),
    min_size=1,
    max_size=8,
)


def arrange(warehouse: Engine, hours: list[Hour]) -> None:
    tables = (
        *("reconciliation.findings", "reconciliation.hour_verdicts", "reconciliation.verdicts"),
        "reconciliation.hourly_charges",
        *("reconciliation.hourly_fetches", "reconciliation.marketplace_charges", "reconciliation.marketplace_fetches"),
        *("billing.bill_lines", "billing.bills", "metering.usage", "metering.subscription_hours"),
        *("metering.instances", "core.environments", "core.subscriptions", "core.buyers"),
    )
    with warehouse.begin() as connection:
        for table in tables:
            connection.execute(text(f"DELETE FROM {table}"))
        key = make_subscription(connection, make_buyer(connection))
        instance = make_instance(connection, key)
        for number, hour in enumerate(hours):
            if hour.used is None:
                continue
            make_usage(connection, instance, START + number * HOUR, [hour.used[0]])
            facts = {"peak": hour.used[1], "hour": START + number * HOUR}
            query = "UPDATE metering.subscription_hours SET peak_aku = :peak WHERE hour_start = :hour"
            connection.execute(text(query), facts)
        make_bill(connection, key, PERIOD, "1.00", state="draft")


def reconcile(warehouse: Engine, hours: list[Hour]) -> list[Any]:
    fetch_charges(warehouse, PERIOD, AT, lambda _: BillsOnPaper([Charge(INSTANCE, "1.00")]))
    fetch_hourly_charges(warehouse, PERIOD, AT, lambda _: PaperHours(hours))
    reconcile_period(warehouse, PERIOD, AT, our_hours=create_hour_amounts)
    query = "SELECT hour_start, verdict, hypothesis FROM reconciliation.hour_verdicts ORDER BY hour_start"
    with warehouse.connect() as connection:
        return list(connection.execute(text(query)).all())


@pytest.fixture
def priced(warehouse: Engine) -> Engine:
    publish_price_plans(warehouse, catalog_price_plans())
    return warehouse


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hours=HOURS)
def test_verdicts_and_hypotheses_are_those_of_an_independent_calculation(priced: Engine, hours: list[Hour]) -> None:
    arrange(priced, hours)
    found = reconcile(priced, hours)
    is_compared = any(hour.items for hour in hours) and any(hour.used for hour in hours)
    assert {int((row.hour_start - START) / HOUR): (row.verdict, row.hypothesis) for row in found} == (
        expected(hours) if is_compared else {}
    )
    (month,) = list_verdicts(priced)
    charged = [hour for hour in hours if hour.used and cents(hour.used[0])]
    if any(hour.used for hour in hours):
        assert month.facts["hours_charged"] == len(charged)
    if is_compared:
        assert sum(month.facts["hour_causes"].values()) == len(found)
    assert reconcile(priced, hours) == found, "running it again changes nothing"


def test_the_oracle_meets_every_hypothesis_of_amounts() -> None:
    used = (5_400, 3)  # 1.80, at its peak 3.60, and the builder's hour is used whole
    ours = Hour(used, [180])
    met = {
        judged[1]
        for hours in (
            [Hour(used, [1080 // 3])],
            [Hour((1_800, 0), [120])],
            [Hour(used, []), Hour(None, [180])],
            [Hour(used, [])],
            [Hour((5_400, 0), [360])],
        )
        for judged in expected([ours, ours, *hours]).values()
    }
    assert met >= {"peak_of_hour", "started_hour", "moved_window", "missed_window", "doubled_window"}


def test_hours_are_said_with_the_most_frequent_cause_first() -> None:
    assert say_hours(744, {"missed_window": 1, "peak_of_hour": 11}) == (
        "12 of 744 hours differ: 11 at the hour's peak, 1 not charged there."
    )
    assert say_hours(744, {}) == "744 hours agree."
    assert set(HOUR_CAUSES) == {*HYPOTHESES, *HOUR_VERDICTS} - {"agrees"}
