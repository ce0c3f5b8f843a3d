"""The fields of a price plan's file as types: each reads what was written and says which rule a mistake breaks.

Amounts and quantities are decimal numbers, written as quoted text or as whole numbers, never as floats. Every mistake
is an `InvalidInputError`, which the catalogue's loader completes with file and field.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from babel.numbers import is_currency
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from include.domain.errors import InvalidInputError
from include.domain.money import Decimal, parse_decimal
from include.domain.periods import parse_instant, time_zone

#: Places after the point that a price may have; its divisor then fits BIGINT with room to spare.
MAX_PLACES = 12
#: AKU-hours that a tier, a package or an included quantity may name; as AKU-seconds it fits BIGINT with room to spare.
MAX_AKU_HOURS = Decimal(10**12)
_SECONDS = 3600


class Part(BaseModel):
    """A part of a plan's file: unknown fields are mistakes, values do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def decimal_places(number: Decimal) -> int:
    """Places after the point as written; trailing zeros count."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "amounts are finite"  # noqa: S101
    return max(-exponent, 0)


def whole_aku_seconds(aku_hours: Decimal) -> int:
    """AKU-hours as AKU-seconds; a plan's quantities are whole ones."""
    return int(aku_hours * _SECONDS)


def _amount(value: object) -> Decimal:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    amount = Decimal(value) if is_whole else parse_decimal(value, "Amount")  # type: ignore[arg-type]
    if amount < 0:
        raise InvalidInputError("Amount", value, "must not be negative", "Write 0 or more.")
    if decimal_places(amount) > MAX_PLACES:
        rule = f"must have at most {MAX_PLACES} places after the point"
        raise InvalidInputError("Amount", value, rule, "Shorten it.")
    return amount


def _quantity(value: object) -> Decimal:
    quantity = _amount(value)
    if quantity > MAX_AKU_HOURS:
        raise InvalidInputError("Quantity", value, f"must be at most {MAX_AKU_HOURS:f} AKU-hours", "Make it smaller.")
    if quantity * _SECONDS % 1:
        raise InvalidInputError(
            "Quantity", value, "must be a whole number of AKU-seconds (1/3600 AKU-hour)", "Round it, like 0.25 or 100."
        )
    return quantity


def _percent(value: object) -> Decimal:
    percent = _amount(value)
    if percent > 100:  # noqa: PLR2004 (per cent)
        raise InvalidInputError(
            "Percentage", value, "must be at most 100, or amounts would turn negative", "Write 0 to 100."
        )
    return percent


def _rate(value: object) -> Decimal:
    rate = _amount(value)
    if rate > 1:
        raise InvalidInputError("Rate", value, "must be a fraction from 0 to 1", 'Write six per cent as "0.06".')
    return rate


def _unless_none(read: object) -> BeforeValidator:
    return BeforeValidator(lambda value: None if value is None else read(value))  # type: ignore[operator]


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


#: An amount of money, or a price per unit: 0 or more.
Price = Annotated[Decimal, BeforeValidator(_amount)]
OptionalPrice = Annotated[Decimal | None, _unless_none(_amount)]
#: AKU-hours that are a whole number of AKU-seconds.
Quantity = Annotated[Decimal, BeforeValidator(_quantity)]
OptionalQuantity = Annotated[Decimal | None, _unless_none(_quantity)]
#: 0 to 100.
Percent = Annotated[Decimal, BeforeValidator(_percent)]
#: A fraction, 0 to 1.
Rate = Annotated[Decimal, BeforeValidator(_rate)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
ZoneName = Annotated[str, AfterValidator(_zone)]
Currency = Annotated[str, AfterValidator(_currency)]
