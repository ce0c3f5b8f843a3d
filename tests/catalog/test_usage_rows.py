"""What a row of a usage file must keep by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.catalog.usage_rows import RowLimits, sort_rows
from include.catalog.usage_shape import COLUMNS, SIZES
from include.domain.words.metering import REJECTIONS, ROW_RULES

AT = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
LIMITS = RowLimits(1_800_000, ended_by=AT)
GOOD = {"subscription_id": "sub-1", "instance_id": "kf-1", "hour": "2026-10-01T08:00:00+08:00", "aku_seconds": "21600"}


def piece(*rows: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame([GOOD | row for row in rows], columns=COLUMNS, index=pd.RangeIndex(1, len(rows) + 1), dtype=str)


@pytest.mark.parametrize(
    ("field", "text", "rule"),
    [
        ("subscription_id", "", "bad_subscription_id"),
        ("subscription_id", "sub 1", "bad_subscription_id"),
        ("subscription_id", "s" * 101, "bad_subscription_id"),
        ("instance_id", "kf\0", "bad_instance_id"),
        ("hour", "", "not_a_time"),
        ("hour", "yesterday", "not_a_time"),
        ("hour", "2026-02-30T00:00:00Z", "not_a_time"),
        ("hour", "0001-01-01T00:00:00+08:00", "not_a_time"),
        ("hour", "2026-10-01T00:00:00", "naive_time"),
        ("hour", "2026-10-01", "naive_time"),
        ("hour", "2026-10-01T00:30:00Z", "not_a_full_hour"),
        ("hour", "2026-10-01T00:00:00.000001Z", "not_a_full_hour"),
        ("hour", "2026-10-01T00:00:00+05:30", "not_a_full_hour"),
        ("hour", "2026-11-01T12:00:00Z", "future_hour"),
        ("hour", "2030-01-01T00:00:00Z", "future_hour"),
        ("aku_seconds", "", "not_a_number"),
        ("aku_seconds", "six", "not_a_number"),
        ("aku_seconds", "1e3", "not_a_number"),
        ("aku_seconds", "NaN", "not_a_number"),
        ("aku_seconds", "1,000", "not_a_number"),
        ("aku_seconds", "٣", "not_a_number"),
        ("aku_seconds", "-1", "negative_quantity"),
        ("aku_seconds", "0.5", "fractional_quantity"),
        ("aku_seconds", "3600.0000000000000000001", "fractional_quantity"),
        ("aku_seconds", "1800001", "too_large"),
        ("aku_seconds", "9" * 400, "too_large"),
    ],
)
def test_a_row_that_breaks_a_rule_is_kept_with_the_rule_and_a_sentence(field: str, text: str, rule: str) -> None:
    good, bad = sort_rows(piece({}, {field: text}), LIMITS)
    assert list(good.index) == [1]
    assert [(each.row_number, each.rule) for each in bad] == [(2, rule)]
    assert str(bad[0].error).startswith(f"Row 2: {field} is '")
    assert REJECTIONS[rule].say(bad[0].facts) == str(bad[0].error)
    assert bad[0].payload == GOOD | {field: text[:200].replace("\0", "�")}


@pytest.mark.parametrize("text", ["0", "1", "1800000", "3600.0", "007"])
def test_whole_quantities_up_to_the_limit_are_good(text: str) -> None:
    good, bad = sort_rows(piece({"aku_seconds": text}), LIMITS)
    assert (bad, list(good["aku_seconds"])) == ([], [int(float(text))])


@pytest.mark.parametrize("text", ["2026-11-01T11:00:00Z", "2026-11-01 19:00:00+08:00", "20261101T110000.000+0000"])
def test_an_hour_is_good_once_it_has_ended_however_it_is_written(text: str) -> None:
    good, bad = sort_rows(piece({"hour": text}), LIMITS)
    assert (bad, list(good["hour_start"])) == ([], [datetime(2026, 11, 1, 11, tzinfo=UTC)])


def test_a_row_that_breaks_several_rules_is_rejected_once_for_the_first() -> None:
    _, bad = sort_rows(piece({"hour": "2026-10-01", "aku_seconds": "-0.5", "instance_id": ""}), LIMITS)
    assert [each.rule for each in bad] == ["bad_instance_id"]


def test_all_failures_of_a_piece_are_found_at_once() -> None:
    good, bad = sort_rows(piece(*({"aku_seconds": text} for text in ("1", "-1", "x", "0.5", "2"))), LIMITS)
    assert list(good.index) == [1, 5]
    assert [(each.row_number, each.rule) for each in bad] == [
        (2, "negative_quantity"),
        (3, "not_a_number"),
        (4, "fractional_quantity"),
    ]


def test_a_piece_of_bad_rows_only_leaves_no_good_one() -> None:
    good, bad = sort_rows(piece({"hour": "x"}, {"hour": ""}), LIMITS)
    assert (len(good), len(bad)) == (0, 2)


@settings(deadline=None, max_examples=50)
@given(
    hours=st.lists(st.integers(-50, 50), max_size=20),
    quantities=st.lists(st.integers(-10, 2_000_000), min_size=20, max_size=20),
)
def test_a_row_is_good_exactly_if_its_hour_has_ended_and_its_quantity_is_within_the_limits(
    hours: list[int], quantities: list[int]
) -> None:
    start = AT.replace(minute=0)
    rows = [
        {"hour": (start + timedelta(hours=hour)).isoformat(), "aku_seconds": str(quantity)}
        for hour, quantity in zip(hours, quantities, strict=False)
    ]
    good, bad = sort_rows(piece(*rows), LIMITS)
    expected = [
        number
        for number, (hour, quantity) in enumerate(zip(hours, quantities, strict=False), start=1)
        if hour < 0 and 0 <= quantity <= 1_800_000
    ]
    assert list(good.index) == expected
    assert sorted([*good.index, *(each.row_number for each in bad)]) == list(range(1, len(rows) + 1))


def test_hours_to_come_are_good_where_usage_may_be_planned() -> None:
    good, bad = sort_rows(piece({"hour": "2030-01-01T00:00:00Z"}), RowLimits(1_800_000))
    assert (len(good), bad) == (1, [])


def sized(**row: str) -> pd.DataFrame:
    return pd.DataFrame([GOOD | row], columns=[*COLUMNS, *SIZES], index=pd.RangeIndex(1, 2), dtype=str).fillna("")


@pytest.mark.parametrize(
    ("row", "sizes"),
    [
        ({"aku_seconds": "19800", "peak_aku": "10", "used_seconds": "2700"}, (10, 2700, True)),
        ({"aku_seconds": "19800"}, (6, 3600, False)),
        ({"aku_seconds": "19800", "peak_aku": "10"}, (10, 3600, True)),
        ({"aku_seconds": "19800", "used_seconds": "2700"}, (8, 2700, True)),
        ({"aku_seconds": "29"}, (1, 29, False)),
        ({"aku_seconds": "29", "peak_aku": "20"}, (20, 10, True)),  # one second at 20, and nine at 1
        ({"aku_seconds": "0"}, (0, 0, False)),
        ({"aku_seconds": "0", "peak_aku": "0", "used_seconds": "0"}, (0, 0, True)),
        ({"aku_seconds": "1800000", "peak_aku": "500", "used_seconds": "3600"}, (500, 3600, True)),
    ],
)
def test_sizes_that_a_row_does_not_say_are_the_least_possible(
    row: dict[str, str], sizes: tuple[int, int, bool]
) -> None:
    good, bad = sort_rows(sized(**row), LIMITS)
    assert bad == []
    [found] = good[["peak_aku", "used_seconds", "is_sized"]].itertuples(index=False, name=None)
    assert found == sizes


@given(
    spells=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 900)), max_size=4),
    says=st.tuples(*[st.booleans()] * 2),
)
@settings(max_examples=200, deadline=None)
def test_what_an_instance_can_have_done_is_never_refused_and_never_more_than_it_did(
    spells: list[tuple[int, int]], says: tuple[bool, bool]
) -> None:
    """Whatever of its sizes the file says: by no measure is more charged than with all of them."""
    used = sum(aku * seconds for aku, seconds in spells)
    peak = max((aku for aku, seconds in spells if seconds), default=0)
    in_use = sum(seconds for aku, seconds in spells if aku)
    row = {"aku_seconds": str(used)} | {
        name: str(value) for name, value, is_said in zip(SIZES, (peak, in_use), says, strict=True) if is_said
    }
    good, bad = sort_rows(sized(**row), LIMITS)
    assert bad == []
    [(found_peak, found_in_use)] = good[["peak_aku", "used_seconds"]].itertuples(index=False, name=None)
    assert found_peak <= peak
    assert found_in_use >= in_use
    assert max(found_peak, found_in_use) <= used <= found_peak * found_in_use


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"peak_aku": "six"}, "not_a_peak"),
        ({"peak_aku": "6.0"}, "not_a_peak"),
        ({"peak_aku": "-6"}, "not_a_peak"),
        ({"peak_aku": "501"}, "peak_too_large"),
        ({"used_seconds": "3601"}, "not_seconds_of_an_hour"),
        ({"used_seconds": "an hour"}, "not_seconds_of_an_hour"),
        ({"peak_aku": "5"}, "impossible_sizes"),  # 21,600 are 6 AKU at least
        ({"peak_aku": "6", "used_seconds": "3599"}, "impossible_sizes"),
        ({"used_seconds": "0"}, "impossible_sizes"),
        ({"used_seconds": "43"}, "impossible_sizes"),  # 502.3 AKU
        ({"aku_seconds": "0", "peak_aku": "6"}, "impossible_sizes"),
        ({"aku_seconds": "10", "used_seconds": "11"}, "impossible_sizes"),
        ({"aku_seconds": "10", "peak_aku": "6", "used_seconds": "6"}, "impossible_sizes"),
    ],
)
def test_sizes_that_cannot_be_are_refused(row: dict[str, str], rule: str) -> None:
    good, [bad] = sort_rows(sized(**row), LIMITS)
    assert (len(good), bad.rule) == (0, rule)
    assert "Row 1: " in str(bad.error)


def test_every_rule_is_of_a_column() -> None:
    assert {column for column, _, _ in ROW_RULES.values()} == {*COLUMNS, *SIZES}
