from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.billing.bills.blocks import subscription_alone
from include.billing.bills.close import (
    EmptyPeriodError,
    PeriodIssuedError,
    PeriodNotEndedError,
    close_period,
    draft_and_audit,
    list_missing,
)
from include.billing.prices.plans import publish_price_plans
from include.domain.errors import ConfigurationError, InvalidInputError
from include.domain.periods import BillingPeriod
from tests.support.billing.documents import bills_of, late_usage, lines_of
from tests.support.billing.october import DUE, OCTOBER, open_gap, price_plan, version

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

HOUR = timedelta(hours=1)


def test_closing_issues_a_bill_that_charges_each_hour_truncated(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(21_607, 3_601))

    closed = close_period(prices, OCTOBER, DUE)

    assert (closed.drafted_count, closed.issued_count, closed.held_count) == (1, 1, 0)
    (bill,) = bills_of(prices)
    assert (bill.bill_id, bill.state, str(bill.total), bill.issued_at) == (
        "2026-10-sub-01-orders",
        "issued",
        "8.40",
        DUE,
    )
    (line,) = lines_of(prices)
    assert (str(line.quantity), str(line.exact_amount), str(line.amount)) == ("7.002222", "8.402666667", "8.40")


def test_a_live_subscription_without_usage_gets_a_bill_with_a_line_of_zero(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    subscribe()
    close_period(prices, OCTOBER, DUE)
    (line,) = lines_of(prices)
    assert (line.kind, line.aku_seconds, str(line.amount)) == ("usage", 0, "0.00")


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "failed"},
        {"state": "ordered"},
        {"started_at": OCTOBER.window.end},
        {"state": "released", "ended_at": OCTOBER.window.start},
        {"state": "released", "ended_at": OCTOBER.window.start + timedelta(milliseconds=400)},
        {"state": "released", "started_at": OCTOBER.window.start + HOUR, "ended_at": OCTOBER.window.start + HOUR},
    ],
)
def test_a_subscription_that_did_not_live_in_the_period_gets_none(
    prices: Engine, subscribe: Callable[..., int], columns: dict[str, Any]
) -> None:
    subscribe("another", usage=(3600,))
    subscribe(**columns)
    closed = close_period(prices, OCTOBER, DUE)
    assert (closed.drafted_count, closed.missing) == (1, [])


def test_the_last_hour_of_a_released_subscription_is_billed(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(3600, 1800), state="released", ended_at=OCTOBER.window.start + timedelta(minutes=90))
    close_period(prices, OCTOBER, DUE)
    assert [str(bill.total) for bill in bills_of(prices)] == ["1.80"]


def test_an_hour_belongs_to_the_month_of_the_plans_zone(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(3600, 7200), start=OCTOBER.window.start - HOUR)
    close_period(prices, OCTOBER, DUE)
    close_period(prices, OCTOBER.previous, DUE)
    assert [(bill.period, bill.aku_seconds) for bill in bills_of(prices)] == [("2026-09", 3600), ("2026-10", 7200)]


def test_a_version_that_changes_in_the_month_splits_the_bill(warehouse: Engine, subscribe: Callable[..., int]) -> None:
    publish_price_plans(warehouse, [price_plan(version(), version("2026-10-01T01:00:00+08:00", "2.00"))])
    subscribe(usage=(3600, 3600))
    close_period(warehouse, OCTOBER, DUE)
    assert [(line.line_no, str(line.unit_price), str(line.amount)) for line in lines_of(warehouse)] == [
        (1, "1.20", "1.20"),
        (2, "2.00", "2.00"),
    ]


def test_a_period_that_has_not_ended_is_not_closed(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(3600,))
    with pytest.raises(PeriodNotEndedError, match="2026-10 ends at 2026-11-01T00:00:00"):
        close_period(prices, OCTOBER, OCTOBER.window.end - timedelta(seconds=1))
    assert bills_of(prices) == []


def test_closing_again_what_is_issued_says_so_and_changes_nothing(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    subscribe(usage=(3600,))
    close_period(prices, OCTOBER, DUE)
    before = bills_of(prices), lines_of(prices)
    with pytest.raises(PeriodIssuedError, match="all its 1 bills are issued"):
        close_period(prices, OCTOBER, DUE + HOUR)
    assert (bills_of(prices), lines_of(prices)) == before


def test_an_empty_period_is_not_closed(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(started_at=OCTOBER.window.end)
    with pytest.raises(EmptyPeriodError, match="2026-10 is empty: no subscription of plans with months of Asia/Shang"):
        close_period(prices, OCTOBER, DUE)


def test_a_subscription_that_lived_and_has_no_bill_is_missing(prices: Engine, subscribe: Callable[..., int]) -> None:
    billed, lost = subscribe("billed", usage=(3600,)), subscribe("lost", usage=(3600,))
    with subscription_alone(prices, lost) as connection:
        draft_and_audit(connection, OCTOBER, DUE, "a run", [billed, lost])
        assert list_missing(connection, OCTOBER) == []
        for table in ("bill_lines", "bills"):
            connection.execute(
                text(
                    f"DELETE FROM billing.{table} WHERE bill_key IN "
                    "(SELECT bill_key FROM billing.bills WHERE subscription_key = :key)"
                ),
                {"key": lost},
            )
        assert list_missing(connection, OCTOBER) == ["sub-01-lost"]


def test_an_open_gap_holds_its_own_bill_only(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe("fine", usage=(3600,))
    open_gap(prices, subscribe("silent", usage=(3600,)))

    closed = close_period(prices, OCTOBER, DUE)

    assert [bill.state for bill in bills_of(prices)] == ["issued", "held"]
    (held,) = closed.held
    assert held.finding == "no_gap_is_open"
    assert "the console cannot be reached" in held.sentence


def test_a_held_bill_is_made_again_once_its_gap_is_waived_and_issued_ones_are_left_alone(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    subscribe("fine", usage=(3600,))
    open_gap(prices, subscribe("silent", usage=(3600,)))
    close_period(prices, OCTOBER, DUE)
    issued = bills_of(prices)[0]
    with prices.begin() as connection:
        connection.execute(text("UPDATE metering.gaps SET state = 'waived', closed_at = now()"))

    closed = close_period(prices, OCTOBER, DUE + HOUR)

    assert (closed.drafted_count, closed.issued_count, closed.held_count) == (1, 2, 0)
    assert bills_of(prices)[0] == issued
    assert bills_of(prices)[1].issued_at == DUE + HOUR


def test_an_hour_that_is_not_closed_holds_the_bill(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(3600,))
    with prices.begin() as connection:
        connection.execute(
            text("UPDATE metering.environment_hours SET state = 'provisional' WHERE hour_start = :hour"),
            {"hour": OCTOBER.window.start + 5 * HOUR},
        )
    (held,) = close_period(prices, OCTOBER, DUE).held
    assert held.sentence.startswith("1 of 744 hours from 2026-09-30 16:00 UTC on are not closed.")


def test_hours_before_metering_started_need_not_be_closed(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(3600,), metering_started_at=DUE)
    with prices.begin() as connection:
        connection.execute(text("DELETE FROM metering.environment_hours"))
    assert close_period(prices, OCTOBER, DUE).issued_count == 1


def test_the_same_inputs_give_the_same_fingerprint_and_other_inputs_another(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    open_gap(prices, subscribe(usage=(3600, 7200)))
    fingerprints = []
    for change in (None, None, "SET aku_seconds = 10800 - aku_seconds"):
        if change:
            with prices.begin() as connection:
                for table in ("usage", "subscription_hours"):
                    connection.execute(text(f"UPDATE metering.{table} {change}"))
        close_period(prices, OCTOBER, DUE)
        fingerprints.append(bills_of(prices)[0].fingerprint)
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]
    assert len(fingerprints[0]) == 64


def test_two_closes_at_once_make_each_bill_once(prices: Engine, subscribe: Callable[..., int]) -> None:
    for number in range(5):
        subscribe(f"s{number}", usage=(3600,))

    def close(_: int) -> str:
        try:
            return f"drafted {close_period(prices, OCTOBER, DUE).drafted_count}"
        except PeriodIssuedError:
            return "nothing left"

    with ThreadPoolExecutor(3) as pool:
        outcomes = sorted(pool.map(close, range(3)))
    assert outcomes == ["drafted 5", "nothing left", "nothing left"]
    assert [str(bill.total) for bill in bills_of(prices)] == ["1.20"] * 5


def test_a_subscription_whose_plan_is_not_published_is_named_and_the_others_are_billed(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    subscribe("fine", usage=(3600,))
    subscribe("odd", usage=(3600,), price_plan="nowhere")
    closed = close_period(prices, OCTOBER, DUE)
    assert [bill.bill_id for bill in bills_of(prices)] == ["2026-10-sub-01-fine"]
    assert (closed.issued_count, closed.missing) == (1, ["sub-01-odd"])
    (sentence,) = closed.describe_missing()
    assert sentence == (
        "Subscription sub-01-odd has the price plan nowhere, which is not published. Publish it with "
        "`akubill plan publish FILE`. Then close the period again: only this subscription has no bill."
    )
    publish_price_plans(prices, [price_plan(name="nowhere")])
    assert close_period(prices, OCTOBER, DUE).describe_missing() == []
    assert [bill.state for bill in bills_of(prices)] == ["issued", "issued"]


def test_usage_that_no_version_prices_is_named(warehouse: Engine, subscribe: Callable[..., int]) -> None:
    young = price_plan(version("2026-10-01T01:00:00+08:00"), name="young")
    publish_price_plans(warehouse, [price_plan(), young])
    subscribe("fine", usage=(3600,))
    subscribe("early", usage=(3600,), price_plan="young")
    closed = close_period(warehouse, OCTOBER, DUE)
    assert (closed.issued_count, closed.missing) == (1, ["sub-01-early"])
    assert "2026-09-30T16:00:00" in closed.describe_missing()[0]
    assert "has no version in force then" in closed.describe_missing()[0]


def test_late_usage_that_no_version_prices_keeps_no_other_from_a_bill(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    young = price_plan(version("2026-10-01T01:00:00+08:00"), name="young")
    publish_price_plans(warehouse, [price_plan(), young])
    subscribe("fine", usage=(3600,))
    subscribe("early", usage=(3600,), start=OCTOBER.window.start + HOUR, price_plan="young")
    close_period(warehouse, OCTOBER, DUE)
    late_usage(warehouse, "kf-early", OCTOBER.window.start, 3600, DUE)
    november = OCTOBER.next
    closed = close_period(warehouse, november, november.window.end + timedelta(hours=6))
    assert [held.bill_id for held in closed.held if "early" in held.bill_id] == []
    assert closed.missing == ["sub-01-early"]
    (sentence,) = (said for said in closed.describe_missing() if "no version in force" in said)
    assert "sub-01-early" in sentence
    assert "2026-11-sub-01-fine" in [bill.bill_id for bill in bills_of(warehouse)]


def test_a_plan_with_periods_of_another_zone_is_named(prices: Engine, subscribe: Callable[..., int]) -> None:
    publish_price_plans(prices, [price_plan(name="elsewhere", time_zone="America/Los_Angeles")])
    subscribe(price_plan="elsewhere")
    with pytest.raises(ConfigurationError, match="months of America/Los_Angeles"):
        close_period(prices, OCTOBER, DUE)


def test_an_unknown_period_is_named() -> None:
    with pytest.raises(InvalidInputError, match="'2026-13'"):
        BillingPeriod("2026-13", "Asia/Shanghai")


def test_a_subscription_of_another_zone_is_named_and_the_others_are_billed(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    publish_price_plans(prices, [price_plan(name="utc-plan", time_zone="UTC")])
    subscribe(usage=(3600,))
    subscribe("elsewhere", price_plan="utc-plan")

    closed = close_period(prices, OCTOBER, DUE)

    assert (closed.issued_count, closed.missing) == (1, [])
    (sentence,) = closed.describe_missing()
    assert "sub-01-elsewhere has the price plan utc-plan, whose billing periods are months of UTC" in sentence
    assert sentence in closed.describe()
