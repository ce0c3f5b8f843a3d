"""The end of a subscription is a boundary as its start is: nothing counts after it, and what is not known says so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.metering.gaps.gaps import read_waiver, waive_gaps
from include.metering.hours.close import close_due_hours, close_hour
from tests.support.metering.lives import Environment, Hour, at, every_five_minutes, gaps, hour_states, hours, kafka

if TYPE_CHECKING:
    from sqlalchemy import Engine


def end(environment: Environment, minutes: float | None) -> None:
    """Store when its subscription ended, so many minutes after noon."""
    with environment.warehouse.begin() as connection:
        connection.execute(
            text("UPDATE core.subscriptions SET ended_at = :at WHERE subscription_key = :key"),
            {"at": None if minutes is None else at(minutes), "key": environment.subscription_key},
        )


def waive_all(warehouse: Engine, minutes: float) -> None:
    with warehouse.connect() as connection:
        keys = connection.execute(text("SELECT gap_key FROM metering.gaps WHERE state = 'open'")).scalars().all()
    waive_gaps(warehouse, read_waiver(reason="The console is gone.", by="ann", gap_keys=keys), at(minutes))


def test_a_console_that_goes_on_answering_is_counted_until_the_end(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 120, kafka(6)))
    end(orders, 12)
    orders.close(0, 2)
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 12 * 60, 0, 0, 0)]
    assert gaps(warehouse) == []


def test_a_silence_before_the_end_is_a_gap_until_the_end(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(orders.poll(0, kafka(6)), orders.poll(5, kafka(6)), orders.poll(30, error="timeout"))
    end(orders, 55)
    orders.close()
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 55 * 60, 0, 6 * 50 * 60, 50 * 60)]
    assert gaps(warehouse) == [(None, 5, 55, "timeout", "open"), ("kf-1", 5, 55, "no_answer_yet", "open")]
    assert hour_states(warehouse) == [(0, "closed", 1)]


def test_a_last_answer_within_the_tolerance_holds_until_the_end_and_needs_no_person(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 10, kafka(6)))
    end(orders, 13)
    orders.close()
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 13 * 60, 0, 0, 0)]
    assert gaps(warehouse) == []


def test_a_rejected_last_reading_is_an_estimate_until_the_end(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 5, kafka(6)), orders.poll(10, kafka(10, state="Upgrading")))
    end(orders, 13)
    orders.close()
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 13 * 60, 0, 6 * 8 * 60, 8 * 60)]
    assert gaps(warehouse) == [
        ("kf-1", start, until, "rejected_reading", "open") for start, until in ((5, 10), (10, 13))
    ]


def test_once_a_silent_subscription_has_ended_its_hours_are_closed_for_good(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 10, kafka(6)))
    for hour in range(3):
        close_hour(warehouse, at(60 * hour), at(60 * hour + 67))
    close_due_hours(warehouse, at(225))
    assert {state for _, state, _ in hour_states(warehouse)} == {"provisional"}
    end(orders, 210)
    close_hour(warehouse, at(180), at(247))
    assert [used.aku_seconds for used in hours(warehouse)] == [6 * 3600] * 3 + [6 * 1800]
    assert [(gap[1:3], gap[-1]) for gap in gaps(warehouse)] == [((10, 210), "open")] * 2
    assert [state for _, state, _ in hour_states(warehouse)] == ["closed"] * 4


def test_an_end_that_was_stored_before_it_came_ends_the_wait_when_it_comes(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 10, kafka(6)))
    end(orders, 150)
    for hour in range(2):
        close_hour(warehouse, at(60 * hour), at(60 * hour + 67))
    close_due_hours(warehouse, at(149))
    assert [state for _, state, _ in hour_states(warehouse)] == ["provisional", "open"]
    close_hour(warehouse, at(120), at(187))
    assert [state for _, state, _ in hour_states(warehouse)] == ["closed"] * 3


def test_an_end_that_is_entered_late_takes_back_what_was_used_after_it(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 240, kafka(6)))
    orders.close(0, 4)
    end(orders, 90)
    close_due_hours(warehouse, at(250))
    assert [used.aku_seconds for used in hours(warehouse)] == [6 * 3600, 6 * 1800]
    assert [state for _, state, _ in hour_states(warehouse)] == ["closed"] * 4
    with warehouse.connect() as connection:
        sums = connection.scalar(text("SELECT sum(aku_seconds) FROM metering.subscription_hours"))
        taken = connection.scalar(text("SELECT sum(old_aku_seconds - new_aku_seconds) FROM metering.usage_revisions"))
    assert (sums, taken) == (6 * 5400, 6 * 9000)

    end(orders, 150)
    close_due_hours(warehouse, at(250))
    assert [used.aku_seconds for used in hours(warehouse)] == [6 * 3600, 6 * 3600, 6 * 1800]
    end(orders, None)
    close_due_hours(warehouse, at(250))
    assert [used.aku_seconds for used in hours(warehouse)] == [6 * 3600] * 4


def test_imported_usage_after_an_end_that_is_entered_late_is_taken_back(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(orders.poll(0, kafka(6)), orders.poll(1, kafka(6)))
    with warehouse.begin() as connection:
        connection.execute(
            text("""
            INSERT INTO metering.usage
                (hour_start, instance_key, subscription_key, environment_key, aku_seconds, peak_aku, used_seconds,
                source, import_key)
            SELECT :noon, instance_key, subscription_key, environment_key, 999, 1, 999, 'import', 1
            FROM metering.instances
            """),
            {"noon": at(240)},
        )
    end(orders, 65)
    close_due_hours(warehouse, at(310))
    assert [used.hour for used in hours(warehouse)] == []


def test_a_waived_gap_closes_the_hours_of_a_console_that_never_comes_back(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 10, kafka(6)))
    orders.close(0, 3, now=300)
    assert {state for _, state, _ in hour_states(warehouse)} == {"provisional"}
    waive_all(warehouse, 301)
    assert hour_states(warehouse) == [(0, "closed", 1), (1, "closed", 1), (2, "closed", 1)]
    before = hours(warehouse), gaps(warehouse), hour_states(warehouse)
    orders.close(0, 3, now=310)
    orders.close(1, 2, now=310)
    assert (hours(warehouse), gaps(warehouse), hour_states(warehouse)) == before


def test_a_gap_that_is_waived_in_part_closes_nothing(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 10, kafka(6)))
    orders.close(now=300)
    with warehouse.connect() as connection:
        key = connection.scalar(text("SELECT gap_key FROM metering.gaps WHERE instance_key IS NULL"))
    waive_gaps(warehouse, read_waiver(reason="The console is gone.", by="ann", gap_keys=[key]), at(301))
    assert hour_states(warehouse) == [(0, "provisional", 1)]


def test_an_instant_within_a_second_is_that_second_in_a_life(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    end(orders, 60.005)
    with warehouse.connect() as connection:
        ended = connection.scalar(text("SELECT ended_at FROM core.subscriptions"))
    assert ended == datetime(2026, 10, 1, 13, tzinfo=UTC)
