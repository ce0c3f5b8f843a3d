"""Months of polls and readings that may go, and months that stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from include.domain.errors import ConflictError
from include.domain.periods import Window
from include.metering.hours.dropped_hours import refuse_dropped_hours
from include.operations.retention import DroppedMonths, drop_old_months
from include.warehouse.engine import ANALYST, open_warehouse
from tests.support.builders import make_bill
from tests.support.clock import set_clock
from tests.support.metering.lives import Environment, at, every_five_minutes, gaps, hour_states, hours, kafka
from tests.support.partitions import partitions

RETENTION = timedelta(days=60)
#: October's polls may go from here on.
DUE = datetime(2026, 11, 1, tzinfo=UTC) + RETENTION
_BILLED = ("2026-10",)


@pytest.fixture(autouse=True)
def _years_later(warehouse) -> None:
    set_clock(warehouse, datetime(2029, 1, 1, tzinfo=UTC))


@pytest.fixture
def orders(warehouse) -> Environment:
    """An environment with an hour of October metered, closed and not yet billed."""
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 65, kafka(6)))
    orders.close()
    return orders


def issue(environment: Environment, *periods: str, state: str = "issued") -> None:
    with environment.warehouse.begin() as connection:
        for period in periods:
            make_bill(connection, environment.subscription_key, period, "1.00", state)


def test_a_month_on_issued_bills_goes_after_its_retention_and_its_usage_stays(orders, warehouse):
    issue(orders, *_BILLED)
    used = hours(warehouse)
    assert drop_old_months(warehouse, DUE - timedelta(seconds=1), RETENTION) == DroppedMonths([], {})
    assert {"polls_2026_10", "readings_2026_10"} <= partitions(warehouse)
    assert drop_old_months(warehouse, DUE, RETENTION) == DroppedMonths(["2026-10"], {})
    assert partitions(warehouse) == {"usage_2026_10"}
    assert hours(warehouse) == used
    assert drop_old_months(warehouse, DUE, RETENTION) == DroppedMonths([], {})


@pytest.mark.parametrize("state", ["draft", "held", "void"])
def test_a_month_that_is_on_no_issued_bill_stays(orders, warehouse, state):
    issue(orders, *_BILLED, state=state)
    kept = drop_old_months(warehouse, DUE, RETENTION)
    reason = "hours of 1 environment(s) made of it are not on issued bills, the first is env-11-orders"
    assert kept == DroppedMonths([], {"2026-10": reason})
    assert "polls_2026_10" in partitions(warehouse)


def test_a_month_stays_while_any_environment_of_it_is_not_billed(orders, warehouse):
    payments = Environment(warehouse, "payments")
    payments.tell(*every_five_minutes(payments, 65, kafka(3, name="kf-2")))
    payments.close()
    issue(orders, *_BILLED)
    assert "the first is env-11-payments" in drop_old_months(warehouse, DUE, RETENTION).refused["2026-10"]
    issue(payments, *_BILLED, state="reconciled")
    assert drop_old_months(warehouse, DUE, RETENTION).dropped == ["2026-10"]


def test_the_hours_that_the_next_month_begins_with_have_to_be_billed_too(warehouse):
    """The last answer of October (UTC) says what November's first hour began with; it is on November's bill (UTC+8)."""
    orders = Environment(warehouse, metered_from=datetime(2026, 10, 31, 12, tzinfo=UTC))
    midnight = 60 * (24 * 30 + 12)
    orders.tell(*every_five_minutes(orders, midnight + 65, kafka(6), since=midnight - 12 * 60))
    orders.close(24 * 30, 24 * 30 + 13)
    issue(orders, "2026-10")
    assert "not on issued bills" in drop_old_months(warehouse, DUE, RETENTION).refused["2026-10"]
    issue(orders, "2026-11")
    assert drop_old_months(warehouse, DUE, RETENTION).dropped == ["2026-10"]
    with warehouse.connect() as connection:
        closable_from = connection.scalar(text("SELECT closable_from FROM metering.dropped_months"))
        assert closable_from == datetime(2026, 11, 1, 1, tzinfo=UTC)
        refuse_dropped_hours(connection, Window(closable_from, closable_from + timedelta(hours=1)))
        with pytest.raises(ConflictError, match="cannot be closed again"):
            refuse_dropped_hours(connection, Window(closable_from - timedelta(hours=1), closable_from))


def test_hours_without_their_polls_are_never_closed_again(orders, warehouse):
    issue(orders, *_BILLED)
    used = hours(warehouse)
    drop_old_months(warehouse, DUE, RETENTION)
    with pytest.raises(ConflictError, match="cannot be closed again"):
        orders.close()
    again = text("UPDATE metering.environment_hours SET revision = revision + 1")
    refusal = pytest.raises(DBAPIError, match="Hours before 2026-11-01 00:00 UTC cannot be closed again")
    with warehouse.begin() as connection, refusal:
        connection.execute(again)
    orders.tell(orders.poll(7.5, kafka(60)))
    assert hour_states(warehouse)[0][1] == "closed"
    assert hours(warehouse) == used
    assert drop_old_months(warehouse, DUE, RETENTION) == DroppedMonths(["2026-10"], {})


def test_a_month_with_an_hour_that_is_not_closed_for_good_stays(orders, warehouse):
    issue(orders, *_BILLED)
    orders.tell(orders.poll(7.5, kafka(6)))
    assert drop_old_months(warehouse, DUE, RETENTION).refused == {
        "2026-10": "1 hour(s) of environments are not closed for good, the first at 2026-10-01 12:00 UTC"
    }


def test_a_month_with_an_open_gap_stays(warehouse):
    orders = Environment(warehouse)
    orders.tell(orders.poll(0, kafka(6)), orders.poll(65, kafka(6, m=40)))
    orders.close()
    assert len(gaps(warehouse)) == 2
    issue(orders, *_BILLED)
    assert "2 gap(s) in it are open" in drop_old_months(warehouse, DUE, RETENTION).refused["2026-10"]


def test_the_database_refuses_every_caller_and_says_why(orders, warehouse):
    drop = text("SELECT metering.drop_month(DATE '2026-10-01', :at, :retention)")
    for facts, why in (
        ({"at": DUE, "retention": RETENTION}, "are not on issued bills"),
        ({"at": DUE - timedelta(days=1), "retention": RETENTION}, "it is kept until 2026-12-31 UTC"),
        ({"at": DUE, "retention": timedelta(days=34)}, "is less than 35 days"),
    ):
        with warehouse.begin() as connection, pytest.raises(DBAPIError, match=f"2026-10 stay: .*{why}"):
            connection.execute(drop, facts)
    analyst = open_warehouse(warehouse.url, role=ANALYST)
    with analyst.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(drop, {"at": DUE, "retention": RETENTION})
    analyst.dispose()
    with warehouse.begin() as connection, pytest.raises(DBAPIError, match="must be owner"):
        connection.execute(text("DROP TABLE metering.polls_2026_10"))
    assert "polls_2026_10" in partitions(warehouse)


def test_a_poll_after_the_end_of_a_subscription_needs_no_bill(warehouse):
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 65, kafka(6)))
    orders.close()
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET ended_at = :at"), {"at": at(65)})
    orders.tell(orders.poll(60 * 24 * 35, error="refused"))
    issue(orders, *_BILLED)
    assert drop_old_months(warehouse, DUE + timedelta(days=31), RETENTION).dropped == ["2026-10", "2026-11"]


def test_retention_goes_by_the_databases_clock_and_not_by_its_callers(orders, warehouse):
    issue(orders, *_BILLED)
    set_clock(warehouse, DUE - timedelta(days=1))
    assert (
        "it is kept until 2026-12-31"
        in drop_old_months(warehouse, DUE + timedelta(days=9999), RETENTION).refused["2026-10"]
    )
    set_clock(warehouse, DUE)
    assert drop_old_months(warehouse, DUE - timedelta(seconds=1), RETENTION).dropped == [], "an earlier instant counts"
    assert drop_old_months(warehouse, DUE, RETENTION).dropped == ["2026-10"]


def test_a_month_that_stays_keeps_the_later_ones_that_its_last_hours_are_made_of(warehouse):
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 65, kafka(6)))
    orders.tell(orders.poll(60 * 24 * 35, kafka(6)))
    issue(orders, "2026-11", "2026-12")
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE metering.environment_hours SET state = 'closed'"))
    kept = drop_old_months(warehouse, DUE + timedelta(days=62), RETENTION)
    assert kept.dropped == []
    assert "polls of 2026-10 stay, and months go in order" in kept.refused["2026-11"]
