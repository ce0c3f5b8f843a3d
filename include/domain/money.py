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
from typing import Literal

from include.domain.errors import InvalidInputError

__all__ = ["ZERO", "Decimal", "RoundingMode", "decimal_from_json_number", "parse_decimal", "plain", "round_amount"]

ZERO = Decimal(0)
RoundingMode = Literal["down", "up", "half_up", "half_even"]
_MODES = {"down": ROUND_DOWN, "up": ROUND_UP, "half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}
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
