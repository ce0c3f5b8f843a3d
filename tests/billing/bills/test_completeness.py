"""Everything that was metered or sold is on exactly one bill, or the audit says where not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.bills.completeness import audit_completeness, describe_completeness
from include.billing.bills.previews import draft_running
from include.billing.prices.plans import publish_price_plans
from include.domain.errors import ConflictError
from include.domain.money import Decimal
from tests.support.billing.october import DUE, OCTOBER, price_plan, version
from tests.support.builders import LONG_AGO, environment_of, insert, make_instance, make_subscription, make_usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

NOVEMBER = OCTOBER.next
DECEMBER = NOVEMBER.next
NOV_DUE = NOVEMBER.window.end + timedelta(hours=6)


@pytest.fixture
def billed(owned_warehouse: Engine) -> Engine:
    """October and November billed: one pays as it goes, one has a licence. The tests break it as its owner."""
    prepaid = version(price="0", licence={"price_per_aku_month": "620.00", "overage_price": "1"})
    publish_price_plans(owned_warehouse, [price_plan(), price_plan(prepaid, name="automq-byoc-prepaid")])
    with owned_warehouse.begin() as connection:
        insert(connection, "core.buyers", account_id="1100000000000001", site="china", registered_at=LONG_AGO)
        payg = make_subscription(connection, "1100000000000001", "payg")
        make_usage(connection, make_instance(connection, payg, "kf-payg"), OCTOBER.window.start, [36_000] * 3)
        prepaid_key = make_subscription(
            connection,
            "1100000000000001",
            "prepaid",
            payment="prepaid",
            price_plan="automq-byoc-prepaid",
            started_at=OCTOBER.window.start,
        )
        make_usage(connection, make_instance(connection, prepaid_key, "kf-pre"), NOVEMBER.window.start, [72_000] * 2)
        insert(
            connection,
            "core.licences",
            subscription_key=prepaid_key,
            term_start=OCTOBER.window.start,
            term_end=OCTOBER.window.end,
            term_months=1,
            capacity_aku=10,
            price=Decimal("6200.00"),
            currency="CNY",
            auto_renew=True,
        )
        for key in (payg, prepaid_key):
            close_hours_of(connection, key)
    for period, due in ((OCTOBER, DUE), (NOVEMBER, NOV_DUE)):
        assert close_period(owned_warehouse, period, due).issued_count == 2
    return owned_warehouse


def close_hours_of(connection: Connection, key: int) -> None:
    hours = text("""
        INSERT INTO metering.environment_hours (hour_start, environment_key, state, revision, closed_at)
        SELECT hour, :environment, 'closed', 1, hour
        FROM generate_series(CAST(:start AS timestamptz), :end - interval '1 hour', interval '1 hour') AS hour
    """)
    window = {"start": OCTOBER.window.start, "end": NOVEMBER.window.end}
    connection.execute(hours, {"environment": environment_of(connection, key)} | window)


def key_of(connection: Connection, name: str) -> int:
    key: int = connection.execute(
        text("SELECT subscription_key FROM core.subscriptions WHERE environment_name = :name"), {"name": name}
    ).scalar_one()
    return key


def late_comer(connection: Connection) -> None:
    """Active only now, and metered since a month that is closed."""
    key = make_subscription(connection, "1100000000000001", "late", started_at=OCTOBER.window.start)
    make_usage(connection, make_instance(connection, key, "kf-late"), OCTOBER.window.start, [3600])


def idle_late_comer(connection: Connection) -> None:
    make_subscription(connection, "1100000000000001", "late", started_at=NOVEMBER.window.start)


def licence_of_a_billed_month(connection: Connection) -> None:
    insert(
        connection,
        "core.licences",
        subscription_key=key_of(connection, "prepaid"),
        term_start=OCTOBER.window.start + timedelta(days=3),
        term_end=OCTOBER.window.start + timedelta(days=33),
        term_months=1,
        capacity_aku=2,
        price=Decimal("1240.00"),
        currency="CNY",
        auto_renew=False,
    )


def licence_that_is_gone(connection: Connection) -> None:
    connection.execute(text("DELETE FROM core.licences WHERE term_start = :start"), {"start": NOVEMBER.window.start})


def lost_bill(connection: Connection) -> None:
    """October's bill of one subscription is gone, and no other bill says that October was ever closed."""
    connection.execute(text("DELETE FROM billing.bill_lines WHERE bill_key IN (SELECT bill_key FROM billing.bills "
                            "WHERE period = '2026-10')"))  # fmt: skip
    connection.execute(text("DELETE FROM billing.bills WHERE period = '2026-10'"))
    copy_bill(connection, "2026-11-sub-01-payg", period="2026-09", days=-61)


def overlapping_bill(connection: Connection) -> None:
    copy_bill(connection, "2026-11-sub-01-payg", period="2026-12", days=29)


def copy_bill(connection: Connection, bill_id: str, period: str, days: int) -> None:
    """The same bill once more, of a window that is moved by so many days, without usage."""
    connection.execute(
        text("""
        INSERT INTO billing.bills (bill_id, subscription_key, period, period_start, period_end, price_plan, currency,
            state, aku_seconds, subtotal, tax, total, fingerprint, drafted_at, issued_at)
        SELECT :period || '-copy', subscription_key, :period, period_start + :move, period_end + :move, price_plan,
            currency, state, 0, 0, 0, 0, '', drafted_at, issued_at
        FROM billing.bills WHERE bill_id = :bill_id
        """),
        {"bill_id": bill_id, "period": period, "move": timedelta(days=days)},
    )


def usage_behind_a_bill(connection: Connection) -> None:
    connection.execute(text("UPDATE metering.subscription_hours SET aku_seconds = aku_seconds + 7200 "
                            "WHERE hour_start = :hour"), {"hour": OCTOBER.window.start})  # fmt: skip


def usage_before_the_start(connection: Connection) -> None:
    connection.execute(text("UPDATE core.subscriptions SET started_at = :at WHERE environment_name = 'prepaid'"),
                       {"at": NOVEMBER.window.start + timedelta(hours=1)})  # fmt: skip


def usage_after_the_end(connection: Connection) -> None:
    connection.execute(text("UPDATE core.subscriptions SET ended_at = :at WHERE environment_name = 'prepaid'"),
                       {"at": NOVEMBER.window.start + timedelta(hours=1)})  # fmt: skip


def late_usage(connection: Connection, name: str = "payg", **columns: Any) -> None:
    instance, environment = connection.execute(
        text("SELECT instance_key, environment_key FROM metering.instances WHERE subscription_key = :key"),
        {"key": key_of(connection, name)},
    ).one()
    bill = connection.execute(
        text("SELECT bill_key FROM billing.bills WHERE bill_id = :id"), {"id": f"2026-10-sub-01-{name}"}
    ).scalar_one()
    adjustment = {
        "bill_key": bill,
        "subscription_key": key_of(connection, name),
        "environment_key": environment,
        "instance_key": instance,
        "hour_start": OCTOBER.window.start,
        "aku_seconds_before": 36_000,
        "aku_seconds_after": 43_200,
        "peak_aku_before": 10,
        "peak_aku_after": 12,
        "used_seconds_before": 3_600,
        "used_seconds_after": 3_600,
        "cause": "late_answer",
        "found_at": NOV_DUE,
    }
    insert(connection, "billing.late_usage", **adjustment | columns)


def late_usage_of_an_ended_life(connection: Connection) -> None:
    late_usage(connection)
    connection.execute(text("UPDATE core.subscriptions SET ended_at = :at, state = 'released' "
                            "WHERE environment_name = 'payg'"), {"at": NOVEMBER.window.end})  # fmt: skip


def late_usage_applied_elsewhere(connection: Connection) -> None:
    other = connection.execute(
        text("SELECT bill_key FROM billing.bills WHERE bill_id = '2026-11-sub-01-prepaid'")
    ).scalar_one()
    late_usage(connection, state="applied", closed_at=NOV_DUE, applied_on_bill_key=other)


WAYS = [
    (late_comer, "usage_without_bill"),
    (idle_late_comer, "month_without_bill"),
    (licence_of_a_billed_month, "licence_without_bill"),
    (licence_that_is_gone, "licence_on_two_bills"),
    (lost_bill, "hole_between_bills"),
    (overlapping_bill, "hours_on_two_bills"),
    (usage_behind_a_bill, "usage_differs_from_bill"),
    (usage_before_the_start, "usage_before_the_start"),
    (usage_after_the_end, "usage_after_the_end"),
    (late_usage_of_an_ended_life, "late_usage_without_next_bill"),
    (late_usage_applied_elsewhere, "late_usage_without_document"),
]


def test_a_warehouse_whose_bills_have_everything_gives_no_finding(billed: Engine) -> None:
    assert audit_completeness(billed) == []
    assert "exactly one bill" in describe_completeness([])


@pytest.mark.parametrize(("break_it", "finding"), WAYS, ids=[finding for _, finding in WAYS])
def test_each_way_to_lose_or_double_something_is_found(
    billed: Engine, break_it: Callable[[Connection], None], finding: str
) -> None:
    with billed.begin() as connection:
        # Broken on purpose, behind the database's own guards and keys.
        for table in ("billing.bills", "billing.bill_lines", "billing.late_usage", "core.licences",
                      "core.subscriptions", "metering.subscription_hours"):  # fmt: skip
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        break_it(connection)
    found = audit_completeness(billed)
    assert finding in {one.finding for one in found}
    assert all(one.subscription_id in str(one) for one in found)


def test_what_a_closed_month_lacks_is_in_the_report_of_the_next_close_and_billed_by_closing_it_again(
    billed: Engine,
) -> None:
    with billed.begin() as connection:
        late_comer(connection)
        close_hours_of(connection, key_of(connection, "late"))

    closed = close_period(billed, DECEMBER, DECEMBER.window.end)
    assert "sub-01-late used 1 AKU-hours from 2026-09-30T16:00Z" in closed.describe()
    assert any("sub-01-late used 1 AKU-hours" in sentence for sentence in closed.describe_missing())

    for period in (OCTOBER, NOVEMBER):
        close_period(billed, period, DECEMBER.window.end)
    assert audit_completeness(billed) == []
    with billed.connect() as connection:
        total = text("SELECT total FROM billing.bills WHERE bill_id = '2026-10-sub-01-late'")
        assert str(connection.scalar(total)) == "1.20"


def test_a_term_that_starts_after_the_end_is_never_sold_and_no_finding(billed: Engine) -> None:
    start = DECEMBER.window.start + timedelta(days=3)
    with billed.begin() as connection:
        key = key_of(connection, "prepaid")
        insert(
            connection,
            "core.licences",
            subscription_key=key,
            term_start=start,
            term_end=start + timedelta(days=30),
            term_months=1,
            capacity_aku=2,
            price=Decimal("1240.00"),
            currency="CNY",
            auto_renew=False,
        )
        query = text("UPDATE core.subscriptions SET ended_at = :at, state = 'released' WHERE subscription_key = :key")
        connection.execute(query, {"at": start, "key": key})

    assert close_period(billed, DECEMBER, DECEMBER.window.end).incomplete == ()


def test_a_void_bill_is_a_decision_and_no_finding(billed: Engine) -> None:
    with billed.begin() as connection:
        late_comer(connection)
        key = key_of(connection, "late")
        connection.execute(
            text("""INSERT INTO billing.bills (bill_id, subscription_key, period, period_start,
            period_end, price_plan, currency, state, aku_seconds, subtotal, tax, total, fingerprint, drafted_at)
            SELECT period || '-late', :key, period, period_start, period_end, price_plan, currency, 'draft', 0, 0, 0,
            0, '', drafted_at FROM billing.bills WHERE bill_id LIKE '%sub-01-payg'"""),
            {"key": key},
        )
        connection.execute(text("UPDATE billing.bills SET state = 'void' WHERE bill_id LIKE '%-late'"))
    assert audit_completeness(billed) == []


def test_a_billed_subscription_keeps_the_time_zone_of_its_months(billed: Engine) -> None:
    publish_price_plans(billed, [price_plan(name="utc-plan", time_zone="UTC"), price_plan(name="gold")])
    move = text("UPDATE core.subscriptions SET price_plan = :plan WHERE environment_name = 'payg'")
    with billed.begin() as connection:
        connection.execute(move, {"plan": "gold"})
    with billed.connect() as connection, pytest.raises(ConflictError, match="has months of Asia/Shanghai"):
        connection.execute(move, {"plan": "utc-plan"})


def test_a_running_months_draft_is_no_hole_while_the_month_before_waits_for_its_close(billed: Engine) -> None:
    january = DECEMBER.next
    assert len(draft_running(billed, january, january.window.start + timedelta(hours=6))) == 2
    assert audit_completeness(billed) == []
