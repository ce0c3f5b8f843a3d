"""The difference of each day, in words and drawn, is what its hours come to."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.domain.billing_cycles import billing_cycle
from include.domain.errors import InvalidInputError
from include.domain.money import Decimal
from include.reconciliation.hours.days import DayDifference, draw_days, list_days, say_days
from tests.support.builders import insert, make_buyer, make_subscription
from tests.support.difference_picture import PICTURE, draw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

PERIOD = "2026-10"
START = billing_cycle(PERIOD).window.start
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def key(warehouse: Engine) -> int:
    with warehouse.begin() as connection:
        return make_subscription(connection, make_buyer(connection))


def store(warehouse: Engine, key: int, hour: int, difference: str | None, hypothesis: str | None = None) -> None:
    facts: dict[str, Any] = {
        "subscription_key": key,
        "hour_start": START + timedelta(hours=hour),
        "period": PERIOD,
        "difference": difference and Decimal(difference),
        "currency": "CNY",
        "verdict": "differs",
        "hypothesis": hypothesis,
    }
    with warehouse.begin() as connection:
        insert(connection, "reconciliation.hour_verdicts", **facts)


def test_days_are_those_of_utc_plus_8(warehouse: Engine, key: int) -> None:
    store(warehouse, key, 23, "1.00", "peak_of_hour")
    store(warehouse, key, 24, "-2.00", "missed_window")
    store(warehouse, key, 25, "-0.50", "missed_window")
    first, second = list_days(warehouse, PERIOD)
    assert (first.day, first.difference, first.hours) == (date(2026, 10, 1), Decimal("1.00"), 1)
    assert second.sentence == "2026-10-02: 2.50 CNY less than ours; 2 hours differ: 2 not charged there."
    assert say_days([first, second]) == (
        "2 days differ, by -1.50 CNY. The largest: sub-01-orders, 2026-10-02: 2.50 CNY less than ours; 2 hours "
        "differ: 2 not charged there."
    )


def test_hours_in_two_currencies_are_counted_and_not_added(warehouse: Engine, key: int) -> None:
    store(warehouse, key, 1, None, "currency")
    [day] = list_days(warehouse, PERIOD)
    assert (day.difference, day.hours, day.causes) == (0, 1, {"currency": 1})
    assert day.sentence.endswith("no more and no less than ours; 1 hour differs: 1 in another currency.")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cents=st.dictionaries(st.integers(0, 743), st.integers(-10_000, 10_000), max_size=20))
def test_every_day_is_the_exact_sum_of_its_hours_and_is_drawn_to_scale(
    warehouse: Engine, key: int, cents: dict[int, int]
) -> None:
    with warehouse.begin() as connection:
        connection.execute(text("DELETE FROM reconciliation.hour_verdicts"))
    for hour, amount in cents.items():
        store(warehouse, key, hour, str(Decimal(amount) / 100))
    expected: dict[date, int] = {}
    for hour, amount in cents.items():
        day = date(2026, 10, 1) + timedelta(days=hour // 24)
        expected[day] = expected.get(day, 0) + amount
    days = list_days(warehouse, PERIOD)
    assert {each.day: each.difference * 100 for each in days} == expected
    root = ET.fromstring(draw_days(PERIOD, days))  # noqa: S314 (our own)
    bars = {bar.findtext(f"{SVG}title", "")[:10]: bar for bar in root.iter(f"{SVG}rect")}
    apart = {f"{day}": amount for day, amount in expected.items() if amount}
    assert set(bars) == set(apart)
    top = max(map(abs, apart.values()), default=1)
    for name, amount in apart.items():
        exact = Fraction(abs(amount) * 90, top)
        assert abs(int(bars[name].get("height", "0")) - exact) <= 1
        assert (int(bars[name].get("y", "0")) < 118) == (amount > 0)


def test_days_in_two_currencies_are_not_drawn_as_one() -> None:
    days = [DayDifference("s", date(2026, 10, 1), each, Decimal(1), 1, {"differs": 1}) for each in ("CNY", "USD")]
    with pytest.raises(InvalidInputError, match="CNY and USD"):
        draw_days(PERIOD, days)


def test_the_picture_of_the_documents_is_what_the_code_draws() -> None:
    assert PICTURE.read_text(encoding="utf-8") == draw(), "run `.venv/bin/python -m tests.support.difference_picture`"


def test_a_month_without_differences_is_drawn_empty(warehouse: Engine) -> None:
    drawn = draw_days(PERIOD, list_days(warehouse, PERIOD))
    assert "<rect" not in drawn
    assert "No hour that was compared differs." in drawn


def test_a_period_that_is_not_a_month_is_refused(warehouse: Engine) -> None:
    with pytest.raises(InvalidInputError, match="Billing period"):
        list_days(warehouse, "October")


def test_the_command_line_lists_and_draws_them(
    warehouse: Engine, key: int, akubill: Callable[..., tuple[int, str, str]], airflow_connections: Any, tmp_path: Path
) -> None:
    store(warehouse, key, 30, "7.20", "doubled_window")
    file = tmp_path / "days.svg"
    code, out, _ = akubill("reconciliation", "days", "--period", PERIOD, "--svg", str(file), "--format", "json")
    assert (code, json.loads(out)[0]["day"], json.loads(out)[0]["causes"]) == (0, "2026-10-02", {"doubled_window": 1})
    assert ET.fromstring(file.read_text()).tag == f"{SVG}svg"  # noqa: S314 (our own)
    for name, said in (("none/days.svg", "cannot be written (No such file"), ("days.txt", "does not end in .svg")):
        code, _, err = akubill("reconciliation", "days", "--period", PERIOD, "--svg", str(tmp_path / name))
        assert (code, said in " ".join(err.split())) == (1, True)
    code, out, _ = akubill("reconciliation", "days", "--period", PERIOD)
    assert (code, "1 day differs, by 7.20 CNY." in out) == (0, True)
    assert datetime(2026, 10, 1, 22, tzinfo=UTC) == START + timedelta(hours=30)
