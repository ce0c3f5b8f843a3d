from __future__ import annotations

import pytest

from include.domain.errors import InvalidInputError
from include.domain.money import Decimal, currency_digits, decimal_from_json_number, parse_decimal, plain, round_amount


@pytest.mark.parametrize(
    ("amount", "down", "up", "half_up", "half_even"),
    [
        ("0.125", "0.12", "0.13", "0.13", "0.12"),
        ("0.135", "0.13", "0.14", "0.14", "0.14"),
        ("0.1250001", "0.12", "0.13", "0.13", "0.13"),
        ("0.12", "0.12", "0.12", "0.12", "0.12"),
        ("-0.125", "-0.12", "-0.13", "-0.13", "-0.12"),
        (f"{10**30}.125", f"{10**30}.12", f"{10**30}.13", f"{10**30}.13", f"{10**30}.12"),
    ],
)
def test_rounding(amount: str, down: str, up: str, half_up: str, half_even: str) -> None:
    number = Decimal(amount)
    assert str(round_amount(number, 2, "down")) == down
    assert str(round_amount(number, 2, "up")) == up
    assert str(round_amount(number, 2, "half_up")) == half_up
    assert str(round_amount(number, 2, "half_even")) == half_even


@pytest.mark.parametrize("text", [1.2, 1, None, "", " 1", "1_000", "1e3", "inf", "NaN", ".5", "1.", "\uff11"])
def test_only_plain_quoted_digits_are_a_number(text: object) -> None:
    with pytest.raises(InvalidInputError):
        parse_decimal(text)


def test_digits_stay_as_they_were_written() -> None:
    assert str(parse_decimal("1.20")) == "1.20"
    assert plain(Decimal("1.20")) == "1.2"
    assert plain(Decimal("100")) == "100"
    assert str(decimal_from_json_number(0.1)) == "0.1"


@pytest.mark.parametrize(("code", "digits"), [("CNY", 2), ("JPY", 0), ("KWD", 3), ("LAK", 2), ("IQD", 3), ("XOF", 0)])
def test_a_currency_has_the_places_of_iso_4217(code: str, digits: int) -> None:
    assert currency_digits(code) == digits


@pytest.mark.parametrize("code", ["XXX", "XTS", "XAU", "XDR", "CLF", "DEM", "ABC", "cny", ""])
def test_what_is_no_money_in_use_has_no_places(code: str) -> None:
    with pytest.raises(InvalidInputError, match="ISO 4217"):
        currency_digits(code)
