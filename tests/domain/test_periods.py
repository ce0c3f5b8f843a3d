from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from include.domain.errors import InvalidInputError
from include.domain.periods import BillingPeriod, Window, parse_instant


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
