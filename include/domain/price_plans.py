"""Price plans as values: who is charged what, per which unit, rounded how, from when.

A version is effective from its instant until the next version's. Prices are per AKU-hour and written as quoted text.
Rating computes with prices scaled to integers; `MAX_SCALED_PRICE` makes an overflow of BIGINT impossible.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from include.domain.errors import InvalidInputError
from include.domain.money import Decimal, RoundingMode, parse_decimal
from include.domain.periods import parse_instant, time_zone

#: A subscription of 100,000 AKU uses 3.6e8 AKU-seconds an hour; times this it stays below 2**63.
MAX_SCALED_PRICE = 25_000_000_000


def _price(text: object) -> Decimal:
    price = parse_decimal(text, "Price")  # type: ignore[arg-type]  # it says so when it is not text
    if price < 0:
        raise ValueError("must not be negative")
    return price


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError('must be a quoted ISO 8601 time with an offset, like "2024-01-01T00:00:00+08:00"')  # noqa: TRY004 (pydantic wants ValueError)
    return parse_instant(value)


def _zone(name: str) -> str:
    time_zone(name)
    return name


Price = Annotated[Decimal, BeforeValidator(_price)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
ZoneName = Annotated[str, AfterValidator(_zone)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Rounding(_Part):
    """How an amount is rounded: once, to `digits` places."""

    digits: int = Field(ge=0, le=6)
    mode: RoundingMode


class Tier(_Part):
    """A range of AKU-hours and its price; `up_to` is inclusive, None is without end."""

    up_to: Price | None
    unit_price: Price
    flat_fee: Price = Decimal(0)


class LicencePrice(_Part):
    """The price of a prepaid licence: per AKU of capacity and month of term."""

    price_per_aku_month: Price


class PlanVersion(_Part):
    """The rules of a plan from an instant on."""

    effective_from: Instant
    charge_every: Literal["hour", "period"]
    rounding: Rounding
    model: Literal["per_unit"]
    tiers: list[Tier] = Field(min_length=1)
    licence: LicencePrice | None = None

    @model_validator(mode="after")
    def _is_per_unit(self) -> Self:
        if len(self.tiers) != 1 or self.tiers[0].up_to is not None:
            raise ValueError("model per_unit needs exactly one tier with up_to: null")
        return self

    @model_validator(mode="after")
    def _fits_integer_arithmetic(self) -> Self:
        for tier in self.tiers:
            if scaled_price(tier.unit_price, self.rounding.digits) > MAX_SCALED_PRICE:
                raise ValueError(
                    f"unit_price {tier.unit_price} has too many digits to rate exactly; "
                    f"price × 10^places must be at most {MAX_SCALED_PRICE}"
                )
        return self


class PricePlan(_Part):
    """A named plan: one currency, one time zone for its billing periods, versions in order of time."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    time_zone: ZoneName
    versions: list[PlanVersion] = Field(min_length=1)

    @model_validator(mode="after")
    def _versions_follow_each_other(self) -> Self:
        starts = [version.effective_from for version in self.versions]
        if any(later <= earlier for earlier, later in zip(starts, starts[1:], strict=False)):
            raise ValueError("versions must be in order of effective_from, each later than the one before")
        return self

    def version_at(self, instant: datetime) -> PlanVersion:
        """The version in force at an instant.

        Raises:
            InvalidInputError: when no version is effective yet.
        """
        effective = [version for version in self.versions if version.effective_from <= instant]
        if not effective:
            raise InvalidInputError(
                f"Price plan {self.name}", instant.isoformat(), "has no version effective at that time",
                f"Its first version starts at {self.versions[0].effective_from.isoformat()}; add an earlier one.",
            )
        return effective[-1]


def price_scale(price: Decimal, digits: int) -> int:
    """Decimal places that make both the price and the rounded amount whole numbers."""
    exponent = price.as_tuple().exponent
    assert isinstance(exponent, int), "prices are finite"  # noqa: S101
    return max(-exponent, digits)


def scaled_price(price: Decimal, digits: int) -> int:
    """The price as an integer number of 10^-price_scale."""
    return int(price.scaleb(price_scale(price, digits)))
