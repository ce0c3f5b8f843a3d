"""Gaps as work for people, and waivers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from include.domain.errors import ConflictError, InvalidInputError
from include.metering.gaps.gaps import Waiver, list_gaps, read_waiver, summarize_gaps, waive_gaps
from tests.support.builders import make_bill
from tests.support.metering.lives import Environment, at, every_five_minutes, gaps, kafka

REASON = "The console was being moved; the buyer agrees."
WHEN = at(400)


@pytest.fixture
def orders(warehouse) -> Environment:
    """An environment that was silent from minute 20 to minute 50: an environment gap, and one of its instance."""
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 20, kafka(6)), orders.poll(30, error="unreachable"))
    orders.tell(*every_five_minutes(orders, 65, kafka(6, m=40), since=50))
    orders.close()
    return orders


@pytest.fixture
def keys(orders, warehouse) -> list[int]:
    return [row.gap_key for row in list_gaps(warehouse, WHEN)]


def waiver(**changes: Any) -> Waiver:
    return read_waiver(**{"reason": REASON, "by": "anna", **changes})


def closed(warehouse):
    query = text("SELECT state, closed_at, closed_by, closed_reason FROM metering.gaps ORDER BY gap_key")
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_gaps_are_listed_with_owner_and_age(orders, warehouse):
    rows = list_gaps(warehouse, at(67) + timedelta(hours=5))
    assert [(row.instance_id, row.cause, row.owned_by, row.age_seconds) for row in rows] == [
        (None, "unreachable", "operations", 5 * 3600),
        ("kf-1", "changed_in_silence", "operations", 5 * 3600),
    ]


def test_a_gap_that_holds_a_bill_is_the_work_of_billing(orders, warehouse):
    with warehouse.begin() as connection:
        make_bill(connection, orders.subscription_key, "2026-10", "1.00", "held")
    assert {(row.owned_by, row.holds_bill) for row in list_gaps(warehouse, WHEN)} == {
        ("billing", "2026-10-sub-11-orders")
    }
    assert [line[:4] for line in summarize_gaps(warehouse, WHEN)] == [
        ("billing", "gap", "changed_in_silence", 1),
        ("billing", "gap", "unreachable", 1),
    ]


def test_the_summary_counts_open_gaps_and_the_last_weeks_rejections(orders, warehouse):
    orders.tell(orders.poll(70, kafka(6), kafka("many", name="kf-2")))
    orders.close(1, 2, now=127)
    lines = {line.kind: line for line in summarize_gaps(warehouse, at(70) + timedelta(days=6))}
    assert (lines["rejection"].owned_by, lines["rejection"].pieces) == ("operations", 1)
    assert lines["rejection"].oldest == timedelta(days=6)
    assert "rejection" not in {line.kind for line in summarize_gaps(warehouse, at(71) + timedelta(days=7))}


def test_a_waiver_keeps_who_when_and_why(keys, warehouse):
    assert waive_gaps(warehouse, waiver(gap_keys=keys), WHEN) == (2, 2 * 1800)
    assert closed(warehouse) == [("waived", WHEN, "anna", REASON)] * 2
    assert list_gaps(warehouse, WHEN) == []


def test_the_same_waiver_again_changes_nothing_and_counts_the_same(keys, warehouse):
    first = waive_gaps(warehouse, waiver(gap_keys=keys), WHEN)
    assert waive_gaps(warehouse, waiver(gap_keys=keys), WHEN + timedelta(minutes=1)) == first
    window = {"environment_id": "env-11-orders", "start": at(0).isoformat(), "end": at(60).isoformat()}
    assert waive_gaps(warehouse, waiver(**window), WHEN + timedelta(minutes=2)) == first
    assert closed(warehouse) == [("waived", WHEN, "anna", REASON)] * 2


def test_a_window_waives_all_open_gaps_in_it(keys, warehouse):
    window = {"environment_id": "env-11-orders", "start": at(20).isoformat(), "end": at(50).isoformat()}
    assert waive_gaps(warehouse, waiver(**window), WHEN).gaps == 2
    with pytest.raises(ConflictError, match="No gap of environment env-11-orders is open"):
        waive_gaps(warehouse, waiver(**window, by="bert"), WHEN + timedelta(minutes=1))


def test_a_window_that_cuts_a_gap_is_refused(keys, warehouse):
    window = {"environment_id": "env-11-orders", "start": at(20).isoformat(), "end": at(45).isoformat()}
    with pytest.raises(InvalidInputError, match=r"cuts gap [\d, ]+, which reaches over .*12:50:00Z"):
        waive_gaps(warehouse, waiver(**window), WHEN)
    assert {state for state, *_ in closed(warehouse)} == {"open"}


def test_a_gap_that_is_closed_already_is_refused_and_nothing_is_waived(keys, warehouse):
    waive_gaps(warehouse, waiver(gap_keys=keys[:1]), WHEN)
    with pytest.raises(ConflictError, match=rf"Gap {keys[0]} was waived by anna at 2026-10-01T18:40:00Z"):
        waive_gaps(warehouse, waiver(gap_keys=keys, by="bert"), WHEN + timedelta(hours=1))
    assert {row[:3:2] for row in closed(warehouse)} == {("waived", "anna"), ("open", None)}


def test_a_resolved_gap_cannot_be_waived(orders, keys, warehouse):
    orders.tell(*every_five_minutes(orders, 45, kafka(6, m=40), since=25))
    orders.close()
    with pytest.raises(ConflictError, match="was resolved"):
        waive_gaps(warehouse, waiver(gap_keys=keys), WHEN)


def test_unknown_gaps_and_environments_are_named(keys, warehouse):
    with pytest.raises(InvalidInputError, match="Gap is '998, 999': it is not known"):
        waive_gaps(warehouse, waiver(gap_keys=[999, *keys, 998]), WHEN)
    for number in (99999999999999999999, 2**63, 0, -1):
        with pytest.raises(InvalidInputError, match=f"there is no gap {number}"):
            waive_gaps(warehouse, waiver(gap_keys=[number]), WHEN)
    window = {"environment_id": "env-none", "start": at(0).isoformat(), "end": at(60).isoformat()}
    with pytest.raises(InvalidInputError, match="Environment is 'env-none': it is not known"):
        waive_gaps(warehouse, waiver(**window), WHEN)
    assert {state for state, *_ in closed(warehouse)} == {"open"}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"gap_keys": [1], "reason": "  short \n"}, "has 5 characters, not 10 to 500"),
        ({"gap_keys": [1], "reason": "x" * 501}, "has 501 characters"),
        ({"gap_keys": [1], "reason": None}, "has 0 characters"),
        ({"gap_keys": [1], "by": None}, "No user name was given. Log in and try again."),
        ({}, "not named in exactly one way"),
        (
            {"gap_keys": [1], "environment_id": "env", "start": "2026-10-01T00:00Z", "end": "2026-10-02T00:00Z"},
            "one way",
        ),
        ({"environment_id": "env"}, "does not go with an environment"),
        ({"gap_keys": [1], "start": "2026-10-01T00:00Z", "end": "2026-10-02T00:00Z"}, "does not go with"),
        ({"environment_id": "env", "start": "2026-10-01T00:00Z"}, "To is ''"),
        ({"environment_id": "env", "start": "2026-10-01T00:00", "end": "2026-10-02T00:00Z"}, "has no time zone"),
        ({"gap_keys": range(1, 1002)}, "is more than 1000 at once"),
    ],
)
def test_a_waiver_that_is_not_whole_is_refused(changes, complaint):
    with pytest.raises(InvalidInputError, match=complaint):
        waiver(**changes)


def test_a_waiver_ends_when_its_gap_grows(warehouse):
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 20, kafka(6)))
    orders.close(now=101)
    open_gaps = [row.gap_key for row in list_gaps(warehouse, WHEN)]
    waive_gaps(warehouse, waiver(gap_keys=open_gaps), WHEN)
    assert {row[-1] for row in gaps(warehouse)} == {"waived"}
    orders.close(0, 2, now=161)
    assert {row[-1] for row in gaps(warehouse)} == {"open"}
