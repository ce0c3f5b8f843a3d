"""Price plans, usage and terms of every kind, small enough that tiers, limits and halves are met often."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from include.domain.money import Decimal, currency_digits
from include.domain.periods import BillingPeriod
from include.domain.price_plans import HOUR_MEASURES
from tests.support.billing.cases import Case
from tests.support.billing.october import OCTOBER, price_plan, version
from tests.support.billing.oracle import Licence, Offer

if TYPE_CHECKING:
    from datetime import datetime

    from include.domain.periods import Window
    from include.domain.price_plans import PricePlan
    from tests.support.billing.measures import Usage

MODES = ("down", "up", "half_up", "half_even")
MODELS = ("per_unit", "graduated", "volume", "package")
#: Months of 744, 745 (summer time ends in October), 721 (in November) and, half a day ahead of UTC, 744 hours.
MONTHS = (
    OCTOBER,
    BillingPeriod("2026-10", "Europe/Berlin"),
    BillingPeriod("2026-11", "America/New_York"),
    BillingPeriod("2026-10", "Pacific/Kiritimati"),
)
CURRENCIES = ("CNY", "USD", "JPY", "KWD")
_WINDOW = OCTOBER.window


def decimals(most: int, places: int = 5) -> st.SearchStrategy[str]:
    """Amounts as a plan's file has them."""
    return st.builds(
        lambda digits, scale: f"{Decimal(digits).scaleb(-scale):f}", st.integers(0, most), st.integers(0, places)
    )


#: AKU-hours that are whole AKU-seconds.
quantities = st.integers(1, 40).map(lambda quarters: f"{Decimal(quarters) / 4:f}")
optional_amounts = st.none() | decimals(5_000, 3)


def instants(window: Window = _WINDOW) -> st.SearchStrategy[datetime]:
    """Any second within the period."""
    return st.integers(1, window.seconds - 1).map(lambda second: window.start + timedelta(seconds=second))


@st.composite
def tiers(draw: st.DrawFn, model: str) -> list[dict[str, Any]]:
    several = model in ("graduated", "volume")
    widths = draw(st.lists(st.integers(1, 20), max_size=2)) if several else []
    ends: list[str | None] = [f"{Decimal(sum(widths[: n + 1])) / 4:f}" for n in range(len(widths))]
    return [
        {"up_to": end, "unit_price": draw(decimals(20_000)), "flat_fee": draw(st.just("0") | decimals(900, 3))}
        for end in [*ends, None]
    ]


@st.composite
def rules(draw: st.DrawFn, start: str, *, can_license: bool = True, most_digits: int = 4) -> dict[str, Any]:
    """A version from that instant on."""
    licensing = can_license and draw(st.integers(0, 4)) == 0
    model = "per_unit" if licensing else draw(st.sampled_from(MODELS))
    prices = draw(tiers(model))
    if licensing:
        prices[0]["unit_price"] = "0"
    limits = sorted([draw(optional_amounts), draw(optional_amounts)], key=lambda text: Decimal(text or 0))
    if None in limits:
        limits = draw(st.permutations(limits))
    return version(
        start,
        hour_measure=draw(st.sampled_from(HOUR_MEASURES)),
        charge_every=draw(st.sampled_from(["hour", "period"])),
        rounding={"digits": draw(st.integers(0, most_digits)), "mode": draw(st.sampled_from(MODES))},
        model=model,
        tiers=prices,
        flat_fee_at_zero=draw(st.booleans()),
        package_size=draw(quantities) if model == "package" else None,
        included="0" if licensing else draw(st.just("0") | quantities),
        minimum_charge=limits[0],
        maximum_charge=limits[1],
        prorate=draw(st.booleans()),
        discount_percent=draw(st.just("0") | st.integers(0, 100).map(str) | st.just("12.5")),
        tax_rate=draw(st.sampled_from(["0", "0.06", "0.13", "0.0825"])),
        tax_inclusive=draw(st.booleans()),
        fees=[
            {"name": f"fee {n}", "amount": draw(decimals(9_000, 3)), "prorate": draw(st.booleans())}
            for n in range(draw(st.integers(0, 2)))
        ],
        licence={"price_per_aku_month": draw(decimals(900, 2)), "overage_price": draw(st.none() | decimals(9_000))}
        if licensing
        else None,
    )


@st.composite
def plans(
    draw: st.DrawFn,
    name: str = "automq-byoc-payg",
    *,
    can_license: bool = True,
    month: BillingPeriod = OCTOBER,
    currency: str = "CNY",
) -> PricePlan:
    """One to three versions; the later ones start within the month, at any second."""
    later = sorted(draw(st.lists(instants(month.window), max_size=2, unique=True)))
    starts = ["2024-01-01T00:00:00+08:00", *(at.isoformat() for at in later)]
    digits = 4 if currency_digits(currency) else 0
    versions = (draw(rules(start, can_license=can_license, most_digits=digits)) for start in starts)
    return price_plan(*versions, name=name, time_zone=month.zone_name, currency=currency)


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[int, int]]:
    """What an instance does in an hour: sizes and seconds, which may leave some of it out."""
    cuts = sorted(draw(st.lists(st.integers(0, 3600) | st.integers(0, 8).map(lambda n: n * 450), max_size=4)))
    return [(draw(st.integers(0, 12)), after - before) for before, after in pairwise([0, *cuts])]


@st.composite
def usages(draw: st.DrawFn, window: Window = _WINDOW) -> Usage:
    """Usage by hour, around the edges of the month too: two hours before it and two after."""
    hours = st.integers(-2, window.seconds // 3600 + 1) | st.integers(0, 3)
    seconds = st.integers(0, 40_000) | st.integers(0, 20).map(lambda n: n * 900) | st.just(6_000_000_000)
    used = seconds | st.lists(lives(), min_size=1, max_size=3)
    drawn = draw(st.dictionaries(hours, used, max_size=14))
    return {window.start + timedelta(hours=hour): used for hour, used in drawn.items()}


@st.composite
def offers(draw: st.DrawFn, plan: PricePlan, window: Window = _WINDOW) -> list[Offer]:
    drawn = []
    for _ in range(draw(st.integers(0, 2))):
        start = draw(instants(window) | st.just(window.start - timedelta(days=3)))
        end = draw(st.none() | instants(window) | st.just(window.end + timedelta(days=3)))
        discount = draw(st.none() | st.integers(0, 100).map(Fraction))
        drawn.append(
            Offer(
                start, end if end is not None and end > start else None, draw(st.sampled_from([plan, None])), discount
            )
        )
    return drawn


@st.composite
def licences(draw: st.DrawFn, window: Window = _WINDOW) -> list[Licence]:
    """Terms at any second, apart, one after the other, or overlapping; often with ends inside hours with usage.

    Some renew by themselves.
    """
    near = st.integers(0, 4 * 3600).map(lambda second: window.start + timedelta(seconds=second))
    drawn: dict[datetime, Licence] = {}
    for _ in range(draw(st.integers(0, 3))):
        start = draw(
            near
            | instants(window)
            | st.just(window.start - timedelta(days=9))
            | st.sampled_from([one.end for one in drawn.values()] or [window.start])
        )
        end = draw(near | instants(window) | st.just(window.end + timedelta(days=9)))
        if start < end:
            drawn[start] = Licence(start, end, draw(st.integers(1, 12)), draw(st.integers(1, 5)), draw(st.booleans()))
    return list(drawn.values())


@st.composite
def activities(draw: st.DrawFn, window: Window = _WINDOW) -> tuple[datetime, datetime | None]:
    """When the subscription started and ended; it lives in the period."""
    start = draw(st.just(window.start - timedelta(days=40)) | instants(window))
    end = draw(st.none() | instants(window) | st.just(window.end + timedelta(days=40)))
    return start, end if end is not None and end > start else None


@st.composite
def cases(draw: st.DrawFn, month: BillingPeriod = OCTOBER, *, has_offers: bool = True) -> Case:
    """One subscription: a plan of any currency, its usage, when it started and ended, its offers and licences."""
    currency = draw(st.sampled_from(CURRENCIES))
    plan = draw(plans(month=month, currency=currency))
    other = draw(plans("another", month=month, currency=currency)) if has_offers else None
    return Case(
        plan,
        draw(usages(month.window)),
        other,
        draw(offers(other, month.window)) if other else [],
        draw(licences(month.window)),
        draw(activities(month.window)),
    )
