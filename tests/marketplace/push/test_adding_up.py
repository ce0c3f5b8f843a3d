"""What was added up is what the views say, after whatever changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.marketplace.push import adding_up
from include.marketplace.push.adding_up import AddedUp, add_up
from tests.support.builders import make_bill, make_buyer, make_instance, make_subscription, make_usage, rows
from tests.support.marketplace.ledger import include, record
from tests.support.marketplace.pushing import AT, HOUR

if TYPE_CHECKING:
    from sqlalchemy import Engine

LIVE = """
SELECT subscription_key, marketplace.day_of(hour_start), sum(metered), sum(licensed), sum(free), sum(accepted),
    sum(expected), sum(unknown), sum(missed), sum(refused), sum(waiting), sum(carried), sum(difference),
    sum(greatest(difference, 0))
FROM marketplace.agreement GROUP BY 1, 2 ORDER BY 1, 2
"""
STORED = """
SELECT subscription_key, day_start, metered, licensed, free, accepted, expected, unknown, missed, refused, waiting,
    carried, difference, unrecorded
FROM marketplace.agreement_days ORDER BY 1, 2
"""
IN_MONEY = """
SELECT bill_key, currency, amount, licensed, free, accepted, expected, unknown, missed, refused, waiting, carried,
    difference
FROM {} ORDER BY 1
"""


def differences(warehouse: Engine) -> list[Any]:
    """What is stored and not so in the views, or the reverse."""
    in_money = [IN_MONEY.format(f"marketplace.{name}") for name in ("agreement_bills", "agreement_in_money")]
    pairs = [(STORED, LIVE), in_money]
    return [row for stored, live in pairs for row in set(rows(warehouse, stored)) ^ set(rows(warehouse, live))]


def test_every_kind_of_change_is_added_up_again_and_nothing_else(warehouse: Engine) -> None:
    def write(query: str = "", **facts: Any) -> None:
        with warehouse.begin() as connection:
            connection.execute(text(query), facts)

    with warehouse.begin() as connection:
        buyer = make_buyer(connection)
        keys = [make_subscription(connection, buyer, name) for name in ("orders", "payments")]
        instances = [make_instance(connection, key, f"kf-{key}") for key in keys]
        for key, instance in zip(keys, instances, strict=True):
            # Both sides of midnight in UTC+8, and the days around it.
            for number in range(0, 60, 4):
                make_usage(connection, instance, AT + number * HOUR, [3600 + number])
                record(connection, key, AT + number * HOUR, 3600, ("missed", "accepted", "pending")[number % 3])
    assert add_up(warehouse, AT) == AddedUp(8, 0)
    assert differences(warehouse) == []
    assert add_up(warehouse, AT) == AddedUp(0, 0)

    with warehouse.begin() as connection:
        bill = make_bill(connection, keys[0], "2026-11", "7.01", state="draft")
        include(connection, bill, 9000)
        # Another price from the middle of a day on.
        cut = {"bill": bill, "cut": AT + 30 * HOUR}
        connection.execute(
            text("""
            INSERT INTO billing.bill_lines (bill_key, line_no, kind, tier, description, line_start, line_end,
                aku_seconds, metered_aku_seconds, quantity, unit, unit_price, exact_amount, amount)
            SELECT bill_key, 2, kind, tier, description, :cut, line_end, 7200, 7200, 2, unit, 1, 2, 2.00
            FROM billing.bill_lines WHERE bill_key = :bill AND line_no = 1
            """),
            cut,
        )
        connection.execute(
            text("UPDATE billing.bill_lines SET line_end = :cut WHERE bill_key = :bill AND line_no = 1"), cut
        )
        make_bill(connection, keys[1], "2026-11", "3.00", state="draft")
    assert add_up(warehouse, AT + HOUR) == AddedUp(4, 3)
    assert differences(warehouse) == []

    # The first hour of the month is known better, which moves what is free; an hour is no more.
    write("UPDATE metering.subscription_hours SET aku_seconds = 2 WHERE hour_start = :at", at=AT)
    write("DELETE FROM metering.subscription_hours WHERE hour_start = :at", at=AT + 8 * HOUR)
    write("UPDATE marketplace.push_records SET outcome = 'missed' WHERE outcome = 'pending'")
    add_up(warehouse, AT + 2 * HOUR)
    assert differences(warehouse) == []

    write("DELETE FROM billing.bill_lines WHERE bill_key = :bill", bill=bill)
    write("DELETE FROM billing.bills WHERE bill_key = :bill", bill=bill)
    assert add_up(warehouse, AT + 3 * HOUR) == AddedUp(2, 0)
    assert differences(warehouse) == []


def test_a_run_whose_time_is_over_leaves_the_rest_to_the_next(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection))
        make_usage(connection, make_instance(connection, key), AT, [3600] * 24 * 20)
    assert add_up(warehouse, AT, iter([False, False, True, True]).__next__) == AddedUp(7, 0)
    assert add_up(warehouse, AT) == AddedUp(14, 0)
    assert differences(warehouse) == []


def test_a_run_that_is_killed_leaves_all_of_it_to_the_next(warehouse: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection))
        make_usage(connection, make_instance(connection, key), AT, [3600] * 3)
        make_bill(connection, key, "2026-11", "3.60", state="draft")
    add_up(warehouse, AT)
    with warehouse.begin() as connection:
        record(connection, key, AT, 3600, "missed")
    with monkeypatch.context() as broken:
        broken.setattr(adding_up, "_add_up_bills", lambda _connection, keys, _at: keys and 1 / 0)
        with pytest.raises(ZeroDivisionError):
            add_up(warehouse, AT)
    assert differences(warehouse) != []
    assert add_up(warehouse, AT) == AddedUp(1, 1)
    assert differences(warehouse) == []
