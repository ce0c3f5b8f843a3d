"""The only door to Decimal.

Money and prices are built from text or integers, never from float; amounts are carried exactly and rounded once, by
`round_amount`, in the mode that the price plan names.
"""

from __future__ import annotations

import re
from decimal import (  # noqa: TID251 (this module is the door)
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)
from functools import cache
from typing import Literal

from babel.core import get_global

from include.domain.errors import InvalidInputError

__all__ = [
    "ZERO",
    "Decimal",
    "RoundingMode",
    "currency_digits",
    "decimal_from_json_number",
    "grouped",
    "parse_decimal",
    "plain",
    "round_amount",
]

ZERO = Decimal(0)
RoundingMode = Literal["down", "up", "half_up", "half_even"]
_MODES = {"down": ROUND_DOWN, "up": ROUND_UP, "half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}
#: Places of the currencies that do not have two: ISO 4217, list one, column "minor unit" (2026-01-01). CLDR's places,
#: which babel has, follow custom and not the standard.
_NO_PLACES = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_PLACES = "BHD IQD JOD KWD LYD OMR TND"
_PLACES = dict.fromkeys(_NO_PLACES.split(), 0) | dict.fromkeys(_THREE_PLACES.split(), 3)
_PLAIN = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
#: Amounts of any size are rounded exactly; the default context would stop at 28 digits.
_WIDE = Context(prec=120)


def parse_decimal(text: object, what: str = "Amount") -> Decimal:
    """Read a decimal number in plain notation from text; its digits stay as they were written.

    Raises:
        InvalidInputError: when it is not text, or not a number written out in plain digits.
    """
    remedy = 'Write it quoted, like "1.20".'
    if not isinstance(text, str):
        raise InvalidInputError(what, text, "must be quoted text, so that no digit is lost", remedy)
    if not _PLAIN.fullmatch(text):
        raise InvalidInputError(what, text, "must be a decimal number in plain digits", remedy)
    return Decimal(text)


@cache
def _tenders() -> frozenset[str]:
    """Codes of what is legal tender somewhere today: no metals, no units of account, no codes for tests."""
    places = get_global("territory_currencies").values()
    return frozenset(code for uses in places for code, _, end, is_tender in uses if is_tender and end is None)


def currency_digits(code: str) -> int:
    """Places after the point of the currency's smallest unit, by ISO 4217.

    Raises:
        InvalidInputError: when the code is not that of money in use.
    """
    if code not in _tenders():
        raise InvalidInputError("Currency", code, "must be a currency code of ISO 4217", "Write a code like CNY.")
    return _PLACES.get(code, 2)


def decimal_from_json_number(number: float | str) -> Decimal:
    """The decimal that an outside service meant by a JSON number (exact up to 15 digits).

    BSS sends amounts as JSON numbers, which its SDK turns into floats; the shortest text of such a float is the number
    that was sent.
    """
    return Decimal(number if isinstance(number, str) else repr(number))


def round_amount(amount: Decimal, digits: int, mode: RoundingMode) -> Decimal:
    """Round to `digits` places after the point. Down and up mean towards and away from zero."""
    return amount.quantize(Decimal(1).scaleb(-digits), rounding=_MODES[mode], context=_WIDE)


def plain(number: Decimal) -> str:
    """The number in plain notation without trailing zeros after the point."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def grouped(number: Decimal | int, places: int = 0) -> str:
    """The number with all its digits, thousands grouped by commas, and at least `places` digits after the point."""
    whole, _, fraction = f"{number:,f}".partition(".") if number else ("0", "", "")
    fraction = fraction.rstrip("0").ljust(places, "0")
    return f"{whole}.{fraction}" if fraction else whole
