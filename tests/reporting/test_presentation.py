from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.money import Decimal
from include.reporting import presentation

THIN, MINUS = "\u202f", "\u2212"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", "0.00"),
        ("1.2", "1.20"),
        ("1234567.891", f"1{THIN}234{THIN}567.891"),
        ("-0.005", f"{MINUS}0.005"),
        ("18629.102666667", f"18{THIN}629.102666667"),
        ("0.0000166667", "0.0000166667"),  # as many places as a price may have
        (
            "123456789012345678901234567890.123456789012",
            f"123{THIN}456{THIN}789{THIN}012{THIN}345{THIN}678{THIN}901{THIN}234{THIN}567{THIN}890.123456789012",
        ),
        ("99999999999999999.99", f"99{THIN}999{THIN}999{THIN}999{THIN}999{THIN}999.99"),  # more digits than a float has
    ],
)
def test_amounts_keep_all_their_places_and_have_at_least_two(value, expected):
    assert presentation.amount(Decimal(value)) == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**15), max_value=10**15))
def test_an_amount_read_back_is_the_amount(value):
    shown = presentation.amount(value)
    assert Decimal(shown.replace(THIN, "").replace(MINUS, "-")) == value


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0.00"), (3600, "1.00"), (5400, "1.50"), (1, "0.000278"), (3_600_000_018, f"1{THIN}000{THIN}000.005")],
)
def test_aku_hours_are_shown_to_six_places_as_the_lines_have_them(seconds, expected):
    assert presentation.aku_hours(seconds) == expected


def test_instants_are_shown_on_the_wall_clock_of_a_named_zone():
    instant = datetime(2026, 9, 30, 16, 0, tzinfo=UTC)
    assert presentation.instant(instant, "Asia/Shanghai") == "1 Oct 2026, 00:00"
    assert presentation.zone_label("Asia/Shanghai", instant) == "Asia/Shanghai (UTC+08:00)"
    assert presentation.zone_label("America/New_York", instant) == "America/New_York (UTC-04:00)"


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=60), "1 h"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_ages_are_coarse(span, expected):
    assert presentation.age(span) == expected


def test_names_that_the_catalogue_does_not_know_are_shown_as_they_are():
    assert presentation.region_name("automq-byoc-payg", "cn-hangzhou") == "China (Hangzhou)"
    assert presentation.region_name("automq-byoc-payg", "mars-1") == "mars-1"
    assert presentation.region_name("gone", "mars-1") == "mars-1"
    assert presentation.product_title("gone") == "gone"
    assert presentation.words("gap_open") == "Gap open"
