"""Price plans as values: who is charged what, per which unit, rounded how, from when.

A version is effective from its instant until the next version's; an hour is priced by the version in force at its
start. Prices are per AKU-hour (per package where the model is package) and written as quoted text. Rating computes with
prices scaled to integers: `MAX_SCALED_PRICE` leaves room for 100,000 AKU in one subscription, and rating itself checks
every hour against it. Every mistake is an `InvalidInputError`, which the catalogue's loader completes with file and
field.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from include.domain.errors import InvalidInputError
from include.domain.money import ZERO, Decimal, RoundingMode, currency_digits, round_amount
from include.domain.price_fields import (
    Currency,
    Instant,
    OptionalPrice,
    OptionalQuantity,
    Percent,
    PlanModel,
    Price,
    Quantity,
    Rate,
    ZoneName,
    decimal_places,
)

if TYPE_CHECKING:
    from datetime import datetime

#: A subscription of 100,000 AKU uses 3.6e8 AKU-seconds an hour; times this it stays below 2**63.
MAX_SCALED_PRICE = 25_000_000_000

SUPPORTED_MODELS = ("per_unit", "graduated", "volume", "package")
#: What of an hour's usage is charged; billing.charged_aku_seconds (routines/billing/hour_measures.sql) has the rule.
HOUR_MEASURES = ("time_weighted", "peak", "started_hour")
_CORRECT = "Correct the file."


def _model(name: object) -> object:
    if name not in SUPPORTED_MODELS:
        raise InvalidInputError(
            "Model", name, f"is not supported; supported: {', '.join(SUPPORTED_MODELS)}", "Use a supported model."
        )
    return name


def _hour_measure(name: object) -> object:
    if name not in HOUR_MEASURES:
        raise InvalidInputError(
            "Hour measure", name, f"is not supported; supported: {', '.join(HOUR_MEASURES)}", "Use a supported measure."
        )
    return name


Model = Annotated[Literal["per_unit", "graduated", "volume", "package"], BeforeValidator(_model)]
HourMeasure = Annotated[Literal["time_weighted", "peak", "started_hour"], BeforeValidator(_hour_measure)]


class Rounding(PlanModel):
    """How an amount is rounded: once, to `digits` places."""

    digits: int = Field(ge=0, le=6)
    mode: RoundingMode


class Tier(PlanModel):
    """A range of AKU-hours and its price; `up_to` is inclusive, None is without end. Reaching it costs the flat fee."""

    up_to: OptionalQuantity
    unit_price: Price
    flat_fee: Price = ZERO


class LicencePrice(PlanModel):
    """The price of a prepaid licence: per AKU of capacity and month of term, and per AKU-hour above the capacity.

    Without an `overage_price` usage above the capacity is shown and not charged.
    """

    price_per_aku_month: Price
    overage_price: OptionalPrice = None


class Fee(PlanModel):
    """What a plan charges each period besides AKU-hours, like a platform fee."""

    name: str = Field(min_length=1, max_length=80)
    amount: Price
    prorate: bool = False


class PlanVersion(PlanModel):
    """The rules of a plan from an instant on.

    Attributes:
        hour_measure: what of an instance's hour is charged: its AKU-seconds as metered, its largest AKU for all of the
            hour, or the mean of its AKU in use for all of the hour.
        flat_fee_at_zero: whether the first tier's flat fee is due without any usage.
        package_size: AKU-hours of a package; each started one costs the tier's unit price.
        included: AKU-hours free per billing period, taken before tiers.
        minimum_charge: what a whole period costs at least, after discount and before tax; with the maximum, by seconds
            of activity where `prorate` says so.
        discount_percent: taken off everything but licences.
        tax_rate: a fraction, on the sum of the rounded lines; contained in it where `tax_inclusive`.
    """

    effective_from: Instant
    hour_measure: HourMeasure = "time_weighted"
    charge_every: Literal["hour", "period"]
    rounding: Rounding
    model: Model
    tiers: list[Tier] = Field(min_length=1)
    flat_fee_at_zero: bool = True
    package_size: OptionalQuantity = None
    included: Quantity = ZERO
    minimum_charge: OptionalPrice = None
    maximum_charge: OptionalPrice = None
    prorate: bool = False
    discount_percent: Percent = ZERO
    tax_rate: Rate = ZERO
    tax_inclusive: bool = False
    fees: list[Fee] = Field(default=[])
    licence: LicencePrice | None = None

    @model_validator(mode="after")
    def _has_tiers_in_order(self) -> Self:
        *closed, last = self.tiers
        if closed and self.model in {"per_unit", "package"}:
            rule = f"must be one tier with up_to: null where the model is {self.model}"
            raise InvalidInputError("tiers", [_text(tier.up_to) for tier in self.tiers], rule, _CORRECT)
        if last.up_to is not None:
            rule = "must be null in the last tier, or usage above it would have no price"
            raise InvalidInputError(f"tiers[{len(closed)}].up_to", _text(last.up_to), rule, _CORRECT)
        start = ZERO
        for number, tier in enumerate(closed):
            if tier.up_to is None:
                rule = "is null before the last tier, so that the tiers after it are never reached"
                raise InvalidInputError(f"tiers[{number}].up_to", None, rule, "Give every tier but the last an end.")
            if tier.up_to <= start:
                rule = f"must be more than {start:f}, where the tier starts: tiers ascend and do not overlap"
                raise InvalidInputError(f"tiers[{number}].up_to", _text(tier.up_to), rule, _CORRECT)
            start = tier.up_to
        return self

    @model_validator(mode="after")
    def _sells_packages_of_a_size(self) -> Self:
        size = self.package_size
        if self.model == "package" and not size:
            rule = "must be more than 0 AKU-hours where the model is package"
            raise InvalidInputError("package_size", _text(size), rule, "Give the AKU-hours of a package.")
        if self.model != "package" and size is not None:
            rule = f"has no meaning where the model is {self.model}"
            raise InvalidInputError("package_size", _text(size), rule, "Remove it.")
        return self

    @model_validator(mode="after")
    def _leaves_room_between_minimum_and_maximum(self) -> Self:
        least, most = self.minimum_charge, self.maximum_charge
        if least is not None and most is not None and least > most:
            rule = f"must be at most the maximum_charge, {most:f}"
            raise InvalidInputError("minimum_charge", _text(least), rule, _CORRECT)
        return self

    @model_validator(mode="after")
    def _names_fees_once(self) -> Self:
        seen: set[str] = set()
        for number, fee in enumerate(self.fees):
            if fee.name in seen:
                raise InvalidInputError(
                    f"fees[{number}].name", fee.name, "is a duplicate", "Give each fee its own name."
                )
            seen.add(fee.name)
        return self

    @model_validator(mode="after")
    def _does_not_charge_usage_twice(self) -> Self:
        if self.licence is None:
            return self
        if self.model != "per_unit" or self.included:
            rule = "cannot be combined with a licence, whose capacity is what is free"
            name = "included" if self.included else "model"
            raise InvalidInputError(name, _text(self.included) if self.included else self.model, rule, _CORRECT)
        if self.tiers[0].unit_price:
            raise InvalidInputError(
                "tiers[0].unit_price",
                str(self.tiers[0].unit_price),
                'must be "0" where there is a licence, whose price covers the usage',
                "Price usage above the capacity by licence.overage_price.",
            )
        return self

    @model_validator(mode="after")
    def _fits_integer_arithmetic(self) -> Self:
        for number, tier in enumerate(self.usage_tiers):
            if scaled_price(tier.unit_price, self.rounding.digits) > MAX_SCALED_PRICE:
                raise InvalidInputError(
                    f"tiers[{number}].unit_price",
                    str(tier.unit_price),
                    f"has too many digits to be rated exactly: as a whole number of its last place, or of the "
                    f"rounding's, it must be at most {MAX_SCALED_PRICE}",
                    "Use a smaller price or fewer places.",
                )
        return self

    @property
    def usage_tiers(self) -> list[Tier]:
        """The tiers that usage is priced by; beside a licence that is the usage above its capacity."""
        if self.licence is None:
            return self.tiers
        overage = self.licence.overage_price or ZERO
        return [tier.model_copy(update={"unit_price": overage}) for tier in self.tiers]

    def licence_price(self, capacity_aku: int, months: int) -> Decimal:
        """The rounded price of a licence of that capacity for a term of that many months.

        Raises:
            InvalidInputError: when this version sells no licences.
        """
        if self.licence is None:
            raise InvalidInputError(
                "Price plan version", self.effective_from.isoformat(), "has no licence price", "Add `licence:` to it."
            )
        exact = self.licence.price_per_aku_month * capacity_aku * months
        return round_amount(exact, self.rounding.digits, self.rounding.mode)


class PricePlan(PlanModel):
    """A named plan: one currency, one time zone for its billing periods, versions in order of time."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    currency: Currency
    time_zone: ZoneName
    versions: list[PlanVersion] = Field(min_length=1)

    @property
    def sells_licences(self) -> bool:
        """Whether a version prices licences: usage within one costs nothing, so what usage costs cannot be compared."""
        return any(version.licence for version in self.versions)

    @model_validator(mode="after")
    def _versions_follow_each_other(self) -> Self:
        starts = [version.effective_from for version in self.versions]
        for number, (earlier, later) in enumerate(pairwise(starts), start=1):
            if later <= earlier:
                raise InvalidInputError(
                    f"versions[{number}].effective_from",
                    later.isoformat(),
                    f"must be later than that of the version before it, {earlier.isoformat()}",
                    "Put the versions in order of time.",
                )
        return self

    @model_validator(mode="after")
    def _rounds_to_what_can_be_paid(self) -> Self:
        if currency_digits(self.currency) == 0:
            for number, version in enumerate(self.versions):
                if version.rounding.digits:
                    rule = f"must be 0: {self.currency} has no smaller unit, and a smaller amount cannot be paid"
                    raise InvalidInputError(
                        f"versions[{number}].rounding.digits", version.rounding.digits, rule, "Write 0."
                    )
        return self

    def version_at(self, instant: datetime) -> PlanVersion:
        """The version in force at an instant.

        Raises:
            InvalidInputError: when no version is effective yet.
        """
        effective = [version for version in self.versions if version.effective_from <= instant]
        if not effective:
            raise InvalidInputError(
                f"Time to be priced by the plan {self.name}",
                instant.isoformat(),
                f"is before the plan's first version, which is effective from "
                f"{self.versions[0].effective_from.isoformat()}",
                "Add a version that is effective at that time.",
            )
        return effective[-1]


def price_scale(price: Decimal, digits: int) -> int:
    """Decimal places that make both the price and the rounded amount whole numbers."""
    return max(decimal_places(price), digits)


def scaled_price(price: Decimal, digits: int) -> int:
    """The price as an integer number of 10^-price_scale."""
    return int(price.scaleb(price_scale(price, digits)))


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"
