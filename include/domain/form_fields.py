"""Fields of forms: reasons, names, numbers, percentages, amounts and instants, each checked by one rule."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.domain.errors import InvalidFormError, InvalidInputError
from include.domain.money import Decimal, parse_decimal
from include.domain.periods import parse_instant, time_zone
from include.domain.price_fields import MAX_PLACES, decimal_places
from include.domain.text import check_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REASON_LENGTH = (10, 500)
#: What a form's field may look like before its reader judges it: these refuse nothing that the readers take.
NUMBERS = r"[\s,]*0*[1-9][0-9]*([\s,]+0*[1-9][0-9]*)*[\s,]*"
PERCENT = r"\s*\+?0*(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)\s*"
AMOUNT = r"\s*\+?[0-9]+(\.[0-9]+)?\s*"
INSTANT = r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?(Z|[+\-][0-9:]{2,8})?)?\s*"
FILE_NAME = r"[^\/\\]+"
_HUNDRED = Decimal(100)
#: A day, and a time of it where one is given.
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?")


def read_fields(fields: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Every field's value by its name; all mistakes are listed at once.

    Args:
        fields: what reads each field, or raises InvalidInputError.

    Raises:
        InvalidInputError: the one mistake, or all of them in one.
    """
    values: dict[str, Any] = {}
    mistakes: list[InvalidInputError] = []
    for name, read in fields.items():
        try:
            values[name] = read()
        except InvalidInputError as mistake:
            mistakes.append(mistake)
    if len(mistakes) == 1:
        raise mistakes[0]
    if mistakes:
        raise InvalidFormError(mistakes)
    return values


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
        raise InvalidInputError(what, None, "is missing", remedy)
    return check_text(name, what)


def read_numbers(text: str | None, what: str) -> list[int]:
    """Whole numbers above 0, separated by commas or white space; an empty field is none.

    Raises:
        InvalidInputError: when something else is among them.
    """
    numbers = []
    for part in (text or "").replace(",", " ").split():
        if not (part.isascii() and part.isdigit() and int(part)):
            rule = f"has {part[:60]!r} in it, which is no whole number above 0"
            raise InvalidInputError(what, (text or "")[:60], rule, "Write numbers with commas or spaces, like 12, 13.")
        numbers.append(int(part))
    return numbers


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


def read_instant(text: str | None, what: str, zone: str | None = None) -> datetime | None:
    """An instant in UTC; an empty field is None.

    Args:
        text: ISO 8601 with an offset; or, in the zone, a day like 2026-12-01, which begins at 00:00, or a day and time
            like 2026-12-01 15:30. Of an hour that the clocks repeat, the first one is meant.
        what: the field, for messages.
        zone: name of the time zone whose days are meant; None: only an offset makes an instant.

    Raises:
        InvalidInputError: when it is neither.
    """
    if not text or not text.strip():
        return None
    said = text.strip()
    if zone is not None and _LOCAL.fullmatch(said):
        with suppress(ValueError):
            local = datetime.fromisoformat(said).replace(tzinfo=time_zone(zone))
            return parse_instant(local.isoformat(), what)
    return parse_instant(said, what)


def _short(number: Decimal, what: str) -> Decimal:
    if decimal_places(number) > MAX_PLACES:
        rule = f"must have at most {MAX_PLACES} places after the point"
        raise InvalidInputError(what, f"{number:f}", rule, "Shorten it.")
    return number
