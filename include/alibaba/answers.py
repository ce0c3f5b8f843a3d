"""Reading the SDKs' answers: fields that must be there, instants, amounts.

The SDKs drop fields they do not know and keep wrong types as they came, so what we need is checked here.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from include.domain.errors import UnexpectedAnswerError
from include.domain.money import Decimal, decimal_from_json_number
from include.domain.periods import instant_of_unix, parse_instant, time_zone


def required(answer: object, field: str, call: str) -> str:
    """A field as text.

    Raises:
        UnexpectedAnswerError: when it is missing or empty.
    """
    value = optional(answer, field)
    if value is None:
        raise UnexpectedAnswerError(
            f"{call} answered without {field}. Look for a newer version of the SDK package, or ask Alibaba Cloud."
        )
    return value


def optional(answer: object, field: str) -> str | None:
    """A field as text; None when it is missing or empty."""
    value = getattr(answer, field, None)
    return None if value is None or value == "" else str(value)


def integer(answer: object, field: str, call: str) -> int | None:
    """A whole number; None when it is missing or empty.

    Raises:
        UnexpectedAnswerError: when it is something else.
    """
    value = optional(answer, field)
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        raise UnexpectedAnswerError(f"{call} answered {field} {value!r}, which is not a whole number.") from None


def instant(answer: object, field: str, call: str) -> datetime | None:
    """A time as an aware UTC instant: ISO 8601 text, or a Unix time in seconds or milliseconds.

    Compute Nest and ECS write ISO 8601; the Marketplace writes Unix times of a unit that its pages leave open: their
    size shows it.
    """
    value = optional(answer, field)
    if value is None:
        return None
    try:
        if value.isascii() and value.isdigit():
            return _from_unix(int(value))
        return parse_instant(value, field)
    except ValueError:
        raise UnexpectedAnswerError(f"{call} answered {field} {value!r}, which is not a time that we know.") from None


def required_instant(answer: object, field: str, call: str) -> datetime:
    """Like `instant`, but it must be there.

    Raises:
        UnexpectedAnswerError: when it is missing or no time.
    """
    required(answer, field, call)
    at = instant(answer, field, call)
    assert at is not None, "required() saw it"  # noqa: S101
    return at


def local_instant(answer: object, field: str, call: str, zone: str) -> datetime | None:
    """A time without an offset (YYYY-MM-DD HH:MM:SS) of a zone as an aware UTC instant; None when it is empty.

    Raises:
        UnexpectedAnswerError: when it is something else.
    """
    value = optional(answer, field)
    if value is None:
        return None
    try:
        return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=time_zone(zone)).astimezone(UTC)
    except ValueError:
        raise UnexpectedAnswerError(f"{call} answered {field} {value!r}, which is not a time that we know.") from None


def amount(answer: object, field: str, call: str) -> Decimal | None:
    """A JSON number, or text, as the decimal that was meant; None when it is missing or empty.

    Raises:
        UnexpectedAnswerError: when it is not a finite number.
    """
    value = getattr(answer, field, None)
    if value is None or value == "":
        return None
    number: Decimal | None = None
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = decimal_from_json_number(value)
        except ArithmeticError:
            number = None
    if number is None or not number.is_finite():
        raise UnexpectedAnswerError(f"{call} answered {field} {value!r}, which is not a number.")
    return number


def required_amount(answer: object, field: str, call: str) -> Decimal:
    """Like `amount`, but it must be there.

    Raises:
        UnexpectedAnswerError: when it is missing or not a number.
    """
    required(answer, field, call)
    number = amount(answer, field, call)
    assert number is not None, "required() saw it"  # noqa: S101
    return number


def json_object(answer: object, field: str, call: str) -> dict[str, Any]:
    """A field that holds a JSON object as text; empty when it is missing.

    Raises:
        UnexpectedAnswerError: when it is something else.
    """
    text = optional(answer, field)
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        # The value may hold a credential, so it is not shown.
        raise UnexpectedAnswerError(f"{call} answered {field} that is not a JSON object.")
    return value


def items(holder: object, field: str) -> list[Any]:
    """A list field; empty when it is missing."""
    value = getattr(holder, field, None)
    return list(value) if isinstance(value, list) else []


_FIRST_MILLISECOND_STAMP = 100_000_000_000  # in seconds this is the year 5138


def _from_unix(stamp: int) -> datetime:
    seconds = stamp / 1000 if stamp >= _FIRST_MILLISECOND_STAMP else stamp
    return instant_of_unix(seconds)
