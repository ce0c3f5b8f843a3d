"""What people do with the ledger of pushes: hold a channel, and settle records. Each with who, when and why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from include.domain.errors import AkubillError, ConflictError, InvalidInputError, NoUserError
from include.domain.lifecycles import PUSH_RECORD
from include.domain.periods import Window
from include.domain.words.pushes import REASONS
from include.marketplace.push.decisions import _LEVERS, Decision, decide_channel, decide_records
from include.marketplace.push.open_points import OpenPoint, list_differences, list_open_points, list_unreported
from include.marketplace.push.records import list_records, sum_agreement
from include.warehouse.tables.metering_push import DECISIONS
from tests.support.builders import rows
from tests.support.marketplace.pushing import AT, HOUR, Vendor

WHY = "The Marketplace's bill shows it."


def decide(vendor: Vendor, name: str, records: str | None = None, **changes: str) -> str:
    decision = Decision(name, **{"by": "li", "reason": WHY, **changes}, at=vendor.now)
    if name in {"hold", "release"}:
        return decide_channel(vendor.warehouse, changes.get("channel", "alibaba-china"), decision)
    return decide_records(vendor.warehouse, records, decision)


@pytest.fixture
def unknown(vendor: Vendor) -> str:
    """A record of which it is not known whether the Marketplace has it; it has. Its number."""
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.sandbox.fault("lost_answer", action="PushMeteringData", times=1)
    vendor.push()
    ((key,),) = rows(vendor.warehouse, "SELECT record_key FROM marketplace.push_records")
    return str(key)


def test_a_held_channel_sends_nothing_until_it_is_released(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    assert decide(vendor, "hold") == "Channel alibaba-china is held."
    pushed = vendor.push()
    assert (pushed.requests, pushed.stopped) == (0, "A person holds the channel.")
    with pytest.raises(ConflictError, match="held already"):
        decide(vendor, "hold")
    assert decide(vendor, "release") == "Channel alibaba-china is released."
    with pytest.raises(ConflictError, match="not held"):
        decide(vendor, "release")
    assert vendor.push().outcomes == {"accepted": 1}
    query = "SELECT decision, decided_by, reason, decided_at FROM marketplace.push_decisions ORDER BY decision_key"
    assert rows(vendor.warehouse, query) == [("hold", "li", WHY, vendor.now), ("release", "li", WHY, vendor.now)]


def test_what_is_held_past_its_cut_off_is_missed(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.push(is_dry_run=True)
    decide(vendor, "hold")
    vendor.wait_until(AT + HOUR + timedelta(minutes=59))
    assert vendor.push().outcomes == {"missed": 1}


@pytest.mark.parametrize(
    ("lever", "outcome"), [("mark_accepted", "accepted"), ("mark_refused", "refused"), ("write_off", "missed")]
)
def test_a_person_settles_an_unknown_record(lever: str, outcome: str, unknown: str, vendor: Vendor) -> None:
    assert decide(vendor, lever, unknown) == f"1 record: {lever.replace('_', ' ')}."
    assert vendor.outcomes() == {outcome: 1}
    vendor.push()
    assert vendor.outcomes() == {outcome: 1}
    with pytest.raises(ConflictError, match=f"is {outcome}"):
        decide(vendor, lever, unknown)
    assert rows(vendor.warehouse, "SELECT decision, record_key::text, decided_by FROM marketplace.push_decisions") == [
        (lever, unknown, "li")
    ]


def test_a_record_is_sent_again_on_a_persons_word_and_in_time_only(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 3600)
    vendor.sandbox.fault("unavailable", action="PushMeteringData", times=1)
    vendor.push()
    assert (vendor.outcomes(), vendor.book()) == ({"unknown": 1}, {})
    ((key,),) = rows(vendor.warehouse, "SELECT record_key FROM marketplace.push_records")
    decide(vendor, "send_again", str(key))
    assert vendor.push().outcomes == {"accepted": 1}
    requests = rows(vendor.warehouse, "SELECT request FROM marketplace.push_attempts")
    assert len(requests) == 2
    assert len(set(requests)) == 1, "the second try sends the same bytes"
    vendor.assert_nothing_is_twice_or_lost()


def test_what_is_past_its_cut_off_is_not_sent_again(unknown: str, vendor: Vendor) -> None:
    vendor.wait_until(AT + HOUR + timedelta(minutes=59))
    with pytest.raises(ConflictError, match="could be sent until 2026-11-10T09:59:00Z"):
        decide(vendor, "send_again", unknown)


@pytest.mark.parametrize(
    ("records", "changes", "error"),
    [
        ("", {}, InvalidInputError),
        ("one", {}, InvalidInputError),
        ("999999", {}, InvalidInputError),
        (None, {"reason": "short"}, InvalidInputError),
        (None, {"by": ""}, NoUserError),
    ],
)
def test_a_wrong_decision_is_a_sentence_and_changes_nothing(
    records: str | None, changes: dict[str, str], error: type[AkubillError], unknown: str, vendor: Vendor
) -> None:
    given = unknown if records is None else f"{unknown}, {records}" if records.isdigit() else records
    with pytest.raises(error):
        decide(vendor, "write_off", given, **changes)
    assert vendor.outcomes() == {"unknown": 1}
    with pytest.raises(InvalidInputError, match="must be one of"):
        decide_channel(vendor.warehouse, "azure", Decision("hold", "li", WHY, vendor.now))


def test_levers_follow_the_lifecycle_and_have_words() -> None:
    steps = {(start, lever.outcome) for lever in _LEVERS.values() for start in lever.of}
    assert steps <= PUSH_RECORD.transitions
    assert {lever.reason for lever in _LEVERS.values()} <= set(REASONS)
    assert {"hold", "release", *_LEVERS} == set(DECISIONS)


def outcomes(points: list[OpenPoint]) -> list[str]:
    return [point.outcome for point in points]


def test_open_points_are_what_needs_a_person(unknown: str, vendor: Vendor) -> None:
    vendor.wait_until(AT + 2 * HOUR + timedelta(minutes=30))
    vendor.use(AT + HOUR, 60)
    decide(vendor, "hold")
    vendor.push()
    (point,) = list_open_points(vendor.warehouse, AT, vendor.now)
    assert (point.key, point.outcome) == (f"{unknown}/unknown", "unknown")
    vendor.wait(15 * 60)
    points = list_open_points(vendor.warehouse, AT, vendor.now)
    assert outcomes(points) == ["unknown", "late"]
    assert "it still waits, and its cut-off is 2026-11-10T10:59:00Z" in points[1].sentence
    decide(vendor, "write_off", unknown)
    assert outcomes(list_open_points(vendor.warehouse, AT, vendor.now)) == ["late"]


def test_usage_that_became_known_after_its_record_is_a_named_difference(vendor: Vendor) -> None:
    vendor.subscribe(2)
    vendor.use(AT, 3600, 60)
    vendor.push()
    assert list_differences(vendor.warehouse, AT) == []
    with vendor.warehouse.begin() as connection:
        connection.execute(text("UPDATE metering.subscription_hours SET aku_seconds = 9999 WHERE aku_seconds = 3600"))
    (point,) = list_differences(vendor.warehouse, AT)
    assert point.key.endswith("/difference/9999")
    assert "usage that is known since makes it 9,999" in point.sentence
    assert list_differences(vendor.warehouse, AT + HOUR) == []


def test_usage_that_no_record_has_is_named_by_subscription_and_day(vendor: Vendor) -> None:
    vendor.subscribe(2)
    with vendor.warehouse.begin() as connection:
        update = "UPDATE core.subscriptions SET marketplace_instance_id = NULL WHERE subscription_key = :key"
        connection.execute(text(update), {"key": vendor.keys[0]})
    for hour in (AT, AT + HOUR):
        vendor.use(hour, 3600, 60)
        vendor.wait_until(hour + HOUR + timedelta(minutes=5))
        vendor.push()
    products = ["automq-byoc-payg"]
    assert list_unreported(vendor.warehouse, "alibaba-china", products, AT, vendor.now) == []
    vendor.wait_until(AT + 30 * HOUR)
    (point,) = list_unreported(vendor.warehouse, "alibaba-china", products, AT, vendor.now)
    assert "7,200 AKU-seconds" in point.sentence
    assert "in 2 hours of the day from 2026-11-10 00:00 UTC" in point.sentence
    assert "marketplace instance was not known in time" in point.sentence


def test_where_each_aku_second_went_adds_up(vendor: Vendor) -> None:
    vendor.subscribe(6)
    vendor.use(AT, 1, 20, 300, 4_000, 50_000, 600_000)
    with vendor.warehouse.begin() as connection:
        for change, key in (("payment = 'prepaid'", 5), ("marketplace_instance_id = 'gone'", 1)):
            update = f"UPDATE core.subscriptions SET {change} WHERE subscription_key = :key"
            connection.execute(text(update), {"key": vendor.keys[key]})
    vendor.push(minutes=10)
    vendor.wait_until(AT + 2 * HOUR + timedelta(minutes=5))
    vendor.use(AT + HOUR, 0, 0, 7)
    vendor.sandbox.fault("lost_answer", action="PushMeteringData", times=1)
    vendor.push()
    with vendor.warehouse.begin() as connection:
        connection.execute(text("UPDATE metering.subscription_hours SET aku_seconds = 4001 WHERE aku_seconds = 4000"))
    rows = sum_agreement(vendor.warehouse, Window(AT, AT + 2 * HOUR))
    parts = (
        "licensed",
        "free",
        "accepted",
        "expected",
        "unknown",
        "missed",
        "refused",
        "waiting",
        "carried",
        "difference",
    )
    assert all(row["metered"] == sum(row[part] for part in parts) for row in rows)
    assert {part: sum(row[part] for row in rows) for part in parts} == {
        "licensed": 600_000,
        "free": 0,
        "accepted": 1 + 300 + 4_000 + 50_000,
        "expected": 0,
        "unknown": 7,
        "missed": 0,
        "refused": 20,
        "waiting": 0,
        "carried": 0,
        "difference": 1,
    }
    assert [row["differing_hours"] for row in rows] == [0, 0, 0, 1, 0, 0]


def test_the_ledger_can_be_listed(unknown: str, vendor: Vendor) -> None:
    (record,) = list_records(vendor.warehouse, "unknown", "alibaba-china")
    assert record["sentence"] == "The marketplace did not answer, or its answer was lost."
    assert list_records(vendor.warehouse, "accepted") == []
    with pytest.raises(InvalidInputError, match="must be one of pending"):
        list_records(vendor.warehouse, "lost")
