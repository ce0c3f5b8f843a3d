"""Fields of forms: reasons, names, percentages, amounts and instants, each checked by one rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.domain.errors import InvalidInputError
from include.domain.money import Decimal, parse_decimal
from include.domain.periods import parse_instant
from include.domain.price_fields import MAX_PLACES, decimal_places
from include.domain.text import check_text

if TYPE_CHECKING:
    from datetime import datetime

REASON_LENGTH = (10, 500)
_HUNDRED = Decimal(100)


def read_reason(text: str | None, purpose: str) -> str:
    """The reason with its white space made plain; `purpose` says what it has to explain, as a clause.

    Raises:
        InvalidInputError: when it is missing, too short, too long, or has invisible characters.
    """
    reason = " ".join((text or "").split())
    shortest, longest = REASON_LENGTH
    if not shortest <= len(reason) <= longest:
        rule = f"has {len(reason)} characters, not {shortest} to {longest}"
        remedy = f"Write {purpose}, so that somebody else understands it a year from now."
        raise InvalidInputError("Reason", reason[:60], rule, remedy)
    return check_text(reason, "Reason", longest)


def read_name(text: str | None, what: str, remedy: str) -> str:
    """An id, a name or a person, without white space around it.

    Raises:
        InvalidInputError: when it is missing, too long, or has invisible characters.
    """
    name = (text or "").strip()
    if not name:
        raise InvalidInputError(what, text, "is missing", remedy)
    return check_text(name, what)


def read_percent(text: str | None, what: str) -> Decimal | None:
    """A percentage from 0 to 100; an empty field is None.

    Raises:
        InvalidInputError: when it is no number, or amounts would turn negative.
    """
    if text is None or not text.strip():
        return None
    percent = parse_decimal(text.strip(), what)
    if not 0 <= percent <= _HUNDRED:
        rule = "must be from 0 to 100, or amounts would grow or turn negative"
        raise InvalidInputError(what, text, rule, "Write a number like 12.5.")
    return _short(percent, what)


def read_amount(text: str | None, what: str) -> Decimal | None:
    """An amount of money above 0; an empty field is None.

    Raises:
        InvalidInputError: when it is no number, or not above 0.
    """
    if text is None or not text.strip():
        return None
    amount = parse_decimal(text.strip(), what)
    if amount <= 0:
        raise InvalidInputError(what, text, "must be above 0", "Write what is given back, like 12.30.")
    return _short(amount, what)


def read_instant(text: str | None, what: str) -> datetime | None:
    """An instant in UTC; an empty field is None.

    Raises:
        InvalidInputError: when it is not ISO 8601 with an offset.
    """
    return parse_instant(text.strip(), what) if text and text.strip() else None


def _short(number: Decimal, what: str) -> Decimal:
    if decimal_places(number) > MAX_PLACES:
        rule = f"must have at most {MAX_PLACES} places after the point"
        raise InvalidInputError(what, f"{number:f}", rule, "Shorten it.")
    return number
