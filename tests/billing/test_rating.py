"""Rating in SQL against an oracle in exact fractions that was written from the rules, hour by hour."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.billing.plans import publish_price_plan
from include.billing.rating import rate
from include.domain.errors import InvalidInputError
from include.domain.money import Decimal, round_amount
from include.warehouse.engine import ensure_partitions
from tests.billing.conftest import OCTOBER, price_plan, version
from tests.support.builders import insert, make_buyer, make_instance, make_subscription

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

pytestmark = pytest.mark.heart

MODES = ("down", "up", "half_up", "half_even")


def rounded(amount: Fraction, digits: int, mode: str) -> Fraction:
    """Textbook rounding of an amount that is not negative."""
    scaled = amount * 10**digits
    whole = math.floor(scaled)
    rest = scaled - whole
    is_up = {
        "down": False,
        "up": rest > 0,
        "half_up": rest >= Fraction(1, 2),
        "half_even": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1),
    }[mode]
    return Fraction(whole + is_up, 10**digits)


class Used(NamedTuple):
    instance: int
    hour: int
    aku_seconds: int


@st.composite
def versions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One to three versions; the later ones start within October, at any second."""
    window = OCTOBER.window
    offsets = draw(st.lists(st.integers(1, window.seconds - 1), max_size=2, unique=True))
    starts = ["2024-01-01T00:00:00+08:00"]
    starts += [(window.start + timedelta(seconds=offset)).isoformat() for offset in sorted(offsets)]
    return [
        version(
            start,
            f"{Decimal(draw(st.integers(0, 20_000))).scaleb(-draw(st.integers(0, 5))):f}",
            charge_every=draw(st.sampled_from(["hour", "period"])),
            rounding={"digits": draw(st.integers(0, 4)), "mode": draw(st.sampled_from(MODES))},
        )
        for start in starts
    ]


#: Around the edges of the month in UTC+8 too: two hours lie before it and two after.
usage = st.lists(
    st.builds(Used, st.integers(1, 3), st.integers(-2, 745), st.integers(0, 10**6) | st.just(2_147_483_647)),
    max_size=20,
    unique_by=lambda used: (used.instance, used.hour),
)


def expected_lines(plan_versions: list[dict[str, Any]], rows: list[Used]) -> list[tuple[int, Fraction]]:
    """(AKU-seconds, amount) of each version that prices some hour of October."""
    starts = [datetime.fromisoformat(one["effective_from"]) for one in plan_versions]
    hours: dict[int, dict[int, int]] = {}
    for used in rows:
        at = OCTOBER.window.start + timedelta(hours=used.hour)
        if at in OCTOBER.window:
            number = max(n for n, start in enumerate(starts) if start <= at)
            by_hour = hours.setdefault(number, {})
            by_hour[used.hour] = by_hour.get(used.hour, 0) + used.aku_seconds
    lines = []
    for number, by_hour in sorted(hours.items()):
        rules = plan_versions[number]
        price = Fraction(rules["tiers"][0]["unit_price"])
        digits, mode = rules["rounding"]["digits"], rules["rounding"]["mode"]
        charges = [Fraction(seconds, 3600) * price for seconds in by_hour.values()]
        if rules["charge_every"] == "hour":
            amount = sum((rounded(charge, digits, mode) for charge in charges), Fraction(0))
        else:
            amount = rounded(sum(charges, Fraction(0)), digits, mode)
        lines.append((sum(by_hour.values()), amount))
    return lines


@pytest.fixture(scope="module")
def rating_warehouse(postgres_server: Any) -> Any:
    from include.warehouse.embedded import scratch_warehouse

    with scratch_warehouse(postgres_server) as engine:
        with engine.begin() as connection:
            make_buyer(connection)
            key = make_subscription(connection, "1100000000000001")
            for number in (1, 2, 3):
                make_instance(connection, key, f"kf-{number}")
            ensure_partitions(connection, datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
        yield engine


def rate_rows(connection: Connection, plan_versions: list[dict[str, Any]], rows: list[Used]) -> list[Any]:
    publish_price_plan(connection, price_plan(*plan_versions))
    for used in rows:
        insert(
            connection,
            "metering.usage",
            hour_start=OCTOBER.window.start + timedelta(hours=used.hour),
            instance_key=used.instance,
            subscription_key=1,
            environment_key=1,
            aku_seconds=used.aku_seconds,
            source="readings",
        )
    connection.execute(
        text("""
        INSERT INTO metering.subscription_hours
        SELECT hour_start, subscription_key, count(*), sum(aku_seconds), 0, 0, 0
        FROM metering.usage GROUP BY hour_start, subscription_key
        """)
    )
    rate(connection, OCTOBER)
    return list(connection.execute(text("SELECT * FROM rated_lines ORDER BY line_no")))


@given(plan_versions=versions(), rows=usage)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rating_is_what_the_rules_say_to_the_last_digit(
    rating_warehouse: Engine, plan_versions: list[dict[str, Any]], rows: list[Used]
) -> None:
    with rating_warehouse.connect() as connection:
        lines = rate_rows(connection, plan_versions, rows)
        connection.rollback()
    expected = expected_lines(plan_versions, rows) or [(0, Fraction(0))]
    assert [(line.aku_seconds, Fraction(line.amount)) for line in lines] == expected
    for line in lines:
        exact = Fraction(line.aku_seconds, 3600) * Fraction(line.unit_price)
        assert Fraction(line.exact_amount) == rounded(exact, 9, "half_up")


@pytest.mark.parametrize(
    ("mode", "aku_seconds", "amount"),
    [
        ("down", 44, "0.01"),
        ("up", 31, "0.02"),
        ("half_up", 45, "0.02"),
        ("half_even", 15, "0.00"),
        ("half_even", 45, "0.02"),
        ("half_even", 46, "0.02"),
        ("up", 0, "0.00"),
    ],
)
def test_each_rounding_mode_at_its_edge(rating_warehouse: Engine, mode: str, aku_seconds: int, amount: str) -> None:
    rules = version(price="1.20", rounding={"digits": 2, "mode": mode})  # 30 AKU-seconds cost 0.01
    with rating_warehouse.connect() as connection:
        (line,) = rate_rows(connection, [rules], [Used(1, 0, aku_seconds)])
        connection.rollback()
    assert str(line.amount) == amount


def test_usage_before_the_first_version_is_refused_and_not_lost(rating_warehouse: Engine) -> None:
    late = version("2026-10-01T01:00:00+08:00")
    with rating_warehouse.connect() as connection:
        with pytest.raises(InvalidInputError, match="2026-09-30T16:00:00.*no version in force then"):
            rate_rows(connection, [late], [Used(1, 0, 3600), Used(1, 1, 3600)])
        connection.rollback()


def test_an_hour_too_large_for_exact_arithmetic_is_refused_and_does_not_overflow(rating_warehouse: Engine) -> None:
    dear = version(price="25000000000", rounding={"digits": 0, "mode": "down"})
    with rating_warehouse.connect() as connection:
        with pytest.raises(InvalidInputError, match="too large to be rated exactly"):
            rate_rows(connection, [dear], [Used(1, 0, 2_147_483_647)])
        connection.rollback()


@given(
    amount=st.integers(-(10**12), 10**12).map(lambda n: Decimal(n).scaleb(-7)),
    digits=st.integers(0, 6),
    mode=st.sampled_from(MODES),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_rounds_an_amount_as_python_does(
    rating_warehouse: Engine, amount: Decimal, digits: int, mode: Any
) -> None:
    with rating_warehouse.connect() as connection:
        query = text("SELECT billing.round_amount(CAST(:amount AS numeric), :digits, :mode)")
        stored = connection.scalar(query, {"amount": amount, "digits": digits, "mode": mode})
    assert stored == round_amount(amount, digits, mode)
