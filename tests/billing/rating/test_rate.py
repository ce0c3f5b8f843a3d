"""Rating in SQL against an oracle in exact fractions that was written from the rules, hour by hour."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.billing.rating.rate import rate
from include.domain.errors import InvalidInputError
from include.domain.money import Decimal, round_amount
from include.domain.price_plans import Rounding
from tests.support.billing import strategies as draws
from tests.support.billing.cases import enter_offer
from tests.support.billing.october import OCTOBER, price_plan, version
from tests.support.billing.oracle import Offer, rounded, shared
from tests.support.billing.rating import EXAMPLES, rate_usage
from tests.support.builders import LONG_AGO

if TYPE_CHECKING:
    from sqlalchemy import Engine


pytestmark = pytest.mark.heart

MODES = draws.MODES
START = OCTOBER.window.start


@given(
    dividends=st.lists(st.integers(0, 10**7).map(lambda n: Decimal(n).scaleb(-4)), min_size=1, max_size=12),
    sign=st.sampled_from([1, -1]),
    divisor=st.integers(1, 10**4),
    rounding=st.builds(Rounding, digits=st.integers(0, 4), mode=st.sampled_from(MODES)),
)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_shares_of_an_amount_add_up_to_it(
    rating_warehouse: Engine, dividends: list[Decimal], sign: int, divisor: int, rounding: Rounding
) -> None:
    signed = [sign * dividend for dividend in dividends]
    query = text("""
        SELECT billing.share_of(no, :dividends, :divisor, :digits, :mode)
        FROM generate_series(1, cardinality(CAST(:dividends AS numeric[]))) AS no
    """)
    known = {"dividends": signed, "divisor": divisor, "digits": rounding.digits, "mode": rounding.mode}
    with rating_warehouse.connect() as connection:
        shares = [Fraction(share) for share in connection.execute(query, known).scalars()]
    exacts = [Fraction(dividend) / divisor for dividend in signed]
    assert shares == shared(exacts, rounding)
    assert sum(shares) == rounded(sum(exacts, Fraction(0)), rounding)
    last_place = Fraction(1, 10**rounding.digits)
    assert all(abs(share - exact) < last_place for share, exact in zip(shares, exacts, strict=True))


FEE: dict[str, Any] = {
    "charge_every": "period",
    "rounding": {"digits": 2, "mode": "half_up"},
    "fees": [{"name": "platform", "amount": "100.00"}],
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("count", [1, 3, 7, 30])
def test_a_fee_of_a_period_is_whole_however_many_versions_the_month_has(
    rating_warehouse: Engine, count: int, mode: str
) -> None:
    days = (START + timedelta(days=number) for number in range(count))
    rules = FEE | {"rounding": {"digits": 2, "mode": mode}}
    plan = price_plan(*(version(day.isoformat(), f"1.{number:02}", **rules) for number, day in enumerate(days, 1)))
    with rating_warehouse.connect() as connection:
        lines = rate_usage(connection, plan, {START: 0})
        connection.rollback()
    fees = [line.amount for line in lines if line.kind == "fee"]
    assert (len(fees), str(sum(fees))) == (count, "100.00")


def test_a_prorated_fee_is_rounded_once_and_then_split(rating_warehouse: Engine) -> None:
    rules = FEE | {"fees": [{"name": "platform", "amount": "100.00", "prorate": True}]}
    days = [START, *(START + timedelta(days=day) for day in (3, 7, 9))]
    plan = price_plan(*(version(day.isoformat(), f"1.{number:02}", **rules) for number, day in enumerate(days, 1)))
    with rating_warehouse.connect() as connection:
        lines = rate_usage(connection, plan, {START: 0}, active=(LONG_AGO, START + timedelta(days=11)))
        connection.rollback()
    # 100 × 11 of 31 days = 35.48…; 3, 4, 2 and 2 days of it are 9.677…, 12.903…, 6.451… and 6.451….
    assert [str(line.amount) for line in lines if line.kind == "fee"] == ["9.68", "12.90", "6.45", "6.45"]


@pytest.mark.parametrize(
    ("limit", "lines_of", "taxes_of"),
    [
        ("maximum_charge", ["-900.00", "-9.00"], {"0.06": "6.00", "0.13": "0.13"}),
        ("minimum_charge", ["521.29", "488.71"], {"0.06": "91.27", "0.13": "64.83"}),
    ],
)
def test_a_limit_over_several_tax_rates_is_taxed_at_each(
    rating_warehouse: Engine, limit: str, lines_of: list[str], taxes_of: dict[str, str]
) -> None:
    value = {"maximum_charge": "101.00", "minimum_charge": "2020.00"}[limit]
    rules: dict[str, Any] = {"rounding": {"digits": 2, "mode": "down"}, limit: value}
    later = version("2026-10-17T00:00:00+08:00", "1.00", **rules, tax_rate="0.13")
    plan = price_plan(version(price="1.00", **rules, tax_rate="0.06"), later)
    usage = {START: 3_600_000, START + timedelta(days=20): 36_000}  # 1,000.00 and 10.00
    with rating_warehouse.connect() as connection:
        lines = rate_usage(connection, plan, usage)
        taxes = list(connection.execute(text("SELECT * FROM rated_taxes ORDER BY tax_rate")))
        connection.rollback()
    assert [str(line.amount) for line in lines if line.kind in limit] == lines_of
    assert {f"{tax.tax_rate:.2f}": str(tax.amount) for tax in taxes} == taxes_of


def test_one_percent_over_several_versions_is_that_percent_of_their_sum(rating_warehouse: Engine) -> None:
    rules: dict[str, Any] = {"discount_percent": "12.5", "rounding": {"digits": 2, "mode": "half_up"}}
    days = (START + timedelta(days=day) for day in range(9))
    plan = price_plan(*(version(day.isoformat(), f"1.0{number}", **rules) for number, day in enumerate(days)))
    usage = {START + timedelta(days=day): 3600 for day in range(9)}
    with rating_warehouse.connect() as connection:
        lines = rate_usage(connection, plan, usage)
        connection.rollback()
    # 12.5 % of 1.00 + 1.01 + … + 1.08 = 9.36 are 1.17; each on its own would be 1.21.
    assert str(sum(line.amount for line in lines if line.kind == "discount")) == "-1.17"


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
        (line,) = rate_usage(connection, price_plan(rules), {START: aku_seconds})
        connection.rollback()
    assert str(line.amount) == amount


def test_usage_before_the_first_version_is_refused_and_not_lost(rating_warehouse: Engine) -> None:
    late = version("2026-10-01T01:00:00+08:00")
    with rating_warehouse.connect() as connection:
        with pytest.raises(InvalidInputError, match=r"2026-09-30T16:00:00.*no version in force then"):
            rate_usage(connection, price_plan(late), {START: 3600, START + timedelta(hours=1): 3600})
        connection.rollback()


@pytest.mark.parametrize("included", ["0", "1"], ids=["in any order", "one after the other"])
def test_an_hour_too_large_for_exact_arithmetic_is_refused_and_does_not_overflow(
    rating_warehouse: Engine, included: str
) -> None:
    dear = version(price="25000000000", rounding={"digits": 0, "mode": "down"}, included=included)
    with rating_warehouse.connect() as connection:
        with pytest.raises(InvalidInputError, match="too large to be rated exactly"):
            rate_usage(connection, price_plan(dear), {START: 2_147_483_647})
        connection.rollback()


def test_hours_that_a_caller_puts_up_count_instead_of_the_metered_ones(rating_warehouse: Engine) -> None:
    later = START + timedelta(hours=1)
    with rating_warehouse.connect() as connection:
        rate_usage(connection, price_plan(), {START: 3600, later: 3600})
        (line,) = rate_usage(
            connection, price_plan(), {later: 7200, later + timedelta(hours=1): 3600}, table="billing.rating_hours"
        )
        connection.rollback()
    assert line.aku_seconds == 3600 + 7200 + 3600


def test_an_offer_entered_later_is_not_known_before(rating_warehouse: Engine) -> None:
    offer = Offer(START, None, None, Fraction(50))
    with rating_warehouse.connect() as connection:
        rate_usage(connection, price_plan(), {START: 36_000})
        enter_offer(connection, 1, offer, START)
        totals = []
        for known_at in (START - timedelta(seconds=1), START, None):
            rate(connection, OCTOBER, subscriptions=[1], known_at=known_at)
            totals.append(str(connection.scalar(text("SELECT sum(amount) FROM rated_lines"))))
        connection.rollback()
    assert totals == ["12.00", "6.00", "6.00"]


def test_rating_leaves_its_working_tables_empty(rating_warehouse: Engine) -> None:
    with rating_warehouse.connect() as connection:
        rate_usage(connection, price_plan(), {START: 3600})
        assert connection.scalar(text("SELECT count(*) FROM billing.rating_segments")) == 0
        connection.rollback()


@given(
    dividend=st.integers(-(10**9), 10**9).map(lambda n: Decimal(n).scaleb(-4)),
    divisor=st.integers(1, 10**5).map(lambda n: Decimal(n).scaleb(-2)),
    digits=st.integers(0, 6),
    mode=st.sampled_from(MODES),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_rounds_a_fraction_from_all_its_digits(
    rating_warehouse: Engine, dividend: Decimal, divisor: Decimal, digits: int, mode: Any
) -> None:
    with rating_warehouse.connect() as connection:
        query = text(
            "SELECT billing.round_quotient(CAST(:dividend AS numeric), CAST(:divisor AS numeric), :digits, :mode)"
        )
        stored = connection.scalar(query, {"dividend": dividend, "divisor": divisor, "digits": digits, "mode": mode})
    assert Fraction(stored) == rounded(Fraction(dividend) / Fraction(divisor), (digits, mode))


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
