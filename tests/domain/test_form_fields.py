"""Fields of forms as people fill them in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from include.domain.errors import InvalidInputError
from include.domain.form_fields import (
    AMOUNT,
    INSTANT,
    NUMBERS,
    PERCENT,
    read_amount,
    read_fields,
    read_instant,
    read_name,
    read_numbers,
    read_percent,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("said", "zone", "instant"),
    [
        ("2026-12-01", "Asia/Shanghai", "2026-11-30T16:00:00+00:00"),
        (" 2026-07-01 ", "Europe/Berlin", "2026-06-30T22:00:00+00:00"),
        ("2026-10-20 15:30", "Asia/Shanghai", "2026-10-20T07:30:00+00:00"),
        ("2026-10-20T15:30:05", "Asia/Shanghai", "2026-10-20T07:30:05+00:00"),
        ("2026-10-25 02:30", "Europe/Berlin", "2026-10-25T00:30:00+00:00"),
        ("2026-12-01T00:00:00+08:00", "Europe/Berlin", "2026-11-30T16:00:00+00:00"),
    ],
)
def test_days_and_times_are_those_of_the_zone_and_an_instant_is_what_it_says(
    said: str, zone: str, instant: str
) -> None:
    read = read_instant(said, "From", zone)
    assert read is not None
    assert read.isoformat() == instant


@pytest.mark.parametrize(
    ("said", "zone"),
    [
        ("2026-12-01", None),
        ("2026-02-30", "Asia/Shanghai"),
        ("2026-10-20 25:00", "UTC"),
        ("1 Dec", "UTC"),
        ("0001-01-01", "UTC"),
    ],
)
def test_a_day_without_a_zone_and_days_that_do_not_exist_are_refused(said: str, zone: str | None) -> None:
    with pytest.raises(InvalidInputError, match=f"From is '{said}"):
        read_instant(said, "From", zone)


@pytest.mark.parametrize("said", [None, "", "  "])
def test_an_empty_field_is_none(said: str | None) -> None:
    assert read_instant(said, "From", "UTC") is None


@pytest.mark.parametrize(
    ("said", "numbers"),
    [(None, []), (" ", []), ("12", [12]), ("12, 13", [12, 13]), ("12 13\n14,15,", [12, 13, 14, 15])],
)
def test_numbers_are_written_with_commas_or_spaces(said: str | None, numbers: list[int]) -> None:
    assert read_numbers(said, "Gaps") == numbers


@pytest.mark.parametrize("said", ["1;2", "1, two", "0", "-1", "1.5", "[1]", "\u0663"])
def test_what_is_no_number_is_named_and_nothing_is_dropped(said: str) -> None:
    with pytest.raises(
        InvalidInputError, match=r"which is no whole number above 0\. Write numbers with commas or spaces"
    ):
        read_numbers(said, "Gaps")


def test_what_is_missing_is_said_without_a_value() -> None:
    assert str(InvalidInputError("Bill", None, "is missing", "Give its id.")) == "Bill is missing. Give its id."
    given = InvalidInputError("Bill", "x", "does not exist", "Give another.")
    assert str(given) == "Bill is 'x': it does not exist. Give another."


def test_all_mistakes_of_a_form_are_listed_at_once() -> None:
    good: dict[str, Callable[[], object]] = {"name": lambda: read_name(" orders ", "Name", "Give one.")}
    assert read_fields(good) == {"name": "orders"}
    bad: dict[str, Callable[[], object]] = {
        "from": lambda: read_instant("soon", "From"),
        "percent": lambda: read_percent("a lot", "Discount"),
    }
    with pytest.raises(InvalidInputError) as raised:
        read_fields(good | bad)
    assert re.fullmatch(
        r"2 fields are wrong\. \(1\) From is 'soon': it .*\. \(2\) Discount is 'a lot': it .*\.", str(raised.value)
    )
    with pytest.raises(InvalidInputError, match=r"^From is 'soon'"):
        read_fields(good | {"from": bad["from"]})


def read_day(text: str, what: str) -> object:
    return read_instant(text, what, "Asia/Shanghai")


@pytest.mark.parametrize(
    ("pattern", "read", "taken", "refused"),
    [
        (NUMBERS, read_numbers, ["12", " 12, 13 ", "12\n13,", "007"], ["0", "1, two", "[12, 13]", "1.5"]),
        (PERCENT, read_percent, ["0", "12.5", "+12.5", " 100 ", "100.00", "007"], ["101", "ten", "-1", "1e1"]),
        (AMOUNT, read_amount, ["12.30", " 1 ", "+1"], ["-1", "ten", "1,000.00", "1e3"]),
        (
            INSTANT,
            read_day,
            ["2026-10-20", "2026-10-20 15:30", "2026-10-20T15:30:00+08:00", "2026-10-20T15:30:00Z"],
            ["20 May", "2026-10", "now"],
        ),
    ],
)
def test_a_form_takes_what_its_reader_takes_and_refuses_what_it_never_would(pattern, read, taken, refused):
    for text in taken:
        assert re.fullmatch(pattern, text), text
        read(text, "Field")
    for text in refused:
        assert not re.fullmatch(pattern, text), text
        with pytest.raises(InvalidInputError):
            read(text, "Field")
