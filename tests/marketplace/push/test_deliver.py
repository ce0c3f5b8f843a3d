"""Usage reported to the Marketplace over HTTP: what its own book has, and what the ledger says of it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from include.domain.errors import ConfigurationError
from include.domain.lifecycles import PUSH_RECORD
from include.domain.words.pushes import OPEN_POINTS, REASONS
from tests.support.builders import rows
from tests.support.marketplace.pushing import AT, HOUR, ITEM, Vendor

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_closed_hours_are_sent_once_and_accepted(vendor: Vendor) -> None:
    vendor.subscribe(3)
    vendor.use(AT, 3600, 7200, 0)
    pushed = vendor.push()
    assert pushed.counts() == {"entered": 2, "requests": 1, "accepted": 2}
    assert (pushed.open_points, pushed.stopped) == ([], None)
    assert vendor.book() == {f"{vendor.instances[0]} 10T08": [3600], f"{vendor.instances[1]} 10T08": [7200]}
    assert vendor.push().counts() == {"entered": 0, "requests": 0}
    vendor.assert_nothing_is_twice_or_lost()


def test_the_request_is_kept_before_the_call_and_its_answer_after(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.push()
    ((request, answer, request_id, result, duration),) = rows(
        vendor.warehouse, "SELECT request, answer, request_id, result, duration_ms FROM marketplace.push_attempts"
    )
    start = int(AT.timestamp())
    assert json.loads(request) == [
        {
            "InstanceId": vendor.instances[0],
            "StartTime": str(start),
            "EndTime": str(start + 3600),
            "Entities": [{"Key": "Period", "Value": "3600", "meteringAssit": "cmgj-automq-byoc-Period-1"}],
        }
    ]
    assert (answer, result, bool(request_id), duration >= 0) == ({"success": True}, "accepted", True, True)
    assert vendor.access.access_key_secret.get_secret_value() not in f"{request}{answer}"


def test_an_hour_waits_for_a_silent_console_and_then_goes_as_it_is_known(vendor: Vendor) -> None:
    vendor.subscribe(2)
    vendor.use(AT, 3600, 7200, closed=False)
    assert vendor.push().entered == 0
    vendor.wait_until(AT + HOUR + timedelta(minutes=40))
    assert vendor.push().outcomes == {"accepted": 2}
    assert rows(vendor.warehouse, "SELECT DISTINCT is_partial FROM marketplace.push_records") == [(True,)]


def test_a_new_buyer_waits_for_its_marketplace_instance(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    update = "UPDATE core.subscriptions SET marketplace_instance_id = "
    with vendor.warehouse.begin() as connection:
        connection.execute(text(update + "NULL"))
    assert vendor.push().entered == 0
    with vendor.warehouse.begin() as connection:
        connection.execute(text(update + ":instance"), {"instance": vendor.instances[0]})
    assert vendor.push().outcomes == {"accepted": 1}


def test_what_the_marketplace_measures_itself_is_expected_and_not_sent(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    assert vendor.push(items=(ITEM._replace(is_pushed=False),)).requests == 0
    assert (vendor.outcomes(), vendor.book()) == ({"expected": 1}, {})


def test_imported_usage_of_the_time_before_metering_is_reported_as_well(vendor: Vendor) -> None:
    vendor.metered_since = AT + HOUR
    vendor.subscribe()
    vendor.use(AT, 3600, closed=False)
    assert vendor.push().outcomes == {"accepted": 1}
    vendor.assert_nothing_is_twice_or_lost()


def test_history_is_expected_where_the_marketplace_measures_it_and_never_where_we_report(vendor: Vendor) -> None:
    days = [AT - timedelta(days=each) for each in (2, 35)]
    vendor.metered_since = AT
    vendor.subscribe()
    for day in days:
        vendor.use(day, 3600)
    assert vendor.enter_earlier((ITEM,)) == 0
    measured = (ITEM._replace(is_pushed=False),)
    assert [vendor.enter_earlier(measured) for _ in range(2)] == [2, 0]
    assert (vendor.outcomes(), vendor.book()) == ({"expected": 2}, {})


def test_late_usage_does_not_change_a_record(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.push()
    with vendor.warehouse.begin() as connection:
        connection.execute(text("UPDATE metering.subscription_hours SET aku_seconds = 9999"))
    vendor.push()
    assert vendor.booked() == {f"{vendor.instances[0]} 10T08": ("accepted", 3600)}
    vendor.assert_nothing_is_twice_or_lost()


def test_an_hour_is_not_reported_again_under_another_instance(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.push()
    vendor.rename(vendor.instances[0], "1700000000000777")
    assert vendor.push().counts() == {"entered": 0, "requests": 0}


def test_what_is_past_its_cut_off_is_missed_and_named_once(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.wait_until(AT + HOUR + timedelta(minutes=59))
    pushed = vendor.push()
    assert (pushed.outcomes, vendor.book()) == ({"missed": 1}, {})
    named = f"3,600 AKU-seconds of {subscription(vendor)} ({vendor.instances[0]}), hour 2026-11-10T08:00:00Z"
    named = f"Record {record_keys(vendor)[0]}, {named}"
    assert pushed.open_points == [
        f"{named}: its cut-off passed, and it is not charged. Ask why the push was late.",
    ]
    assert vendor.push().open_points == []


@pytest.mark.parametrize("minutes", [50, 70])
def test_an_outage_costs_only_what_its_cut_off_does_not_outlast(minutes: int, vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    closed = replace(vendor.access, endpoint="127.0.0.1:9")
    up_again = vendor.now + timedelta(minutes=minutes)
    access, vendor.access = vendor.access, closed
    while vendor.now < up_again:
        vendor.push(minutes=4)
        vendor.wait(300)
    vendor.access = access
    vendor.push()
    assert vendor.outcomes() == ({"accepted": 1} if minutes == 50 else {"missed": 1})
    vendor.assert_nothing_is_twice_or_lost()


def test_a_throttled_channel_waits_and_goes_on(vendor: Vendor) -> None:
    vendor.subscribe(2)
    vendor.use(AT, 3600, 7200)
    vendor.sandbox.fault("throttle", action="PushMeteringData", times=3, retry_after_ms=90_000)
    before = vendor.now
    assert vendor.push().counts() == {"entered": 2, "requests": 4, "pending": 6, "accepted": 2}
    assert (vendor.now - before).total_seconds() == 270


def test_the_one_bad_record_of_a_request_is_found_and_the_others_go(vendor: Vendor) -> None:
    vendor.subscribe(9)
    vendor.use(AT, *range(1, 10))
    unknown = "1700000000000999"
    with vendor.warehouse.begin() as connection:
        connection.execute(
            text("UPDATE core.subscriptions SET marketplace_instance_id = :to WHERE marketplace_instance_id = :from"),
            {"to": unknown, "from": vendor.instances[4]},
        )
    pushed = vendor.push(minutes=10)
    assert vendor.outcomes() == {"accepted": 8, "refused": 1}
    assert vendor.booked()[f"{unknown} 10T08"][0] == "refused"
    (named,) = pushed.open_points
    assert "the marketplace refused it with InstanceNotFound" in named
    vendor.assert_nothing_is_twice_or_lost()


def test_bisecting_goes_on_in_the_next_run(vendor: Vendor) -> None:
    vendor.subscribe(4)
    vendor.use(AT, 1, 2, 3, 4)
    with vendor.warehouse.begin() as connection:
        connection.execute(
            text("UPDATE core.subscriptions SET marketplace_instance_id = 'gone' WHERE marketplace_instance_id = :id"),
            {"id": vendor.instances[0]},
        )
    for _ in range(6):
        vendor.push(minutes=0)
        vendor.wait(60)
    assert vendor.outcomes() == {"accepted": 3, "refused": 1}


@pytest.mark.parametrize(
    ("fault", "traits", "reason"),
    [
        ("lost_answer", {}, "no_answer"),
        ("broken", {}, "no_answer"),
        ("server_error", {}, "no_answer"),
        ("unavailable", {}, "no_answer"),
        ("html", {"status": 200}, "no_answer"),
        ("not_json", {}, "no_answer"),
        ("refuse", {"status": 418, "code": "SomethingNew"}, "refusal_unknown"),
    ],
)
def test_an_answer_that_does_not_say_what_happened_is_unknown_and_blocks_its_record(
    fault: str, traits: dict, reason: str, vendor: Vendor
) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.sandbox.fault(fault, action="PushMeteringData", times=1, **traits)
    pushed = vendor.push()
    assert vendor.ledger() == [("unknown", reason)]
    assert len(pushed.open_points) == 1
    vendor.push()
    assert vendor.ledger() == [("unknown", reason)]
    assert bool(vendor.book()) == (fault in {"lost_answer", "broken"})
    vendor.assert_nothing_is_twice_or_lost()


def test_in_doubt_nothing_is_sent_before_the_marketplace_answers_a_harmless_call(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.sandbox.fault("lost_answer", action="PushMeteringData", times=1)
    vendor.push()
    vendor.wait_until(AT + 2 * HOUR + timedelta(minutes=5))
    vendor.use(AT + HOUR, 60)
    vendor.sandbox.fault("unavailable")
    assert vendor.push().requests == 0
    vendor.sandbox.clear_faults()
    assert vendor.push().outcomes == {"accepted": 1}
    assert vendor.outcomes() == {"unknown": 1, "accepted": 1}


def no_access() -> None:
    raise ConfigurationError("The Airflow connection alibaba_vendor is missing.")


def test_missing_access_or_a_dry_run_never_looks_like_success(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    dry = vendor.push(is_dry_run=True)
    assert (vendor.ledger(), dry.requests, dry.open_points) == ([("not_sent", "dry_run")], 0, [])
    vendor.wait_until(AT + 2 * HOUR + timedelta(minutes=5))
    vendor.use(AT + HOUR, 60)
    pushed = vendor.push(open_sender=no_access)
    assert vendor.ledger() == [("missed", "cut_off_passed"), ("not_sent", "no_access")]
    assert len(pushed.open_points) == 2
    assert pushed.stopped == "The Airflow connection alibaba_vendor is missing."
    assert vendor.push().outcomes == {"accepted": 1}


def test_a_refused_access_is_no_refusal_of_records(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    right = vendor.access
    vendor.access = replace(right, access_key_id="LTAI-unknown")
    pushed = vendor.push()
    assert (vendor.ledger(), len(pushed.open_points)) == ([("not_sent", "no_access")], 1)
    vendor.access = right
    assert vendor.push().outcomes == {"accepted": 1}


def test_runs_at_once_make_one_call_for_an_hour(vendor: Vendor) -> None:
    vendor.subscribe(5)
    vendor.use(AT, *range(1, 6))
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(vendor.push) for _ in range(4)]
        assert sum(run.result().requests for run in runs) == 1
    vendor.assert_nothing_is_twice_or_lost()


def test_records_are_frozen_and_final_is_final(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.push()
    for change in (
        "UPDATE marketplace.push_records SET quantity = 1",
        "UPDATE marketplace.push_records SET window_start = window_start - INTERVAL '1 minute'",
        "UPDATE marketplace.push_records SET outcome = 'pending'",
        "DELETE FROM marketplace.push_records",
        "UPDATE marketplace.push_attempts SET answer = '{}'",
        "DELETE FROM marketplace.push_attempts",
        "DELETE FROM marketplace.push_attempt_records",
    ):
        with pytest.raises(DBAPIError), vendor.warehouse.begin() as connection:
            connection.execute(text(change))


def test_the_database_allows_the_steps_of_the_lifecycle_and_no_others(vendor: Vendor, warehouse: Engine) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.push(items=(ITEM._replace(is_pushed=False),))
    allowed = set()
    for start in PUSH_RECORD.states:
        for end in PUSH_RECORD.states:
            with warehouse.connect() as connection, connection.begin() as transaction:
                connection.execute(text("SET LOCAL ROLE postgres"))
                connection.execute(text("SET LOCAL session_replication_role = replica"))
                connection.execute(text("UPDATE marketplace.push_records SET outcome = :start"), {"start": start})
                connection.execute(text("SET LOCAL session_replication_role = origin"))
                try:
                    connection.execute(text("UPDATE marketplace.push_records SET outcome = :end"), {"end": end})
                except DBAPIError:
                    pass
                else:
                    allowed |= {(start, end)} if start != end else set()
                transaction.rollback()
    assert allowed == PUSH_RECORD.transitions


def test_records_are_stored_by_month_and_are_unique_in_all_of_them(vendor: Vendor) -> None:
    midnight = datetime(2026, 12, 1, tzinfo=UTC)
    vendor.wait_until(midnight + HOUR + timedelta(minutes=5))
    vendor.subscribe()
    vendor.use(midnight - HOUR, 60)
    vendor.use(midnight, 120)
    assert vendor.push().outcomes == {"missed": 1, "accepted": 1}
    stored = "SELECT tableoid::regclass::text, quantity FROM marketplace.push_records ORDER BY hour_start"
    parts = [("marketplace.push_records_2026_11", 60), ("marketplace.push_records_2026_12", 120)]
    assert rows(vendor.warehouse, stored) == parts
    columns = "channel, marketplace_instance_id, hour_start, dimension, subscription_key, product_code, item_key, "
    columns += "quantity, units, window_start, window_end, cut_off, is_partial, entered_at"
    again = f"INSERT INTO marketplace.push_records ({columns}) SELECT {columns} FROM marketplace.push_records"
    with pytest.raises(IntegrityError, match="violates unique constraint"), vendor.warehouse.begin() as connection:
        connection.execute(text(again))


def test_every_outcome_that_needs_a_person_and_every_reason_has_words(vendor: Vendor) -> None:
    assert set(OPEN_POINTS) <= {*PUSH_RECORD.states, "late", "difference"}
    assert all(words.say({}) for words in REASONS.values())


def record_keys(vendor: Vendor) -> list[int]:
    return [key for (key,) in rows(vendor.warehouse, "SELECT record_key FROM marketplace.push_records ORDER BY 1")]


def subscription(vendor: Vendor) -> str:
    return str(rows(vendor.warehouse, "SELECT subscription_id FROM core.subscriptions")[0][0])
