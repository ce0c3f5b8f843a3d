"""Price plans as values: who is charged what, per which unit, rounded how, from when.

A version is effective from its instant until the next version's; an hour is priced by the version in force at its
start. Prices are per AKU-hour and written as quoted text. Rating computes with prices scaled to integers:
`MAX_SCALED_PRICE` leaves room for 100,000 AKU in one subscription, and rating itself checks every hour against it.
Every mistake is an `InvalidInputError`, which the catalogue's loader completes with file and field.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Annotated, Literal, Self

from babel.numbers import is_currency
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from include.domain.errors import InvalidInputError
from include.domain.money import ZERO, Decimal, RoundingMode, parse_decimal, round_amount
from include.domain.periods import parse_instant, time_zone

#: A subscription of 100,000 AKU uses 3.6e8 AKU-seconds an hour; times this it stays below 2**63.
MAX_SCALED_PRICE = 25_000_000_000
#: Places after the point that a price may have; its divisor then fits BIGINT with room to spare.
MAX_PLACES = 12

SUPPORTED_MODELS = ("per_unit",)
_CORRECT = "Correct the file."


def _amount(value: object) -> Decimal:
    amount = parse_decimal(value, "Amount")
    if amount < 0:
        raise InvalidInputError("Amount", value, "must not be negative", "Write 0 or more.")
    if -_exponent(amount) > MAX_PLACES:
        rule = f"must have at most {MAX_PLACES} places after the point"
        raise InvalidInputError("Amount", value, rule, "Shorten it.")
    return amount


def _optional_amount(value: object) -> Decimal | None:
    return None if value is None else _amount(value)


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise InvalidInputError(
            "Instant",
            str(value),
            "must be quoted text",
            'Write it quoted and with an offset, like "2024-01-01T00:00:00+08:00".',
        )
    return parse_instant(value)


def _zone(name: str) -> str:
    time_zone(name)
    return name


def _currency(code: str) -> str:
    if not is_currency(code):
        raise InvalidInputError("Currency", code, "must be a currency code of ISO 4217", "Write a code like CNY.")
    return code


def _model(name: object) -> object:
    if name not in SUPPORTED_MODELS:
        raise InvalidInputError(
            "Model", name, f"is not supported; supported: {', '.join(SUPPORTED_MODELS)}", "Use a supported model."
        )
    return name


Price = Annotated[Decimal, BeforeValidator(_amount)]
OptionalPrice = Annotated[Decimal | None, BeforeValidator(_optional_amount)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
ZoneName = Annotated[str, AfterValidator(_zone)]
Currency = Annotated[str, AfterValidator(_currency)]
Model = Annotated[Literal["per_unit"], BeforeValidator(_model)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Rounding(_Part):
    """How an amount is rounded: once, to `digits` places."""

    digits: int = Field(ge=0, le=6)
    mode: RoundingMode


class Tier(_Part):
    """A range of AKU-hours and its price; `up_to` is inclusive, None is without end."""

    up_to: OptionalPrice
    unit_price: Price
    flat_fee: Price = ZERO


class LicencePrice(_Part):
    """The price of a prepaid licence: per AKU of capacity and month of term."""

    price_per_aku_month: Price


class PlanVersion(_Part):
    """The rules of a plan from an instant on."""

    effective_from: Instant
    charge_every: Literal["hour", "period"]
    rounding: Rounding
    model: Model
    tiers: list[Tier] = Field(min_length=1)
    licence: LicencePrice | None = None

    @model_validator(mode="after")
    def _is_per_unit(self) -> Self:
        if len(self.tiers) != 1 or self.tiers[0].up_to is not None:
            ends = [tier.up_to and str(tier.up_to) for tier in self.tiers]
            raise InvalidInputError(
                "tiers", ends, "must be one tier with up_to: null where the model is per_unit", _CORRECT
            )
        if self.tiers[0].flat_fee:
            fee = str(self.tiers[0].flat_fee)
            raise InvalidInputError("tiers[0].flat_fee", fee, 'must be "0" where the model is per_unit', _CORRECT)
        return self

    @model_validator(mode="after")
    def _does_not_charge_usage_twice(self) -> Self:
        if self.licence is not None and self.tiers[0].unit_price:
            raise InvalidInputError(
                "tiers[0].unit_price",
                str(self.tiers[0].unit_price),
                'must be "0" where there is a licence, whose price covers the usage',
                _CORRECT,
            )
        return self

    @model_validator(mode="after")
    def _fits_integer_arithmetic(self) -> Self:
        for number, tier in enumerate(self.tiers):
            if scaled_price(tier.unit_price, self.rounding.digits) > MAX_SCALED_PRICE:
                raise InvalidInputError(
                    f"tiers[{number}].unit_price",
                    str(tier.unit_price),
                    f"has too many digits to be rated exactly: as a whole number of its last place, or of the "
                    f"rounding's, it must be at most {MAX_SCALED_PRICE}",
                    "Use a smaller price or fewer places.",
                )
        return self

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


class PricePlan(_Part):
    """A named plan: one currency, one time zone for its billing periods, versions in order of time."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    currency: Currency
    time_zone: ZoneName
    versions: list[PlanVersion] = Field(min_length=1)

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
    return max(-_exponent(price), digits)


def scaled_price(price: Decimal, digits: int) -> int:
    """The price as an integer number of 10^-price_scale."""
    return int(price.scaleb(price_scale(price, digits)))


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "amounts are finite"  # noqa: S101
    return exponent
