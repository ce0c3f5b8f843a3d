from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from include.domain.errors import InvalidInputError
from include.domain.periods import (
    BillingPeriod,
    Window,
    is_of_whole_hours,
    parse_instant,
    time_zone,
)


def at(text: str) -> datetime:
    return parse_instant(text)


@pytest.mark.parametrize(
    ("name", "zone", "start", "end"),
    [
        ("2026-10", "Asia/Shanghai", "2026-09-30T16:00Z", "2026-10-31T16:00Z"),
        ("2026-12", "Asia/Shanghai", "2026-11-30T16:00Z", "2026-12-31T16:00Z"),
        ("2028-02", "UTC", "2028-02-01T00:00Z", "2028-03-01T00:00Z"),
        ("2026-10", "Europe/Berlin", "2026-09-30T22:00Z", "2026-10-31T23:00Z"),
        ("2026-11", "America/Los_Angeles", "2026-11-01T07:00Z", "2026-12-01T08:00Z"),
    ],
)
def test_a_period_is_a_calendar_month_of_its_zone(name: str, zone: str, start: str, end: str) -> None:
    period = BillingPeriod(name, zone)
    assert period.window == Window(at(start), at(end))
    assert BillingPeriod.containing(at(start), zone) == period
    assert BillingPeriod.containing(at(end), zone) == period.next
    assert period.next.previous == period


def test_a_period_has_ended_when_its_end_is_reached() -> None:
    october = BillingPeriod("2026-10", "Asia/Shanghai")
    assert october.has_ended(october.window.end)
    assert not october.has_ended(october.window.end - timedelta(microseconds=1))


@pytest.mark.parametrize("name", ["2026-13", "2026-1", "26-10", "October", "", "2026-10-01", "0000-01", "\uff12026-10"])
def test_what_is_no_month_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match="YYYY-MM"):
        BillingPeriod(name, "UTC")


def test_a_window_holds_its_start_and_not_its_end() -> None:
    window = Window(at("2026-10-01T00:00Z"), at("2026-10-01T02:00Z"))
    assert window.start in window
    assert window.end not in window
    assert list(window.hours()) == [at("2026-10-01T00:00Z"), at("2026-10-01T01:00Z")]
    assert window.seconds == 7200


@pytest.mark.parametrize("end", ["2026-10-01T00:00Z", "2026-09-30T00:00Z"])
def test_a_window_is_never_empty(end: str) -> None:
    with pytest.raises(InvalidInputError, match="does not end after it starts"):
        Window(at("2026-10-01T00:00Z"), at(end))


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="has no time zone"):
        Window(datetime(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC))  # noqa: DTZ001 (the point)


OUTSIDE = ["0001-01-01T00:00:00+08:00", "1999-12-31T00:00:00Z", "3000-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"]


@pytest.mark.parametrize("text", OUTSIDE)
def test_an_instant_outside_the_years_2000_to_2999_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="lies outside the calendar"):
        parse_instant(text)


@pytest.mark.parametrize("text", ["2000-01-01T00:00:00+14:00", "2999-12-31T23:59:59Z"])
def test_an_instant_that_was_taken_is_taken_again_in_utc(text: str) -> None:
    assert parse_instant(parse_instant(text).isoformat()) == parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-10-01x00:00:00Z",
        "2026-10-01\x0000:00:00Z",
        "2026-10-01T00:00:00\ud83d",
        "\uff12026-10-01",
        5,
        None,
    ],
)
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(InvalidInputError, match="is not an ISO 8601 time"):
        parse_instant(text)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_first_and_the_last_period_have_windows(zone: str) -> None:
    assert BillingPeriod("2000-01", zone).window.end == BillingPeriod("2000-02", zone).window.start
    assert BillingPeriod("2999-12", zone).window.start == BillingPeriod("2999-11", zone).window.end
    with pytest.raises(InvalidInputError, match="from 2000-01 to 2999-12"):
        _ = BillingPeriod("2999-12", zone).next


@pytest.mark.parametrize(
    "zone", ["localtime", "posixrules", "Factory", "posix/UTC", "../etc/passwd", "a\0", "\ud83d", ""]
)
def test_a_zone_is_one_of_ianas(zone: str) -> None:
    with pytest.raises(InvalidInputError, match="is not in the IANA database"):
        BillingPeriod("2026-10", zone)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Pyongyang"])
def test_a_zone_that_was_ever_off_by_a_part_of_an_hour_is_not_of_whole_hours(zone: str) -> None:
    assert not is_of_whole_hours(time_zone(zone))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Apia", "Antarctica/Troll"])
def test_a_zone_of_whole_hours_with_or_without_summer_time_is(zone: str) -> None:
    assert is_of_whole_hours(time_zone(zone))
