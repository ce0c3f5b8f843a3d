"""The steps of a bill's life, tried every way at the database itself."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from include.domain.lifecycles import BILL, FINAL_BILL_STATES
from include.domain.money import Decimal
from tests.support.billing.october import DUE, OCTOBER
from tests.support.builders import insert, make_bill, make_buyer, make_subscription

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

STEP = """
    UPDATE billing.bills
    SET state = :state,
        issued_at = CASE WHEN :state IN ('issued', 'reconciled') THEN coalesce(issued_at, CAST(:at AS timestamptz)) END,
        reconciled_at = CASE WHEN :state = 'reconciled' THEN coalesce(reconciled_at, CAST(:at AS timestamptz)) END
"""


def a_bill(warehouse: Engine, state: str) -> None:
    with warehouse.begin() as connection:
        make_bill(connection, make_subscription(connection, make_buyer(connection)), "2026-10", "1.20", state)


def step(connection: Connection, state: str) -> None:
    connection.execute(text(STEP), {"state": state, "at": DUE})


def test_each_step_is_allowed_or_refused_as_the_life_of_a_bill_says(warehouse: Engine) -> None:
    taken = set()
    for number, (start, end) in enumerate(product(BILL.states, repeat=2)):
        with warehouse.connect() as connection:
            buyer = make_buyer(connection, f"11000000000000{number:02}")
            make_bill(connection, make_subscription(connection, buyer), "2026-10", "1.20", start)
            try:
                step(connection, end)
                taken.add((start, end))
            except DBAPIError as error:
                assert "Bill 2026-10-sub-" in str(error.orig)  # noqa: PT017 (which of many was refused is collected)
            connection.rollback()
    stays = {("draft", "draft"), ("held", "held")}
    assert taken == BILL.transitions | stays


def test_sql_and_python_agree_on_which_documents_count(warehouse: Engine) -> None:
    with warehouse.connect() as connection:
        counting = connection.execute(
            text("SELECT state FROM unnest(CAST(:states AS text[])) AS state WHERE billing.is_issued(state)"),
            {"states": list(BILL.states)},
        ).scalars()
        assert set(counting) == set(FINAL_BILL_STATES)


@pytest.mark.parametrize("state", ["held", "issued", "void"])
def test_a_step_changes_nothing_else(warehouse: Engine, state: str) -> None:
    a_bill(warehouse, "draft")
    with warehouse.connect() as connection, pytest.raises(DBAPIError, match=f"cannot change while it becomes {state}"):
        connection.execute(text(f"{STEP}, subtotal = 2, total = 2"), {"state": state, "at": DUE})


@pytest.mark.parametrize("state", ["held", "issued", "reconciled", "void"])
def test_a_bill_begins_as_a_draft(warehouse: Engine, state: str) -> None:
    with warehouse.connect() as connection, pytest.raises(DBAPIError, match=f"cannot begin as {state}"):
        insert(
            connection,
            "billing.bills",
            bill_id="2026-10-new",
            subscription_key=make_subscription(connection, make_buyer(connection)),
            period="2026-10",
            period_start=OCTOBER.window.start,
            period_end=OCTOBER.window.end,
            price_plan="automq-byoc-payg",
            currency="CNY",
            state=state,
            aku_seconds=0,
            subtotal=Decimal(0),
            tax=Decimal(0),
            total=Decimal(0),
            fingerprint="",
            drafted_at=DUE,
            issued_at=DUE if state in {"issued", "reconciled"} else None,
        )


def test_a_bill_is_not_issued_before_its_period_ends(warehouse: Engine) -> None:
    a_bill(warehouse, "draft")
    with warehouse.connect() as connection, pytest.raises(DBAPIError, match="before its period ends"):
        connection.execute(text(STEP), {"state": "issued", "at": OCTOBER.window.start})


def test_a_void_bill_stays_as_it_is(warehouse: Engine) -> None:
    a_bill(warehouse, "void")
    for attempt in ("DELETE FROM billing.bills", "UPDATE billing.bills SET subtotal = 0, total = 0"):
        with warehouse.connect() as connection:
            connection.execute(text("DELETE FROM billing.bill_lines"))
            with pytest.raises(DBAPIError, match="is void"):
                connection.execute(text(attempt))


def test_a_draft_does_not_become_the_bill_of_something_else(warehouse: Engine) -> None:
    a_bill(warehouse, "draft")
    with warehouse.connect() as connection, pytest.raises(DBAPIError, match="cannot become the bill of something"):
        connection.execute(text("UPDATE billing.bills SET bill_id = 'another'"))


def test_the_guard_holds_in_a_replicas_session_too(owned_warehouse: Engine) -> None:
    a_bill(owned_warehouse, "held")
    with owned_warehouse.connect() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        with pytest.raises(DBAPIError, match="is held and cannot become draft"):
            step(connection, "draft")
