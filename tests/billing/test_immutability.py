"""An issued bill never changes, whoever tries and however. Each attempt is refused by the database itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from include.billing.close import close_period
from tests.billing.conftest import DUE, OCTOBER
from tests.billing.test_close import bills_of, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

_BILL = "SELECT bill_key FROM billing.bills"
ATTEMPTS = {
    "update": "UPDATE billing.bills SET total = 0, subtotal = 0",
    "reopen": "UPDATE billing.bills SET state = 'draft', issued_at = NULL",
    "void": "UPDATE billing.bills SET state = 'void', issued_at = NULL",
    "settle and change": "UPDATE billing.bills SET state = 'settled', fingerprint = ''",
    "delete": "DELETE FROM billing.bills",
    "upsert": """
        INSERT INTO billing.bills (
            bill_id, subscription_key, period, period_start, period_end, price_plan, currency, state, aku_seconds,
            subtotal, tax, total, fingerprint, drafted_at
        )
        SELECT bill_id, subscription_key, period, period_start, period_end, price_plan, currency, 'draft', 0, 0, 0, 0,
            '', drafted_at
        FROM billing.bills
        ON CONFLICT (bill_id) DO UPDATE SET total = 0, subtotal = 0""",
    "merge": """
        MERGE INTO billing.bills AS b USING (SELECT 1) AS one ON TRUE WHEN MATCHED THEN DELETE""",
    "update a line": "UPDATE billing.bill_lines SET amount = 0",
    "delete a line": "DELETE FROM billing.bill_lines",
    "add a line": """
        INSERT INTO billing.bill_lines SELECT bill_key, 99, kind, tier, description, line_start, line_end, aku_seconds,
            quantity, unit, unit_price, exact_amount, amount, version_key FROM billing.bill_lines""",
    "upsert a line": """
        INSERT INTO billing.bill_lines SELECT * FROM billing.bill_lines
        ON CONFLICT (bill_key, line_no) DO UPDATE SET amount = 0""",
    "add a finding": f"INSERT INTO billing.bill_findings SELECT bill_key, 'late', 'late', now() FROM ({_BILL}) AS b",
    "delete the subscription": "DELETE FROM core.subscriptions",
    "change the price": "UPDATE billing.price_tiers SET unit_price = 0",
    "delete the version": "DELETE FROM billing.price_plan_versions",
    "change the plan": "UPDATE billing.price_plans SET currency = 'USD'",
    "truncate": "TRUNCATE billing.bills CASCADE",
    "truncate lines": "TRUNCATE billing.bill_lines",
    "truncate findings": "TRUNCATE billing.bill_findings",
    "truncate what it refers to": "TRUNCATE core.subscriptions CASCADE",
    "truncate prices": "TRUNCATE billing.price_plans CASCADE",
}


@pytest.fixture
def issued(prices: Engine, subscribe: Callable[..., int]) -> Engine:
    subscribe(usage=(3600,))
    close_period(prices, OCTOBER, DUE)
    return prices


def try_all(warehouse: Engine, *before: str) -> list[str]:
    """The attempts that were not refused."""
    done = []
    for name, attempt in ATTEMPTS.items():
        with warehouse.connect() as connection:
            for statement in before:
                connection.execute(text(statement))
            try:
                connection.execute(text(attempt))
                connection.commit()
                done.append(name)
            except DBAPIError:
                connection.rollback()
    return done


def test_the_writer_can_not_change_an_issued_bill_in_any_way(issued: Engine) -> None:
    before = bills_of(issued), lines_of(issued)
    assert try_all(issued) == []
    assert (bills_of(issued), lines_of(issued)) == before


def test_not_even_the_owner_can_and_not_as_a_replica(issued: Engine) -> None:
    before = bills_of(issued), lines_of(issued)
    assert try_all(issued, "RESET ROLE") == []
    # A replica checks no foreign keys, so what the bill refers to could go; the bill itself can not.
    assert try_all(issued, "RESET ROLE", "SET LOCAL session_replication_role = replica") == ["delete the subscription"]
    assert (bills_of(issued), lines_of(issued)) == before


@pytest.mark.parametrize(
    "attempt",
    [
        "SET session_replication_role = replica",
        "ALTER TABLE billing.bills DISABLE TRIGGER ALL",
        "DROP TABLE billing.bill_lines",
        "DROP TRIGGER guard_issued_bill ON billing.bills",
        "CREATE OR REPLACE FUNCTION billing.guard_issued_bill() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
    ],
)
def test_the_writer_can_not_put_the_guards_out_of_work(issued: Engine, attempt: str) -> None:
    with issued.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text(attempt))


def test_an_issued_bill_can_be_settled_once_and_nothing_else(issued: Engine) -> None:
    with issued.begin() as connection:
        connection.execute(text("UPDATE billing.bills SET state = 'settled', settled_at = now()"))
    with issued.connect() as connection, pytest.raises(DBAPIError, match="is issued and never changes"):
        connection.execute(text("UPDATE billing.bills SET settled_at = now()"))


def test_a_line_can_not_slip_into_a_bill_that_is_being_issued(prices: Engine, subscribe: Callable[..., int]) -> None:
    """The one who adds the line waits for the one who issues, and is then refused."""
    from threading import Thread

    from tests.billing.test_close import open_gap

    open_gap(prices, subscribe(usage=(3600,)))
    close_period(prices, OCTOBER, DUE)  # held, so it is not issued yet
    errors: list[str] = []

    def add_line() -> None:
        try:
            with prices.begin() as connection:
                connection.execute(text(ATTEMPTS["add a line"]))
        except DBAPIError as error:
            errors.append(str(error.orig))

    with prices.begin() as issuing:
        issuing.execute(text("UPDATE billing.bills SET state = 'issued', issued_at = now()"))
        adding = Thread(target=add_line)
        adding.start()
        with prices.connect() as watching:
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            while adding.is_alive() and not watching.scalar(text(waits)):
                watching.rollback()
    adding.join()
    assert "is issued, and so its bill_lines never change" in errors[0]
