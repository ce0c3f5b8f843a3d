"""Stories of closing hours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.domain.errors import InvalidInputError
from include.domain.words.metering import REJECTIONS
from include.metering.hours.close import close_asked, close_due_hours, close_hour
from tests.support.metering.lives import (
    NOON,
    Environment,
    Hour,
    at,
    every_five_minutes,
    gaps,
    hour_states,
    hours,
    kafka,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

pytestmark = pytest.mark.heart


def test_a_steady_instance_uses_its_size_for_the_whole_hour(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 60, kafka(6)))
    done = orders.close()
    assert (done.closed, done.instance_hours, done.gaps) == (1, 1, 0)
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 3600, 0, 0, 0)]
    assert hour_states(warehouse) == [(0, "closed", 1)]


def test_an_instance_that_is_created_between_two_polls_counts_from_its_own_moment(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 10), *every_five_minutes(orders, 60, kafka(6, c=12), since=15))
    orders.close()
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 48 * 60, 0, 0, 0)]


def test_a_resize_counts_from_its_own_moment_and_not_from_a_poll(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 20, kafka(6)), *every_five_minutes(orders, 60, kafka(10, m=22), since=25))
    orders.close()
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 22 * 60 + 10 * 38 * 60, 0, 0, 0)]


def test_a_deleted_instance_counts_until_it_was_last_seen(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 20, kafka(6)), *every_five_minutes(orders, 60, since=25))
    orders.close()
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 20 * 60, 0, 0, 0)]


def test_time_that_is_not_billable_is_free(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(
        *every_five_minutes(orders, 10, kafka(6, c=-1, state="Creating")),
        *every_five_minutes(orders, 40, kafka(6, c=-1, m=13), since=15),
        *every_five_minutes(orders, 60, kafka(6, c=-1, m=43, state="Deleting"), since=45),
    )
    orders.close()
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 30 * 60, 0, 0, 0)]


def test_a_silence_in_which_nothing_changed_is_proved_by_the_answer_after_it(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(
        *every_five_minutes(orders, 15, kafka(6)),
        orders.poll(20, error="unreachable"),
        orders.poll(35, error="timeout"),
        *every_five_minutes(orders, 60, kafka(6), since=40),
    )
    orders.close()
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 3600, 6 * 25 * 60, 0, 0)]
    assert gaps(warehouse) == [(None, 15, 40, "timeout", "open")]


def test_a_change_in_a_long_silence_is_assumed_to_the_customers_favour(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 15, kafka(6)), *every_five_minutes(orders, 60, kafka(10, m=30), since=40))
    orders.close()
    used = 6 * 30 * 60 + 10 * 30 * 60
    assert hours(warehouse) == [Hour("kf-1", 0, used, 10 * 10 * 60, 6 * 15 * 60, 15 * 60)]
    assert gaps(warehouse) == [(None, 15, 40, "not_asked", "open"), ("kf-1", 15, 30, "changed_in_silence", "open")]


def test_a_poll_that_failed_is_not_an_empty_listing(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    polls = [*every_five_minutes(orders, 60, kafka(6))]
    polls[6] = orders.poll(30, error="unreachable")
    orders.tell(*polls)
    orders.close()
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 3600, 0, 0, 0)]


def test_an_empty_listing_ends_what_was_there(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    polls = [*every_five_minutes(orders, 60, kafka(6))]
    polls[6] = orders.poll(30)
    orders.tell(*polls)
    orders.close()
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 55 * 60, 0, 0, 0)]


def test_a_size_that_changed_without_a_change_is_assumed_and_rejected(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(orders.poll(0, kafka(6)), orders.poll(5, kafka(10)), orders.poll(60, kafka(10)))
    orders.close()
    assert hours(warehouse) == [
        Hour("kf-1", 0, 6 * 300 + 10 * 55 * 60, 10 * 55 * 60, 6 * 300, 300),
    ]
    with warehouse.connect() as connection:
        [(rule, facts)] = connection.execute(text("SELECT rule, facts FROM metering.rejections")).all()
    assert rule == "inconsistent_times"
    assert "2026-10-01T11:00:00Z" in REJECTIONS[rule].say(facts)


def test_what_was_not_modified_since_a_rejected_reading_had_its_size_then(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(orders.poll(0, kafka(6)), orders.poll(5, kafka(10, m=3, state="Upgrading")))
    orders.tell(*every_five_minutes(orders, 65, kafka(10, m=3), since=10))
    orders.close()
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 300 + 10 * 3300, 0, 6 * 300, 300)]
    assert gaps(warehouse) == [("kf-1", 0, 5, "rejected_reading", "open")]


def test_a_size_that_changed_after_a_rejected_reading_is_the_smaller_one_until_then(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(orders.poll(0, kafka(6)), orders.poll(5, kafka(None)))
    orders.tell(*every_five_minutes(orders, 65, kafka(10, m=7), since=10))
    orders.close()
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 420 + 10 * 3180, 10 * 180, 6 * 420, 420)]
    assert [gap[:3] for gap in gaps(warehouse)] == [("kf-1", 0, 5), ("kf-1", 5, 7)]


def test_a_rejected_reading_is_not_an_absent_instance(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    polls = [*every_five_minutes(orders, 60, kafka(6), kafka(3, name="kf-2"))]
    polls[6] = orders.poll(30, kafka(-6), kafka(3, name="kf-2"))
    orders.tell(*polls[:6])
    orders.tell(*polls[6:])
    orders.close()
    assert hours(warehouse) == [
        Hour("kf-1", 0, 6 * 3600, 0, 6 * 300, 300),
        Hour("kf-2", 0, 3 * 3600, 0, 0, 0),
    ]
    assert gaps(warehouse) == [("kf-1", 25, 30, "rejected_reading", "open")]


def test_an_hour_waits_for_an_answer_then_is_closed_provisionally_and_for_good_when_one_comes(
    warehouse: Engine,
) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 30, kafka(6)))
    assert orders.close(now=67).still_open == 1
    assert hours(warehouse) == []

    assert close_due_hours(warehouse, at(95)).provisional == 0
    assert close_due_hours(warehouse, at(100)).provisional == 1
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 3600, 0, 6 * 30 * 60, 30 * 60)]
    assert gaps(warehouse) == [(None, 30, 60, "not_asked", "open"), ("kf-1", 30, 60, "no_answer_yet", "open")]

    orders.tell(orders.poll(110, kafka(6)))
    assert close_due_hours(warehouse, at(115)).closed == 1
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 3600, 6 * 30 * 60, 0, 0)]
    assert gaps(warehouse) == [(None, 30, 110, "not_asked", "open"), ("kf-1", 30, 60, "no_answer_yet", "resolved")]
    assert hour_states(warehouse) == [(0, "closed", 2)]


def test_a_console_that_was_down_for_six_hours_is_one_gap_and_loses_nothing(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 65, kafka(6)))
    for hour in range(7):
        close_hour(warehouse, at(hour * 60), at(hour * 60 + 67))
        close_due_hours(warehouse, at(hour * 60 + 100))
    assert [used.estimated for used in hours(warehouse)] == [0, 6 * 55 * 60] + [6 * 3600] * 5
    assert gaps(warehouse) == [(None, 65, 420, "not_asked", "open"), ("kf-1", 65, 420, "no_answer_yet", "open")]

    orders.tell(*every_five_minutes(orders, 480, kafka(6), since=425))
    close_due_hours(warehouse, at(430))
    assert [(used.aku_seconds, used.estimated, used.gap_seconds) for used in hours(warehouse)] == [(6 * 3600, 0, 0)] * 7
    assert [gap[1:] for gap in gaps(warehouse) if gap[-1] == "open"] == [(65, 425, "not_asked", "open")]


def test_a_late_poll_closes_exactly_its_hours_again(warehouse: Engine) -> None:
    orders, payments = Environment(warehouse), Environment(warehouse, "payments")
    for environment, name in ((orders, "kf-1"), (payments, "kf-2")):
        environment.tell(*(environment.poll(minute, kafka(6, name=name)) for minute in (0, 10, 20, 60, 120, 180)))
    orders.close(0, 3)
    orders.tell(orders.poll(90, kafka(10, m=80)), orders.poll(100, kafka(6, m=95)))
    done = close_due_hours(warehouse, at(200))
    assert (done.closed, hour_states(warehouse)[:3]) == (1, [(0, "closed", 1), (1, "closed", 2), (2, "closed", 1)])
    assert hour_states(warehouse)[3:] == [(0, "closed", 1), (1, "closed", 1), (2, "closed", 1)]


def test_two_runs_that_close_the_same_hours_at_once_leave_the_same_rows(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 40, kafka(6)), *every_five_minutes(orders, 180, kafka(9, m=70), since=80))
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(orders.close, 0, 3, now=187) for _ in range(4)]
        assert {run.result() for run in runs} == {runs[0].result()}
    before = hours(warehouse), gaps(warehouse), hour_states(warehouse)
    orders.close(0, 3, now=187)
    assert (hours(warehouse), gaps(warehouse), hour_states(warehouse)) == before
    assert [state for _, state, _ in before[2]] == ["closed"] * 3
    assert [revision for *_, revision in before[2]] == [1, 1, 1]


def test_hours_that_no_run_closed_are_closed_with_the_next_one(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 240, kafka(6)))
    close_hour(warehouse, at(180), at(247))
    assert [used.aku_seconds for used in hours(warehouse)] == [6 * 3600] * 4


def test_imported_usage_stays_where_readings_have_nothing_and_yields_where_they_have(warehouse: Engine) -> None:
    orders = Environment(warehouse, metered_from=NOON + timedelta(minutes=30))
    orders.tell(orders.poll(30, kafka(6), kafka(6, name="kf-2")), *every_five_minutes(orders, 130, kafka(6), since=35))
    with warehouse.begin() as connection:
        connection.execute(
            text("""
            INSERT INTO metering.usage
                (hour_start, instance_key, subscription_key, environment_key, aku_seconds, peak_aku, used_seconds,
                source, import_key)
            SELECT :noon + hour * interval '1 hour', instance_key, subscription_key, environment_key, 999, 1, 999,
                'import', 1
            FROM metering.instances, generate_series(0, 1) AS hour
            """),
            {"noon": NOON},
        )
    orders.close(0, 2)
    assert [(used.instance_id, used.hour, used.aku_seconds) for used in hours(warehouse)] == [
        ("kf-1", 0, 999),  # metering started within this hour: readings know only half of it
        ("kf-1", 1, 6 * 3600),
        ("kf-2", 0, 999),
        ("kf-2", 1, 999),
    ]


def test_a_waived_gap_stays_waived_until_it_grows(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 30, kafka(6)))
    orders.close(now=160)
    with warehouse.begin() as connection:
        connection.execute(
            text("UPDATE metering.gaps SET state = 'waived', closed_by = 'ann', closed_reason = 'known'")
        )
    orders.close(now=160)
    assert {gap[-1] for gap in gaps(warehouse)} == {"waived"}
    orders.close(0, 2, now=160)
    assert {gap[2:] for gap in gaps(warehouse)} == {(120, "not_asked", "open"), (120, "no_answer_yet", "open")}


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        ("2026-10-01T12:00:00Z", None, "one end only"),
        ("2026-10-01T12:00:00Z", "2026-10-01T12:30:00Z", "not of whole hours"),
        ("2026-10-01T12:00:00Z", "2026-10-01T14:00:00Z", "has not ended yet"),
        ("2026-10-01T12:00:00", "2026-10-01T13:00:00Z", "has no time zone"),
    ],
)
def test_a_window_that_cannot_be_closed_is_refused(warehouse: Engine, start: str, end: str | None, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        close_asked(warehouse, at(65), start, end)
