"""The fields of a price plan's file as types: each reads what was written and says which rule a mistake breaks.

A file is read as text: amounts and quantities are decimal numbers, written in plain digits as quoted text, or as whole
numbers. Every mistake is an `InvalidInputError`, which the catalogue's loader completes with file and field.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from include.domain.errors import InvalidInputError
from include.domain.money import Decimal, currency_digits, parse_decimal
from include.domain.periods import is_of_whole_hours, parse_instant, time_zone

#: Places after the point that a price may have; its divisor then fits BIGINT with room to spare.
MAX_PLACES = 12
#: AKU-hours that a tier, a package or an included quantity may name; as AKU-seconds it fits BIGINT with room to spare.
MAX_AKU_HOURS = Decimal(10**12)
_SECONDS = 3600
#: As a person writes a number: 010 is eight to some readers and ten to others.
_WITHOUT_LEADING_ZERO = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


class Unquoted(str):
    """Text without quotes in a file, where a number or an instant may be meant."""

    __slots__ = ()


class PlanModel(BaseModel):
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
    if isinstance(value, Unquoted):
        rule = "must be quoted text, so that no digit is lost, or a whole number, both in plain digits"
        raise InvalidInputError("Amount", value, rule, 'Write it quoted, like "1.20".')
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    amount = Decimal(value) if is_whole else parse_decimal(value, "Amount")  # type: ignore[arg-type]
    if isinstance(value, str) and not _WITHOUT_LEADING_ZERO.fullmatch(value):
        rule = "must be a decimal number in plain digits, without + or a leading 0"
        raise InvalidInputError("Amount", value, rule, 'Write it like "1.20".')
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
    if not isinstance(value, str) or isinstance(value, Unquoted):
        raise InvalidInputError(
            "Instant",
            str(value),
            "must be quoted text",
            'Write it quoted and with an offset, like "2024-01-01T00:00:00+08:00".',
        )
    return parse_instant(value)


def _zone(name: str) -> str:
    if not is_of_whole_hours(time_zone(name)):
        raise InvalidInputError(
            "Time zone",
            name,
            "is at some time since 2000 not a whole number of hours off UTC, and usage is metered in whole hours of "
            "UTC, so its months would cut hours in two",
            "Use a zone of whole hours, like Asia/Shanghai.",
        )
    return name


def _currency(code: str) -> str:
    currency_digits(code)
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
