"""Reads the amounts of files that people and marketplaces hand in."""

from __future__ import annotations

from include.domain.errors import InvalidInputError
from include.domain.money import Decimal, parse_decimal, plain, round_amount
from include.domain.price_fields import decimal_places

#: More places than a price has are noise of a float: 0.30000000000000004 is 0.3.
_PLACES = 12


def read_amount(column: str, text: str) -> Decimal:
    """The amount that a cell holds, without the noise that a float adds.

    Raises:
        InvalidInputError: when it is no number in plain digits.
    """
    try:
        amount = parse_decimal(text, column)
    except InvalidInputError as error:
        raise InvalidInputError(column, text[:60], error.rule, "Write it in plain digits, like 1.20.") from None
    is_noise = decimal_places(amount) > _PLACES
    return Decimal(plain(round_amount(amount, _PLACES, "half_even"))) if is_noise else amount
