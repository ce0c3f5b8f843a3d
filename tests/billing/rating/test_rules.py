"""The rules of rating as the warehouse's functions and views, one at a time."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.billing.rating.rate import split_periods
from include.warehouse.engine import ensure_partitions
from tests.support.billing.cases import Case, enter_case
from tests.support.billing.october import DUE, OCTOBER, price_plan, version
from tests.support.billing.oracle import Licence, Offer
from tests.support.builders import LONG_AGO, make_buyer, make_subscription

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Engine

BUYER = "1100000000000001"
START = OCTOBER.window.start
HOUR = timedelta(hours=1)
TIER = "SELECT billing.usage_in_tier(:model, :start, :end, :final, :above, :up_to)"
CHARGE = "SELECT billing.rounded_charge(:units, :price, :divisor, :addend, :is_half_even, :most)"
#: 1.20 an AKU-hour, in cents.
CENTS: dict[str, Any] = {"price": 120, "divisor": 3600, "addend": 0, "is_half_even": False, "most": 10**12}
HOURS = "SELECT * FROM billing.hours_to_rate(:start, :end, :has_other_hours, :keys) ORDER BY hour_start"
CHARGED = """
    SELECT
        hour_start, tier, covered_aku_seconds, rest_aku_seconds, aku_seconds, cumulative_start, cumulative_end, charge
    FROM billing.charged_hours(:start, :end, FALSE, :in_full, :keys)
    ORDER BY hour_start, tier, covered_aku_seconds
"""
WINDOW: dict[str, Any] = {"start": START, "end": OCTOBER.window.end, "keys": [1]}


@pytest.mark.parametrize(
    ("model", "usage", "final", "tier", "expected"),
    [
        ("graduated", (0, 10), 99, (0, 100), 10),
        ("graduated", (90, 130), 999, (0, 100), 10),
        ("graduated", (90, 130), 999, (100, 200), 30),
        ("graduated", (0, 100), 999, (100, 200), 0),
        ("volume", (0, 10), 150, (0, 100), None),
        ("volume", (0, 10), 150, (100, 200), 10),
        ("volume", (0, 10), 200, (100, 200), 10),
        ("volume", (0, 0), 0, (0, 100), 0),
        ("volume", (0, 0), 0, (100, 200), None),
    ],
)
def test_usage_lies_in_the_tiers_that_it_passes_or_in_that_of_the_final_quantity(
    warehouse: Engine, *, model: str, usage: tuple[int, int], final: int, tier: tuple[int, int], expected: int | None
) -> None:
    start, end = usage
    above, up_to = tier
    facts = {"model": model, "start": start, "end": end, "final": final, "above": above, "up_to": up_to}
    with warehouse.connect() as connection:
        assert connection.scalar(text(TIER), facts) == expected


@pytest.mark.parametrize(("start", "end", "expected"), [(0, 1, 1), (1, 100, 0), (100, 101, 1), (0, 250, 3), (7, 7, 0)])
def test_a_package_is_charged_when_it_is_begun(warehouse: Engine, start: int, end: int, expected: int) -> None:
    with warehouse.connect() as connection:
        query = text("SELECT billing.packages_between(:start, :end, 100)")
        assert connection.scalar(query, {"start": start, "end": end}) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"units": 21_607}, 720),
        ({"units": 21_607, "addend": 3599}, 721),
        ({"units": 45, "addend": 1800}, 2),
        ({"units": 15, "addend": 1800}, 1),
        ({"units": 15, "addend": 1800, "is_half_even": True}, 0),
        ({"units": 45, "addend": 1800, "is_half_even": True}, 2),
        ({"units": 3600, "price": 0}, 0),
        ({"units": 3600, "most": 3599}, 0),
    ],
)
def test_the_charge_of_an_hour_is_rounded_as_the_version_says(
    warehouse: Engine, facts: dict[str, Any], expected: int
) -> None:
    with warehouse.connect() as connection:
        assert connection.scalar(text(CHARGE), CENTS | facts) == expected


def test_other_hours_count_in_place_of_the_metered_ones(warehouse: Engine) -> None:
    with warehouse.connect() as connection:
        _segments(connection, {START: 10, START + HOUR: 20, OCTOBER.window.end: 40})
        connection.execute(
            text("INSERT INTO billing.rating_hours SELECT subscription_key, :hour, 7, 1, 3600 FROM core.subscriptions"),
            {"hour": START + HOUR},
        )
        found = {
            has_other: [
                row.aku_seconds for row in connection.execute(text(HOURS), {**WINDOW, "has_other_hours": has_other})
            ]
            for has_other in (False, True)
        }
    assert found == {False: [10, 20], True: [10, 7]}


def test_licences_cover_each_hour_by_their_seconds_in_it(warehouse: Engine) -> None:
    first = Licence(START - HOUR, START + HOUR * 2.5, 1, 2)
    second = Licence(START + HOUR * 2.25, START + HOUR * 3.5, 1, 3)
    query = "SELECT * FROM billing.licence_covers(:start, :end) ORDER BY first_hour"
    with warehouse.connect() as connection:
        _segments(connection, {START: 10}, licences=[first, second])
        covers = [
            ((row.first_hour - START) / HOUR, (row.until_hour - START) / HOUR, row.aku_seconds, row.ended_at)
            for row in connection.execute(text(query), WINDOW)
        ]
    assert covers == [
        (-1, 0, 7200, None),
        (0, 2, 7200, None),
        (2, 3, 3600 + 3 * 2700, None),
        (3, 4, 3 * 1800, START + HOUR * 3.5),
    ]


def test_an_hour_is_taken_apart_into_what_is_covered_and_the_tiers_of_the_rest(warehouse: Engine) -> None:
    tiers = [
        {"up_to": "1", "unit_price": "1.00", "flat_fee": "0"},
        {"up_to": None, "unit_price": "0.50", "flat_fee": "0"},
    ]
    plan = version(model="graduated", included="0.5", tiers=tiers)
    with warehouse.connect() as connection:
        _segments(connection, {START: 3600, START + HOUR: 3600}, plan=plan)
        rows = [tuple(row) for row in connection.execute(text(CHARGED), {**WINDOW, "in_full": False})]
    assert rows == [
        (START, 1, None, None, 1800, 0, 1800, 50),
        (START, None, 0, None, None, None, None, None),
        (START, None, None, 3600, None, None, None, None),
        (START + HOUR, 1, None, None, 1800, 1800, 5400, 50),
        (START + HOUR, 2, None, None, 1800, 1800, 5400, 25),
        (START + HOUR, None, 0, None, None, None, None, None),
        (START + HOUR, None, None, 3600, None, None, None, None),
    ]


@pytest.mark.parametrize(("in_full", "count"), [(False, 0), (True, 3)])
def test_hours_that_can_be_added_up_are_taken_apart_only_in_full(
    warehouse: Engine, *, in_full: bool, count: int
) -> None:
    with warehouse.connect() as connection:
        _segments(connection, {START: 3600})
        assert len(connection.execute(text(CHARGED), {**WINDOW, "in_full": in_full}).all()) == count


@pytest.mark.parametrize(
    ("known_at", "discounts"),
    [(LONG_AGO - HOUR, [None, None, None]), (LONG_AGO, [10, 10, None]), (DUE, [10, 20, None])],
)
def test_of_several_offers_the_one_entered_last_holds(
    warehouse: Engine, known_at: Any, discounts: list[int | None]
) -> None:
    offers = [
        Offer(START, None, None, Fraction(10)),
        Offer(START + HOUR, START + 2 * HOUR, None, Fraction(20)),
    ]
    query = text("""
        SELECT o.discount_percent
        FROM core.subscriptions AS s
        LEFT JOIN LATERAL billing.offer_at(s.subscription_key, :at, :known_at) AS o ON TRUE
    """)
    with warehouse.connect() as connection:
        _segments(connection, {}, offers=offers)
        found = [
            connection.scalar(query, {"at": START + hours * HOUR, "known_at": known_at}) for hours in (0.5, 1.5, -1)
        ]
    assert found == discounts


def test_the_functions_become_part_of_the_statements_that_use_them(warehouse: Engine) -> None:
    """Otherwise PostgreSQL would call one for each row, or make all its rows before it looks at any."""
    sets = """
        EXPLAIN (VERBOSE) SELECT c.segment_no, o.offer_key, sum(h.aku_seconds)
        FROM billing.charged_hours(now(), now(), FALSE, FALSE, '{1}') AS c
        CROSS JOIN billing.hours_to_rate(now(), now(), FALSE, '{1}') AS h
        LEFT JOIN LATERAL billing.offer_at(c.subscription_key, now(), NULL) AS o ON TRUE
        LEFT JOIN LATERAL billing.offers_in(c.subscription_key, now(), now(), NULL) AS i ON TRUE
        GROUP BY 1, 2
    """
    values = """
        EXPLAIN (VERBOSE)
        SELECT
            billing.usage_in_tier(t.model, n, n, n, t.from_aku_seconds, t.up_to_aku_seconds),
            billing.packages_between(n, n, t.package_aku_seconds),
            billing.rounded_charge(n, t.scaled_price, t.divisor, t.addend, t.is_half_even, t.most_units)
        FROM billing.version_tiers AS t
        CROSS JOIN (SELECT CAST(random() AS bigint) AS n OFFSET 0) AS ns
    """
    names = (
        "charged_hours", "placed_hours", "licence_covers", "hours_to_rate", "offer_at", "offers_in", "usage_in_tier",
        "packages_between", "rounded_charge",
    )  # fmt: skip
    with warehouse.connect() as connection:
        plan = "\n".join(line for query in (sets, values) for line in connection.scalars(text(query)))
    assert [name for name in names if f"{name}(" in plan] == []


def _segments(
    connection: Connection,
    usage: dict[Any, int],
    *,
    plan: dict[str, Any] | None = None,
    offers: Iterable[Offer] = (),
    licences: Iterable[Licence] = (),
) -> None:
    """One subscription with this usage, and the segments of its October."""
    ensure_partitions(connection, START, OCTOBER.window.end + HOUR)
    make_buyer(connection, BUYER)
    key = make_subscription(connection, BUYER)
    case = Case(price_plan(plan or version()), usage, None, list(offers), list(licences), (LONG_AGO, None))
    enter_case(connection, key, case, "metering.subscription_hours")
    split_periods(connection, OCTOBER, subscriptions=[key], known_at=None)
