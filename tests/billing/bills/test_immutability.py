"""An issued bill never changes. Each attempt by anyone is refused by the database itself.

So do the things that it was made of and hangs on: prices, offers, taxes, findings, events, waivers, what corrections
applied. Usage is not refused, because metering writes it every hour; what changed in it is named by verification.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import Error as DriverError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from tests.support.billing.october import BILL, DUE, OCTOBER, open_gap, price_plan, version
from tests.support.builders import insert, make_bill

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from sqlalchemy import Connection, Engine

#: What never changes, and the held bill beside it whose rows an attempt may try to move.
PROTECTED = (
    "SELECT * FROM billing.bills WHERE issued_at IS NOT NULL ORDER BY bill_key",
    "SELECT l.* FROM billing.bill_lines AS l JOIN billing.bills AS b USING (bill_key) WHERE b.issued_at IS NOT NULL",
    "SELECT t.* FROM billing.bill_taxes AS t JOIN billing.bills AS b USING (bill_key) WHERE b.issued_at IS NOT NULL",
    "SELECT f.* FROM billing.bill_findings AS f JOIN billing.bills AS b USING (bill_key) WHERE b.issued_at IS NOT NULL",
    "SELECT * FROM billing.bill_events",
    "SELECT * FROM billing.waivers",
    "SELECT * FROM billing.private_offers",
    "SELECT * FROM billing.price_plans",
    "SELECT * FROM billing.price_plan_versions",
    "SELECT * FROM billing.price_tiers",
    "SELECT * FROM billing.price_fees",
    "SELECT * FROM billing.corrections",
    "SELECT * FROM billing.late_usage",
    "SELECT subscription_id, account_id, started_at, ended_at FROM core.subscriptions ORDER BY 1",
    "SELECT * FROM core.licences ORDER BY 1",
)
_ISSUED = f"(SELECT bill_key FROM billing.bills WHERE bill_id = '{BILL}')"
_HELD = "(SELECT bill_key FROM billing.bills WHERE state = 'held')"
_LINE = """
    INSERT INTO billing.bill_lines (bill_key, line_no, kind, tier, description, line_start, line_end, aku_seconds,
        metered_aku_seconds, quantity, unit, unit_price, exact_amount, amount, version_key)
    SELECT bill_key, {line_no}, kind, tier, description, line_start, line_end, aku_seconds, metered_aku_seconds,
        quantity, unit, unit_price, exact_amount, amount, version_key
    FROM billing.bill_lines"""
_VERSION = """
    INSERT INTO billing.price_plan_versions (plan_key, effective_from, charge_every, rounding_digits, rounding_mode,
        model, source)
    SELECT plan_key, {start}, charge_every, rounding_digits, rounding_mode, model, source
    FROM billing.price_plan_versions LIMIT 1"""
_OFFER = """
    INSERT INTO billing.private_offers (subscription_key, effective_from, discount_percent, reason, entered_by,
        entered_at{columns})
    SELECT subscription_key, period_start, 50, 'friendship', 'someone', '2027-01-01T00:00:00Z'{values}
    FROM billing.bills WHERE state = 'issued' AND document = 'bill'"""
_LICENCE = """
    INSERT INTO core.licences (subscription_key, term_start, term_end, term_months, capacity_aku, price, currency,
        auto_renew)
    SELECT subscription_key, {start}, {end}, 1, 10, 0, 'CNY', FALSE
    FROM billing.bills WHERE state = 'issued' AND document = 'bill'"""
_ADJUSTMENT = """
    INSERT INTO billing.late_usage (bill_key, subscription_key, environment_key, instance_key, hour_start,
        aku_seconds_before, aku_seconds_after, peak_aku_before, peak_aku_after, used_seconds_before, used_seconds_after,
        cause, found_at{columns})
    SELECT {bill}, subscription_key, environment_key, instance_key, {hour}, 1, 2, 1, 1, 1, 2, 'imported',
        now(){values}
    FROM metering.instances WHERE instance_id = 'kf-orders'"""
ATTEMPTS = {
    "update": "UPDATE billing.bills SET total = 0, subtotal = 0, tax = 0",
    "reopen": "UPDATE billing.bills SET state = 'draft', issued_at = NULL WHERE issued_at IS NOT NULL",
    "void": f"UPDATE billing.bills SET state = 'void', issued_at = NULL WHERE bill_key = {_ISSUED}",
    "reconcile and change": "UPDATE billing.bills SET state = 'reconciled', fingerprint = ''",
    "reconcile and change parts": "UPDATE billing.bills SET state = 'reconciled', fingerprint_groups = '{}'",
    "delete": "DELETE FROM billing.bills",
    "upsert": """
        INSERT INTO billing.bills (
            bill_id, subscription_key, period, period_start, period_end, price_plan, currency, state, aku_seconds,
            subtotal, tax, total, fingerprint, drafted_at
        )
        SELECT bill_id, subscription_key, period, period_start, period_end, price_plan, currency, 'draft', 0, 0, 0, 0,
            '', drafted_at
        FROM billing.bills
        ON CONFLICT (bill_id) DO UPDATE SET total = 0, subtotal = 0, tax = 0""",
    "merge": "MERGE INTO billing.bills AS b USING (SELECT 1) AS one ON TRUE WHEN MATCHED THEN DELETE",
    "merge an update": """
        MERGE INTO billing.bills AS b USING (SELECT 1) AS one ON TRUE
        WHEN MATCHED THEN UPDATE SET total = 0, subtotal = 0, tax = 0""",
    "update through a query": f"WITH b AS (UPDATE billing.bills SET period = '' WHERE bill_key = {_ISSUED}) SELECT 1",
    "update a line": "UPDATE billing.bill_lines SET amount = 0",
    "delete a line": "DELETE FROM billing.bill_lines",
    "add a line": _LINE.format(line_no=99),
    "upsert a line": _LINE.format(line_no="line_no") + " ON CONFLICT (bill_key, line_no) DO UPDATE SET amount = 0",
    "merge a line": """
        MERGE INTO billing.bill_lines AS l USING (SELECT 1) AS one ON TRUE WHEN MATCHED THEN UPDATE SET amount = 0""",
    "move a line away": f"UPDATE billing.bill_lines SET bill_key = {_HELD}, line_no = 99 WHERE bill_key = {_ISSUED}",
    "move a line in": f"UPDATE billing.bill_lines SET bill_key = {_ISSUED}, line_no = 99 WHERE bill_key = {_HELD}",
    "update a tax": "UPDATE billing.bill_taxes SET amount = 0",
    "delete a tax": "DELETE FROM billing.bill_taxes",
    "add a tax": f"INSERT INTO billing.bill_taxes SELECT {_ISSUED}, {_HELD}, 0.06, FALSE, FALSE, 1, 1",
    "upsert a tax": """
        INSERT INTO billing.bill_taxes SELECT * FROM billing.bill_taxes
        ON CONFLICT (bill_key, for_bill_key, tax_rate, is_inclusive, is_refund) DO UPDATE SET amount = 0""",
    "move a tax": f"UPDATE billing.bill_taxes SET bill_key = {_HELD}, for_bill_key = {_HELD}, is_refund = TRUE",
    "add a finding": f"INSERT INTO billing.bill_findings SELECT {_ISSUED}, 'late', CAST('{{}}' AS jsonb), now()",
    "move a finding": f"UPDATE billing.bill_findings SET bill_key = {_ISSUED}",
    "change who did it": "UPDATE billing.bill_events SET who = 'someone'",
    "forget who did it": "DELETE FROM billing.bill_events",
    "change a waiver": "UPDATE billing.waivers SET reason = ''",
    "delete a waiver": "DELETE FROM billing.waivers",
    "change an offer": "UPDATE billing.private_offers SET discount_percent = 100",
    "delete an offer": "DELETE FROM billing.private_offers",
    "enter an offer behind the bill": """
        INSERT INTO billing.private_offers (subscription_key, effective_from, discount_percent, reason, entered_by,
            entered_at)
        SELECT subscription_key, period_start, 50, 'friendship', 'someone', period_start FROM billing.bills""",
    "enter an offer into the bill": _OFFER.format(columns="", values=""),
    "enter an offer of no correction into the bill": _OFFER.format(columns=", correction_id", values=", 'c-2'"),
    "enter a licence in the period": _LICENCE.format(start="'2026-10-10T00:00:00Z'", end="'2026-11-10T00:00:00Z'"),
    "enter a licence over the period": _LICENCE.format(start="'2026-09-10T00:00:00Z'", end="'2027-09-10T00:00:00Z'"),
    "delete the licence": "DELETE FROM core.licences",
    "shorten the licence": "UPDATE core.licences SET term_end = '2026-10-05T00:00:00Z'",
    "enlarge the licence": "UPDATE core.licences SET capacity_aku = 99",
    "start the subscription later": "UPDATE core.subscriptions SET started_at = '2026-10-10T00:00:00Z'",
    "insert an applied adjustment": _ADJUSTMENT.format(
        bill=_ISSUED,
        hour="'2026-10-09T00:00:00Z'",
        columns=", state, closed_at, applied_on_bill_key",
        values=f", 'applied', now(), (SELECT bill_key FROM billing.bills WHERE corrects_bill_key = {_ISSUED})",
    ),
    "insert an applied adjustment without a document": _ADJUSTMENT.format(
        bill=_ISSUED, hour="'2026-10-09T00:00:00Z'", columns=", state, closed_at", values=", 'applied', now()"
    ),
    "adjust an hour that the bill does not have": _ADJUSTMENT.format(
        bill=_ISSUED, hour="'2026-11-09T00:00:00Z'", columns="", values=""
    ),
    "adjust a bill that is not issued": _ADJUSTMENT.format(
        bill=_HELD, hour="'2026-10-09T00:00:00Z'", columns="", values=""
    ),
    "insert an applied correction": f"""
        INSERT INTO billing.corrections (correction_id, bill_key, cause, delivery, reason, requested_by, requested_at,
            state, document_bill_key)
        SELECT 'c-3', {_ISSUED}, 'late_usage', 'note', 'late', 'someone', now(), 'applied', bill_key
        FROM billing.bills WHERE corrects_bill_key = {_ISSUED}""",
    "change what a correction applied": "UPDATE billing.late_usage SET aku_seconds_after = 1",
    "delete what a correction applied": "DELETE FROM billing.late_usage",
    "change an applied correction": "UPDATE billing.corrections SET reason = ''",
    "delete an applied correction": "DELETE FROM billing.corrections",
    "delete the subscription": "DELETE FROM core.subscriptions",
    "rename the subscription": "UPDATE core.subscriptions SET subscription_id = 'sub-other-' || subscription_id",
    "delete the buyer": "DELETE FROM core.buyers",
    "change the price": "UPDATE billing.price_tiers SET unit_price = 0",
    "delete the price": "DELETE FROM billing.price_tiers",
    "add a tier": """
        INSERT INTO billing.price_tiers SELECT version_key, 9, NULL, 1, 0, 2, 100, NULL FROM billing.price_tiers""",
    "change a fee": "UPDATE billing.price_fees SET amount = 0",
    "add a fee": "INSERT INTO billing.price_fees SELECT version_key, 9, 'late', 1, FALSE FROM billing.price_fees",
    "delete the version": "DELETE FROM billing.price_plan_versions",
    "change the version": "UPDATE billing.price_plan_versions SET rounding_mode = 'up'",
    "price the period again": _VERSION.format(start="'2026-10-09T00:00:00Z'"),
    "price the period of an offer": _VERSION.format(start="'2026-10-20T00:00:00Z'").replace(
        "FROM billing.price_plan_versions LIMIT 1",
        "FROM billing.price_plan_versions JOIN billing.price_plans USING (plan_key) WHERE name = 'gold'",
    ),
    "change the plan": "UPDATE billing.price_plans SET currency = 'USD'",
    **{
        f"truncate {table}": f"TRUNCATE {table} CASCADE"
        for table in (
            "billing.bills",
            "billing.bill_lines",
            "billing.bill_taxes",
            "billing.bill_findings",
            "billing.bill_events",
            "billing.waivers",
            "billing.corrections",
            "billing.late_usage",
            "billing.private_offers",
            "billing.price_plans",
            "billing.price_plan_versions",
            "billing.price_tiers",
            "billing.price_fees",
            "core.subscriptions",
            "core.buyers",
        )
    },
}


#: Raised by a guard, no privilege, a foreign key.
REFUSALS = {"P0001", "42501", "23503"}


@pytest.fixture
def issued(warehouse: Engine, subscribe: Callable[..., int]) -> Engine:
    """An issued bill with tax, of a plan with a fee; a held one beside it; and everything that hangs on bills."""
    fee = {"name": "Platform", "amount": "10.00"}
    plans = [price_plan(version(tax_rate="0.06", fees=[fee])), price_plan(version(tax_rate="0.06"), name="gold")]
    publish_price_plans(warehouse, plans)
    orders, stock = subscribe(usage=(3600,)), subscribe("stock", usage=(3600,))
    open_gap(warehouse, stock)
    with warehouse.begin() as connection:
        insert(connection, "billing.private_offers", subscription_key=orders, reason="loyal", entered_by="mei",
               effective_from=OCTOBER.window.start + timedelta(days=15), effective_until=OCTOBER.window.end,
               price_plan="gold", entered_at=DUE)  # fmt: skip
        insert(connection, "core.licences", subscription_key=orders, term_start=OCTOBER.window.start, term_months=1,
               term_end=OCTOBER.window.end, capacity_aku=1, price=0, currency="CNY", auto_renew=False)  # fmt: skip
    close_period(warehouse, OCTOBER, DUE)
    with warehouse.begin() as connection:
        fill_what_hangs_on_bills(connection, orders)
    return warehouse


def fill_what_hangs_on_bills(connection: Connection, subscription: int) -> None:
    bill = connection.scalar(text(f"SELECT {_ISSUED}"))
    note = make_bill(connection, subscription, "2026-10", "0.00", bill_id=f"CN-{BILL}-1", document="credit_note",
                     corrects_bill_key=bill)  # fmt: skip
    insert(connection, "billing.bill_events", bill_id=BILL, to_state="issued", who="a run", at=DUE)
    insert(connection, "billing.waivers", subscription_key=subscription, period="2026-10", finding="late",
           facts={}, reason="known", waived_by="mei", waived_at=DUE)  # fmt: skip
    insert(connection, "billing.private_offers", subscription_key=subscription, effective_from=OCTOBER.window.end,
           discount_percent=10, reason="loyal", entered_by="mei", entered_at=DUE)  # fmt: skip
    insert(connection, "billing.corrections", correction_id="c-1", bill_key=bill, cause="late_usage", delivery="note",
           reason="late", requested_by="mei", requested_at=DUE)  # fmt: skip
    facts = {"bill": bill, "note": note, "hour": OCTOBER.window.start, "at": DUE, "subscription": subscription}
    for query in (
        """
        INSERT INTO billing.late_usage (bill_key, subscription_key, environment_key, instance_key, hour_start,
            aku_seconds_before, aku_seconds_after, peak_aku_before, peak_aku_after, used_seconds_before,
            used_seconds_after, cause, found_at)
        SELECT :bill, subscription_key, environment_key, instance_key, :hour, 3600, 7200, 1, 2, 3600, 3600,
            'late_answer', :at
        FROM metering.instances WHERE subscription_key = :subscription
        """,
        """
        UPDATE billing.late_usage SET state = 'applied', closed_at = :at, applied_on_bill_key = :note
        WHERE bill_key = :bill
        """,
        "UPDATE billing.corrections SET state = 'applied', document_bill_key = :note WHERE bill_key = :bill",
    ):
        connection.execute(text(query), facts)


def protected(warehouse: Engine) -> list[Any]:
    with warehouse.connect() as connection:
        return [connection.execute(text(query)).all() for query in PROTECTED]


def try_all(warehouse: Engine, *before: str) -> list[str]:
    """The attempts that were not refused, or failed for another reason."""
    done = []
    for name, attempt in ATTEMPTS.items():
        with warehouse.connect() as connection:
            for statement in before:
                connection.execute(text(statement))
            try:
                connection.execute(text(attempt))
                connection.commit()
                done.append(name)
            except DBAPIError as refusal:
                # Refused by a rule, and not for a slip in the attempt itself.
                if refusal.orig.sqlstate not in REFUSALS:
                    done.append(f"{name}: {refusal.orig}")
                connection.rollback()
    return done


@pytest.mark.parametrize(
    "before",
    [
        (),
        # The owner, who is a superuser here.
        ("RESET ROLE",),
        # A replica's session fires no ordinary triggers and checks no foreign keys.
        ("RESET ROLE", "SET LOCAL session_replication_role = replica"),
    ],
    ids=["writer", "owner", "owner as a replica"],
)
def test_an_issued_bill_and_what_depends_on_it_cannot_be_changed(issued: Engine, before: tuple[str, ...]) -> None:
    as_issued = protected(issued)
    done = try_all(issued, *before)
    assert protected(issued) == as_issued
    # Without foreign keys a buyer's row can go, and a tax can be moved from nowhere; no bill says otherwise for it.
    assert set(done) <= ({"delete the buyer"} if len(before) > 1 else set())


@pytest.mark.parametrize("table", ["bill_lines", "bill_taxes", "bill_findings"])
def test_rows_cannot_be_copied_into_an_issued_bill(issued: Engine, table: str) -> None:
    as_issued = protected(issued)
    with issued.connect() as connection:
        driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        with driver.cursor() as cursor:
            with cursor.copy(f"COPY billing.{table} TO STDOUT") as rows:
                copied = b"".join(bytes(row) for row in rows)
            assert copied
            # The held bill's rows under the issued one's key, which is the first column of each.
            key, held = (cursor.execute(query).fetchone()[0] for query in (_ISSUED[1:-1], _HELD[1:-1]))
            mine = b"".join(
                line.replace(b"%d\t" % held, b"%d\t" % key, 1).replace(b"\t1\t", b"\t99\t", 1)
                for line in copied.splitlines(keepends=True)
                if line.startswith(b"%d\t" % held)
            )
            with (
                pytest.raises(DriverError, match="is issued, and so its"),
                cursor.copy(f"COPY billing.{table} FROM STDIN") as copy,
            ):
                copy.write(mine)
    assert protected(issued) == as_issued


@pytest.mark.parametrize(
    "attempt",
    [
        "SET session_replication_role = replica",
        "ALTER TABLE billing.bills DISABLE TRIGGER ALL",
        "ALTER TABLE billing.bill_lines DISABLE TRIGGER guard_issued_line",
        "ALTER TABLE billing.bills ALTER COLUMN total TYPE integer",
        "DROP TABLE billing.bill_lines",
        "DROP TABLE billing.bills CASCADE",
        "DROP SCHEMA billing CASCADE",
        "DROP TRIGGER guard_issued_bill ON billing.bills",
        "DROP FUNCTION billing.guard_issued_line CASCADE",
        "CREATE OR REPLACE FUNCTION billing.guard_issued_bill() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE RULE forget AS ON UPDATE TO billing.bills DO INSTEAD NOTHING",
        "CREATE TRIGGER lie BEFORE UPDATE ON billing.bills FOR EACH ROW EXECUTE FUNCTION billing.guard_issued_bill()",
        "ALTER TABLE billing.bills ENABLE ROW LEVEL SECURITY",
        "DROP TABLE metering.usage_2026_09",
        "ALTER TABLE metering.usage DETACH PARTITION metering.usage_2026_09",
        "TRUNCATE metering.usage_2026_09",
        "DROP TABLE metering.subscription_hours_2026_09",
        "ALTER TABLE metering.subscription_hours DETACH PARTITION metering.subscription_hours_2026_09",
        "TRUNCATE metering.subscription_hours",
    ],
)
def test_the_writer_cannot_put_the_guards_out_of_work_nor_drop_what_bills_were_made_of(
    issued: Engine, attempt: str
) -> None:
    with issued.connect() as connection, pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        connection.execute(text(attempt))


def test_upkeep_never_drops_usage(owned_warehouse: Engine) -> None:
    """The function that drops months on the writer's behalf names polls and readings, and nothing else can drop."""
    with owned_warehouse.connect() as connection:
        droppers = connection.scalars(
            text("""
            SELECT p.oid::regprocedure::text FROM pg_proc AS p
            WHERE p.prosecdef AND p.prosrc ~* 'drop|delete|truncate|detach'
                AND has_function_privilege('billing_writer', p.oid, 'EXECUTE')
            """)
        ).all()
        assert droppers == ["metering.drop_month(date,timestamp with time zone,interval)"]
        source = connection.scalar(text("SELECT prosrc FROM pg_proc WHERE proname = 'drop_month'"))
    assert "ARRAY['polls', 'readings']" in source


def test_a_version_is_published_whole_in_one_transaction(issued: Engine) -> None:
    later = price_plan(version(), version("2026-12-01T00:00:00+08:00"), name="another")
    assert publish_price_plans(issued, [later])[0].new_version_count == 2


def test_an_issued_bill_can_be_reconciled_once_and_nothing_else(issued: Engine) -> None:
    with issued.begin() as connection:
        connection.execute(
            text(f"UPDATE billing.bills SET state = 'reconciled', reconciled_at = now() WHERE bill_key = {_ISSUED}")
        )
    with issued.connect() as connection, pytest.raises(DBAPIError, match="is issued and never changes"):
        connection.execute(text(f"UPDATE billing.bills SET reconciled_at = now() WHERE bill_key = {_ISSUED}"))


def test_a_line_cannot_slip_into_a_bill_that_is_being_issued(prices: Engine, subscribe: Callable[..., int]) -> None:
    """The one who adds the line waits for the one who issues, and is then refused."""
    from threading import Thread

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
        issuing.execute(text("UPDATE billing.bills SET state = 'issued', issued_at = :at"), {"at": DUE})
        adding = Thread(target=add_line)
        adding.start()
        with prices.connect() as watching:
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            while adding.is_alive() and not watching.scalar(text(waits)):
                watching.rollback()
    adding.join()
    assert "is issued, and so its bill_lines never change" in errors[0]
