from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from include.domain.errors import InvalidInputError
from include.domain.money import Decimal
from include.domain.price_plans import price_scale, scaled_price
from tests.support.billing.october import price_plan, version

PLAN = price_plan(version(), version("2026-10-16T00:00:00+08:00", "1.50"))
CHANGE = datetime(2026, 10, 15, 16, tzinfo=UTC)


@pytest.mark.parametrize(("at", "price"), [(CHANGE - timedelta(seconds=1), "1.20"), (CHANGE, "1.50")])
def test_a_version_holds_from_its_instant_on(at: datetime, price: str) -> None:
    assert str(PLAN.version_at(at).tiers[0].unit_price) == price


def test_a_time_before_the_first_version_has_no_price() -> None:
    with pytest.raises(InvalidInputError, match="is before the plan's first version"):
        PLAN.version_at(datetime(2023, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("price", "digits", "scale", "scaled"),
    [("1.20", 2, 2, 120), ("1.20", 4, 4, 12_000), ("0.0001", 2, 4, 1), ("3", 0, 0, 3), ("0", 2, 2, 0)],
)
def test_a_scaled_price_is_whole(price: str, digits: int, scale: int, scaled: int) -> None:
    assert (price_scale(Decimal(price), digits), scaled_price(Decimal(price), digits)) == (scale, scaled)


def test_a_licence_costs_capacity_times_months_times_price() -> None:
    prepaid = price_plan(version(price="0", licence={"price_per_aku_month": "620.005"})).versions[0]
    assert str(prepaid.licence_price(3, 1)) == "1860.01"
    with pytest.raises(InvalidInputError, match="has no licence price"):
        PLAN.versions[0].licence_price(3, 1)
