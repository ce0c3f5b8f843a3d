from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from include.domain.billing_cycles import billing_cycle, final_at, is_final, last_ended_cycle, oldest_kept_cycle
from include.domain.errors import InvalidInputError


@pytest.mark.parametrize(
    ("cycle", "final"),
    [
        ("2026-10", "2026-11-03T04:00:00Z"),
        ("2026-12", "2027-01-03T04:00:00Z"),  # over the end of the year
        ("2028-02", "2028-03-03T04:00:00Z"),  # after a leap day
        ("2026-02", "2026-03-03T04:00:00Z"),
    ],
)
def test_a_cycle_is_final_from_noon_of_the_third_in_utc_plus_8(cycle, final):
    assert final_at(billing_cycle(cycle)) == datetime.fromisoformat(final)


def test_the_instant_itself_is_final_and_the_one_before_is_not():
    cycle = billing_cycle("2026-10")
    instant = final_at(cycle)
    assert is_final(cycle, instant)
    assert not is_final(cycle, instant - timedelta(microseconds=1))


def test_a_month_ends_in_utc_plus_8_not_in_utc():
    assert last_ended_cycle(datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC)).name == "2026-09"
    assert last_ended_cycle(datetime(2026, 10, 31, 16, tzinfo=UTC)).name == "2026-10"


def test_eighteen_months_are_kept_the_current_one_included():
    assert oldest_kept_cycle(datetime(2026, 11, 24, tzinfo=UTC)).name == "2025-06"


def test_a_cycle_that_is_not_a_month_is_refused():
    with pytest.raises(InvalidInputError, match="Write it like 2026-10"):
        billing_cycle("2026-13")
