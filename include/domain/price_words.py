"""Price plans in words, for the person who checks one before it is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.domain.money import ZERO, Decimal, currency_digits, plain
from include.domain.periods import time_zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.domain.price_plans import PlanVersion, PricePlan, Tier

#: What is charged of an hour, where it is not what was metered.
_MEASURES = {
    "peak": "an instance's largest AKU in an hour is charged for the whole hour",
    "started_hour": "an hour that an instance was used in is charged whole, at its mean AKU of the time in use",
}


def describe_plan(plan: PricePlan) -> Iterator[str]:
    """One line for each version and for each of its rules; times are those of the plan's zone."""
    for version in plan.versions:
        start = version.effective_from.astimezone(time_zone(plan.time_zone))
        first, *rules = describe_version(version, plan.currency)
        yield f"From {start:%Y-%m-%d %H:%M %z}: {first}"
        yield from (f"  {rule}" for rule in rules)


def describe_version(version: PlanVersion, currency: str) -> Iterator[str]:
    """One line for each rule of a version, the model first."""
    rounding = f"rounded {version.rounding.mode} to {version.rounding.digits} place(s)"
    yield f"{version.model.replace('_', ' ')}, charged every {version.charge_every}, {rounding}"
    if version.rounding.digits > (digits := currency_digits(currency)):
        yield f"amounts have {version.rounding.digits} places and {currency} has {digits}: totals may not be payable"
    if version.hour_measure in _MEASURES:
        yield _MEASURES[version.hour_measure]
    if version.included:
        yield f"{plain(version.included)} AKU-hours of each period are free"
    yield from _describe_tiers(version, currency)
    for fee in version.fees:
        shared = ", by seconds of activity" if fee.prorate else ""
        yield f"{fee.name}: {fee.amount:f} {currency} a period{shared}"
    if version.licence is not None:
        yield f"licences: {version.licence.price_per_aku_month:f} {currency} per AKU and month"
    if version.discount_percent:
        yield f"less {plain(version.discount_percent)} %"
    shared = ", by seconds of activity" if version.prorate else ""
    for word, charge in (("at most", version.maximum_charge), ("at least", version.minimum_charge)):
        if charge is not None:
            yield f"{word} {charge:f} {currency} a period{shared}"
    if version.tax_rate:
        how = "contained in" if version.tax_inclusive else "added to"
        yield f"{plain(version.tax_rate * 100)} % tax, {how} the sum"


def _describe_tiers(version: PlanVersion, currency: str) -> Iterator[str]:
    unit = f"package of {plain(version.package_size)} AKU-hours" if version.package_size else "AKU-hour"
    above = " above a licence's capacity" if version.licence else ""
    start = ZERO
    for tier in version.usage_tiers:
        fee = f", and {tier.flat_fee:f} {currency} once it is reached" if tier.flat_fee else ""
        if tier.flat_fee and not start and version.flat_fee_at_zero:
            fee = f", and {tier.flat_fee:f} {currency} a period"
        yield f"{_range(start, tier)}{tier.unit_price:f} {currency} per {unit}{above}{fee}"
        start = tier.up_to or ZERO


def _range(start: Decimal, tier: Tier) -> str:
    if tier.up_to is not None:
        return f"above {plain(start)} up to {plain(tier.up_to)} AKU-hours: "
    return f"above {plain(start)} AKU-hours: " if start else ""
