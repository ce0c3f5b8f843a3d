"""A frozen subscription: whole hours in a freeze do not count, and nothing is missing in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.metering.gaps.gaps import list_gaps, read_waiver, waive_gaps
from include.metering.hours.close import close_due_hours
from tests.support.metering.lives import (
    Environment,
    Hour,
    at,
    every_five_minutes,
    gaps,
    hour_states,
    hours,
    kafka,
    sums_and_usage,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

WHOLE = 6 * 3600


def freeze(environment: Environment, first_hour: int, until_minutes: float | None = None) -> None:
    """Freeze from the start of that hour after noon until so many minutes after noon."""
    facts: dict[str, Any] = {
        "key": environment.subscription_key,
        "start": at(60 * first_hour),
        "until": None if until_minutes is None else at(until_minutes),
    }
    with environment.warehouse.begin() as connection:
        connection.execute(
            text("""
            INSERT INTO core.freezes (subscription_key, frozen_from, frozen_until) VALUES (:key, :start, :until)
            ON CONFLICT (subscription_key, frozen_from) DO UPDATE SET frozen_until = excluded.frozen_until
            """),
            facts,
        )


def used(warehouse: Engine) -> list[int]:
    """Hours after noon in which something was used."""
    return [hour.hour for hour in hours(warehouse)]


def test_the_hour_of_the_expiry_counts_and_the_hours_after_it_do_not(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 300, kafka(6)))
    freeze(orders, 2)
    orders.close(0, 5)
    assert hours(warehouse) == [Hour("kf-1", 0, WHOLE, 0, 0, 0), Hour("kf-1", 1, WHOLE, 0, 0, 0)]
    assert gaps(warehouse) == []
    assert {state for _, state, _ in hour_states(warehouse)} == {"closed"}


def test_a_renewal_makes_its_own_hour_count_again(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 300, kafka(6)))
    freeze(orders, 1, until_minutes=190)
    orders.close(0, 5)
    assert used(warehouse) == [0, 3, 4]
    assert all(hour.aku_seconds == WHOLE for hour in hours(warehouse))


def test_instances_that_change_do_not_count_in_a_freeze_either(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 85, kafka(6)), *every_five_minutes(orders, 300, kafka(10, m=87), since=90))
    freeze(orders, 1, until_minutes=240)
    orders.close(0, 5)
    assert hours(warehouse) == [Hour("kf-1", 0, WHOLE, 0, 0, 0), Hour("kf-1", 4, 36000, 0, 0, 0)]


def test_an_expiry_that_is_learned_late_takes_back_what_was_closed(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 300, kafka(6)))
    orders.close(0, 5)
    assert used(warehouse) == [0, 1, 2, 3, 4]
    freeze(orders, 2)
    assert [state for _, state, _ in hour_states(warehouse)] == ["closed", "closed", "stale", "stale", "stale"]
    close_due_hours(warehouse, at(310))
    assert used(warehouse) == [0, 1]
    freeze(orders, 2, until_minutes=200)
    close_due_hours(warehouse, at(311))
    assert used(warehouse) == [0, 1, 3, 4]
    sums, expected = sums_and_usage(warehouse)
    assert sums == expected


def test_a_silence_is_a_gap_outside_the_freeze_only(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 30, kafka(6)), *every_five_minutes(orders, 300, kafka(6), since=210))
    freeze(orders, 1, until_minutes=190)
    orders.close(0, 5)
    assert gaps(warehouse) == [(None, 30, 60, "not_asked", "open"), (None, 180, 210, "not_asked", "open")]
    assert used(warehouse) == [0, 3, 4]


def test_what_a_freeze_leaves_of_a_waived_gap_stays_waived(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 30, kafka(6)), *every_five_minutes(orders, 300, kafka(6), since=210))
    orders.close(0, 5)
    [(_, start, end, _, state)] = gaps(warehouse)
    assert (start, end, state) == (30, 210, "open")
    keys = [gap.gap_key for gap in list_gaps(warehouse, at(301))]
    waive_gaps(warehouse, read_waiver(reason="The console was moved.", by="ann", gap_keys=keys), at(301))
    freeze(orders, 1, until_minutes=190)
    close_due_hours(warehouse, at(310))
    assert {gap[-1] for gap in gaps(warehouse)} == {"waived"}


def test_a_console_that_stays_silent_in_a_freeze_leaves_nothing_open(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 60, kafka(6)))
    freeze(orders, 1)
    orders.close(0, 5)
    assert used(warehouse) == [0]
    assert gaps(warehouse) == []
    assert {state for _, state, _ in hour_states(warehouse)} == {"closed"}


def test_other_subscriptions_are_not_frozen(warehouse: Engine) -> None:
    orders, payments = Environment(warehouse), Environment(warehouse, "payments")
    for each, name in ((orders, "kf-1"), (payments, "kf-2")):
        each.tell(*every_five_minutes(each, 180, kafka(6, name=name)))
    freeze(orders, 1)
    orders.close(0, 3)
    assert [(hour.instance_id, hour.hour) for hour in hours(warehouse)] == [
        ("kf-1", 0), ("kf-2", 0), ("kf-2", 1), ("kf-2", 2),
    ]  # fmt: skip
