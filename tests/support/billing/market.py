"""What corrections are tried on: plans of several currencies and time zones, and lives of subscriptions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from include.domain.money import currency_digits
from include.domain.periods import BillingPeriod
from tests.support.billing.october import price_plan, version
from tests.support.billing.oracle import Licence
from tests.support.builders import LONG_AGO

if TYPE_CHECKING:
    from datetime import datetime

    from include.domain.price_plans import PricePlan

#: UTC+8; summer time ends in the first month; summer time ends in the second one.
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York")
CURRENCIES = ("CNY", "JPY")
PLANS = ("by-hour", "graduated", "volume", "package", "prepaid")
#: Hours of a period that may have usage: at its start, in its middle and near its end.
HOURS = (0, 1, 2, 400, 401, 700)


def periods_of(zone: str) -> list[BillingPeriod]:
    """Four months."""
    first = BillingPeriod("2026-10", zone)
    return [first, first.next, first.next.next, first.next.next.next]


def tier(up_to: str | None, price: str, fee: str = "0") -> dict[str, Any]:
    return {"up_to": up_to, "unit_price": price, "flat_fee": fee}


def plan_name(plan: str, currency: str, zone: str) -> str:
    return f"{plan}-{currency}-{zone.split('/')[1]}".lower().replace("_", "-")


def plans_of(zone: str, currency: str) -> list[PricePlan]:
    """Every model, with fees, limits, discounts and taxes, and a prepaid one with overage."""
    digits = currency_digits(currency)

    def rounding(mode: str) -> dict[str, Any]:
        return {"digits": digits, "mode": mode}

    by_hour = [version(rounding=rounding("down"), tax_rate="0.06")]
    graduated = [
        version(
            charge_every="period",
            rounding=rounding("half_up"),
            model="graduated",
            tiers=[tier("5", "1.00", "2"), tier("12.5", "0.80", "1"), tier(None, "0.553")],
            minimum_charge="5",
            prorate=True,
            fees=[{"name": "Platform", "amount": "3.33", "prorate": True}],
            tax_rate="0.06",
        )
    ]
    volume = [
        version(
            charge_every="period",
            rounding=rounding("down"),
            model="volume",
            tiers=[tier("8", "1.00"), tier(None, "0.70", "4")],
            maximum_charge="20",
            discount_percent="10",
            tax_rate="0.13",
            tax_inclusive=True,
        )
    ]
    package = [
        version(
            charge_every="period",
            rounding=rounding("half_even"),
            model="package",
            tiers=[tier(None, "4.99")],
            package_size="7",
            included="3",
            discount_percent="7.5",
        ),
        version("2026-10-20T00:00:00+08:00", "1.10", rounding=rounding("down"), tax_rate="0.06"),
    ]
    prepaid = [
        version(
            price="0",
            rounding=rounding("half_up"),
            tax_rate="0.06",
            licence={"price_per_aku_month": "6.50", "overage_price": "1.37"},
        )
    ]
    versions = dict(zip(PLANS, (by_hour, graduated, volume, package, prepaid), strict=True))
    return [
        price_plan(*said, name=plan_name(name, currency, zone), currency=currency, time_zone=zone)
        for name, said in versions.items()
    ]


BY_NAME = {plan.name: plan for zone in ZONES for currency in CURRENCIES for plan in plans_of(zone, currency)}


class Life(NamedTuple):
    """A subscription, and what happens to it after each close.

    Attributes:
        plan: one of PLANS; licences are those of the prepaid one.
        usage: AKU-seconds by hour of the first two months.
        active: when it starts and ends.
        rounds: after each close, what becomes known or is asked for.
    """

    plan: str
    currency: str
    usage: dict[datetime, int]
    active: tuple[datetime, datetime | None]
    licences: list[Licence]
    rounds: list[list[tuple[Any, ...]]]

    def is_in(self, instant: datetime) -> bool:
        return self.active[0] <= instant and (self.active[1] is None or instant < self.active[1])


_USAGE = st.integers(0, 30_000)
_STARTS = st.sampled_from([None, 5, 15, 20])
_CAUSES = st.one_of(
    st.fixed_dictionaries({"cause": st.just("late_usage")}),
    st.fixed_dictionaries(
        {
            "cause": st.just("price"),
            "price_plan": st.sampled_from(PLANS),
            "currency": st.sampled_from([None] * 7 + list(CURRENCIES)),
            "day": _STARTS,
        }
    ),
    st.fixed_dictionaries(
        {
            "cause": st.just("discount"),
            "discount_percent": st.sampled_from(["0", "12.5", "33.3", "100"]),
            "day": _STARTS,
        }
    ),
    st.fixed_dictionaries(
        {
            "cause": st.just("refund"),
            "refund_amount": st.sampled_from([1, 137, 500, "all", "too much"]),
            "refund_line": st.integers(1, 4),
        }
    ),
)
_PERIOD = st.integers(0, 2)
steps = st.one_of(
    st.tuples(st.just("late"), _PERIOD, st.sampled_from(HOURS), _USAGE),
    st.tuples(st.just("withdraw"), _PERIOD),
    st.tuples(st.just("release"), _PERIOD, st.integers(1, 27)),
    st.tuples(st.just("mistake"), _PERIOD, _CAUSES),
    st.tuples(st.just("ask"), _PERIOD, _CAUSES, st.sampled_from(["note", "agreed note", "next_bill"])),
)


@st.composite
def lives(draw: st.DrawFn, zone: str, round_count: int) -> Life:
    """Any subscription with months of that zone."""
    periods = periods_of(zone)
    plan = draw(st.sampled_from(PLANS))
    first = periods[0].window
    start = draw(st.sampled_from([LONG_AGO, LONG_AGO, first.start + timedelta(days=7)]))
    ended_in, day = draw(st.sampled_from([None, None, 0, 1, 2])), draw(st.integers(8, 27))
    end = None if ended_in is None else periods[ended_in].window.start + timedelta(days=day, hours=1)
    active = (start, end)
    usage = {period.window.start + timedelta(hours=hour): draw(_USAGE) for period in periods[:2] for hour in HOURS}
    life = Life(plan, draw(st.sampled_from(CURRENCIES)), usage, active, [], [])
    licences = [
        Licence(at, at + timedelta(days=draw(st.integers(1, 60))), 1, draw(st.integers(1, 3)), draw(st.booleans()))
        for at in (
            first.start + timedelta(seconds=draw(st.sampled_from([0, 1800, 5400, 9 * 86_400])))
            for _ in range(draw(st.integers(0, 2)) if plan == "prepaid" else 0)
        )
        if life.is_in(at)
    ]
    return life._replace(
        usage={hour: used for hour, used in usage.items() if life.is_in(hour)},
        licences=licences,
        rounds=[draw(st.lists(steps, max_size=4)) for _ in range(round_count)],
    )
