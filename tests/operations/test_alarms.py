"""Freshness alarms: what raises and ends them, and that each is notified once."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from include.domain.words.operations import ALARMS
from include.operations.alarms import AlarmRules, evaluate_alarms, list_alarm_notifications
from include.operations.notifications import claim_notifications, record_notifications, text_of
from include.warehouse import engine
from tests.support.builders import make_instance, make_usage
from tests.support.metering.lives import NOON, Environment, at, every_five_minutes, kafka


@pytest.fixture
def orders(warehouse) -> Environment:
    """An environment with one instance of 6 AKU, polled from noon to minute 30."""
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 30, kafka(6)))
    return orders


def alarms(warehouse) -> list[tuple[Any, ...]]:
    """Alarms as (kind, since, opened, closed), in minutes after noon."""
    query = text("SELECT kind, since, opened_at, closed_at FROM operations.alarms ORDER BY kind, since")

    def minutes(instant):
        return instant and (instant - NOON).total_seconds() / 60

    with warehouse.connect() as connection:
        return [(kind, *map(minutes, rest)) for kind, *rest in connection.execute(query)]


def judge(warehouse, *minutes, **rules):
    for minute in minutes:
        done = evaluate_alarms(warehouse, at(minute), AlarmRules(**rules))
    return tuple(done.counts().values())


def sent(warehouse, minute, failure=None):
    claimed = claim_notifications(warehouse, list_alarm_notifications(warehouse), at(minute))
    record_notifications(warehouse, claimed, at(minute), failure)
    return [each.sentence for each in claimed]


def test_an_environment_that_answers_has_no_alarm(orders, warehouse):
    assert judge(warehouse, 32) == (0, 0, 0)


def test_silence_within_the_tolerance_is_no_alarm(orders, warehouse):
    judge(warehouse, 45)
    assert alarms(warehouse) == []
    judge(warehouse, 46)
    assert alarms(warehouse) == [("silent", 30, 46, None)]


def test_silence_is_notified_once_and_again_when_it_is_over(orders, warehouse):
    orders.tell(orders.poll(35, error="refused"), orders.poll(40, error="unreachable"))
    news = []
    for minute in range(42, 90, 5):
        if minute == 72:
            orders.tell(orders.poll(70, kafka(6)))
        judge(warehouse, minute)
        news += [(minute, line) for line in sent(warehouse, minute)]
    assert news == [
        (
            47,
            (
                "ALARM Environment env-11-orders has not answered since 2026-10-01 12:30 UTC (unreachable). Look at "
                "its console: what it does not answer for becomes a gap, which holds the bill."
            ),
        ),
        (72, "OVER Environment env-11-orders answers again, last at 2026-10-01 13:10 UTC."),
        (
            87,
            (
                "ALARM Environment env-11-orders has not answered since 2026-10-01 13:10 UTC (it was not polled: look "
                "at aku_readings). Look at its console: what it does not answer for becomes a gap, which holds the "
                "bill."
            ),
        ),
    ]


def test_an_environment_that_never_answered_is_silent_from_the_start_of_metering(warehouse):
    Environment(warehouse)
    judge(warehouse, 10, 20)
    assert alarms(warehouse) == [("silent", 0, 20, None)]


def test_an_environment_that_is_released_ends_its_alarm(orders, warehouse):
    judge(warehouse, 60)
    sent(warehouse, 60)
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.environments SET state = 'released'"))
    assert judge(warehouse, 65) == (0, 1, 0)
    assert sent(warehouse, 65) == ["OVER Environment env-11-orders is not metered any more (released)."]
    assert judge(warehouse, 70) == (0, 0, 0)


def test_judging_an_earlier_instant_again_changes_nothing_later(orders, warehouse):
    judge(warehouse, 60)
    judge(warehouse, 32)
    assert alarms(warehouse) == [("silent", 30, 60, None)]
    orders.tell(orders.poll(70, kafka(6)))
    judge(warehouse, 72, 60, 55)
    assert alarms(warehouse) == [("silent", 30, 60, 72)]


def test_a_drop_to_zero_is_an_alarm_until_there_are_aku_again(orders, warehouse):
    judge(warehouse, 32)
    orders.tell(orders.poll(35), orders.poll(40, kafka(6, state="Deleted")))
    judge(warehouse, 42)
    orders.tell(orders.poll(45))
    judge(warehouse, 47)
    assert alarms(warehouse) == [("dropped_to_zero", 35, 42, None)]
    orders.tell(orders.poll(50, kafka(3, name="kf-2", c=48)))
    judge(warehouse, 52)
    assert alarms(warehouse) == [("dropped_to_zero", 35, 42, 52)]
    assert sent(warehouse, 52) == [
        (
            "ALARM Environment env-11-orders dropped from 6 AKU to 0 at 2026-10-01 12:35 UTC. Ask the buyer whether "
            "that was meant."
        ),
        "OVER Environment env-11-orders has 3 AKU again.",
    ]


def test_zero_that_lasts_for_a_day_is_taken_as_meant(orders, warehouse):
    orders.tell(orders.poll(35))
    judge(warehouse, 37)
    orders.tell(*every_five_minutes(orders, 60 * 26, since=40))
    judge(warehouse, 60 * 12, 60 * 24 + 34)
    assert alarms(warehouse) == [("dropped_to_zero", 35, 37, None)]
    judge(warehouse, 60 * 24 + 35, 60 * 26)
    assert alarms(warehouse) == [("dropped_to_zero", 35, 37, 60 * 24 + 35)]
    assert sent(warehouse, 60 * 26)[-1].endswith("has stayed at 0 AKU and is no longer treated as an alarm.")


def test_an_environment_that_never_had_an_instance_has_not_dropped(warehouse):
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 30))
    assert judge(warehouse, 32) == (0, 0, 0)


def test_a_failed_poll_is_not_a_drop(orders, warehouse):
    orders.tell(orders.poll(35, error="timeout"))
    assert judge(warehouse, 37) == (0, 0, 0)


@pytest.fixture
def past(orders, warehouse) -> Environment:
    """The same environment with imported usage of the hour from noon on the days before, most of them of 6 AKU."""
    with warehouse.begin() as connection:
        instance = make_instance(connection, orders.subscription_key, "kf-old")
        for day, aku in enumerate((6, 6, 7, 90, 6), start=1):
            make_usage(connection, instance, NOON - timedelta(days=day), [aku * 3600])
    return orders


@pytest.mark.parametrize(("aku", "is_raised"), [(6, 0), (18, 0), (19, 1), (2, 0), (1, 1)])
def test_a_total_more_than_three_times_off_the_median_is_an_alarm(past, warehouse, aku, is_raised):
    with warehouse.begin() as connection:
        connection.execute(text("DELETE FROM metering.readings"))
        connection.execute(text("DELETE FROM metering.polls"))
    past.tell(*every_five_minutes(past, 65, kafka(aku)))
    past.close()
    assert judge(warehouse, 67) == (is_raised, 0, is_raised)


def test_an_unusual_total_is_over_when_a_later_hour_is_usual(past, warehouse):
    with warehouse.begin() as connection:
        [instance] = connection.scalars(
            text("SELECT instance_key FROM metering.instances WHERE instance_id = 'kf-old'")
        )
        for day in range(1, 6):
            make_usage(connection, instance, NOON - timedelta(days=day) + timedelta(hours=1), [30 * 3600])
    past.tell(*every_five_minutes(past, 55, kafka(60, m=33), since=35))
    past.tell(*every_five_minutes(past, 125, kafka(30, m=57), since=60))
    past.close()
    judge(warehouse, 67, 72)
    past.close(1, 2)
    judge(warehouse, 127)
    assert alarms(warehouse) == [("unusual_total", 0, 67, 127)]
    assert sent(warehouse, 127) == [
        (
            "ALARM Environment env-11-orders used 103,680 AKU-seconds in the hour from 2026-10-01 12:00 UTC; the "
            "median of that hour on the days before is 21,600. Look at its instances."
        ),
        (
            "OVER Environment env-11-orders is back to its usual use: 108,000 AKU-seconds in the hour from 2026-10-01 "
            "13:00 UTC, the median is 108,000."
        ),
    ]


@pytest.mark.parametrize(("metered_from", "raised"), [(50, []), (0, ["unusual_total"])])
def test_an_hour_in_which_metering_began_is_not_compared(warehouse, metered_from, raised):
    """Ten of its minutes are known, and the days before it are whole hours of imported history."""
    orders = Environment(warehouse, metered_from=at(metered_from))
    with warehouse.begin() as connection:
        instance = make_instance(connection, orders.subscription_key, "kf-old")
        for day in range(1, 6):
            make_usage(connection, instance, NOON - timedelta(days=day), [60 * 3600])
    orders.tell(*every_five_minutes(orders, 65, kafka(6), since=metered_from))
    orders.close()
    judge(warehouse, 67)
    assert [kind for kind, *_ in alarms(warehouse)] == raised


def test_two_days_are_too_few_to_call_an_hour_unusual(orders, warehouse):
    with warehouse.begin() as connection:
        instance = make_instance(connection, orders.subscription_key, "kf-old")
        for day in (1, 2):
            make_usage(connection, instance, NOON - timedelta(days=day), [600 * 3600])
    orders.tell(*every_five_minutes(orders, 65, kafka(6), since=35))
    orders.close()
    assert judge(warehouse, 67) == (0, 0, 0)
    assert judge(warehouse, 67, min_known_days=2) == (1, 0, 1)


def test_each_transition_is_claimed_once(orders, warehouse):
    judge(warehouse, 60)
    unsent = list_alarm_notifications(warehouse)
    assert claim_notifications(warehouse, unsent, at(60)) == unsent
    assert claim_notifications(warehouse, unsent, at(60)) == []
    assert list_alarm_notifications(warehouse) == []


def test_the_ledger_says_what_arrived_and_what_did_not(orders, warehouse):
    Environment(warehouse, "payments")
    judge(warehouse, 46)
    assert len(sent(warehouse, 46, "The notifier failed.")) == 2
    orders.tell(orders.poll(50, kafka(6)))
    judge(warehouse, 52)
    assert len(sent(warehouse, 52)) == 1
    query = text("SELECT notification_key, sent_at, failure FROM operations.notifications ORDER BY 1, 2")
    with warehouse.connect() as connection:
        keys = connection.scalars(text("SELECT alarm_key FROM operations.alarms ORDER BY closed_at")).all()
        assert {tuple(row) for row in connection.execute(query)} == {
            (f"alarm/{keys[0]}/opened", None, "The notifier failed."),
            (f"alarm/{keys[0]}/closed", at(52), None),
            (f"alarm/{keys[1]}/opened", None, "The notifier failed."),
        }


def test_a_long_message_is_cut_and_says_so():
    lines = text_of([f"Environment {number} is silent." for number in range(53)]).split("\n")
    assert len(lines) == 51
    assert lines[-1] == "… and 3 more; all are in operations.notifications."


def test_every_status_of_an_alarm_has_words_and_no_other_one() -> None:
    statements = Path(engine.__file__).parent / "sql/operations/alarms"
    sources = {"silent": "judge_silence", "dropped_to_zero": "judge_zero", "unusual_total": "judge_totals"}
    for kind, name in sources.items():
        facts = (statements / f"{name}.sql").read_text(encoding="utf-8").partition("'status',")[2]
        given = set(re.findall(r"(?:THEN|ELSE) '(\w+)'", facts))
        assert given | {"not_metered"} == set(ALARMS[kind].phrases["status"])
        assert ALARMS[kind].names() - {"state"} <= set(re.findall(r"'(\w+)',", facts)) | {"status"}
