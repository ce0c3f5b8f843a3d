"""Believable rows for tests that do not care how they came to be: plain inserts, with defaults.

Each builder takes the open connection and only what varies, and returns the key or id that others refer to.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.domain.money import Decimal
from include.domain.periods import BillingPeriod, Window
from include.metering.hours.rollup import refreshed_sums
from include.warehouse.engine import ensure_partitions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Engine

#: Before everything that tests bill.
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ZONE = "Asia/Shanghai"


def insert(connection: Connection, table: str, returning: str | None = None, **columns: Any) -> object:
    """One row, and the value of its column `returning`."""
    values: dict[str, Any] = {
        name: json.dumps(value) if isinstance(value, dict) else value for name, value in columns.items()
    }
    names = ", ".join(values)
    binds = ", ".join(f":{name}" for name in values)
    tail = f" RETURNING {returning}" if returning else ""
    result = connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({binds}){tail}"), values)
    return result.scalar_one() if returning else None


def make_buyer(connection: Connection, account_id: str = "1100000000000001", **columns: Any) -> str:
    """A buyer of the China site."""
    buyer: dict[str, Any] = {"account_id": account_id, "site": "china", "registered_at": LONG_AGO}
    insert(connection, "core.buyers", **buyer | columns)
    return account_id


def make_subscription(connection: Connection, account_id: str, name: str = "orders", **columns: Any) -> int:
    """An active subscription of that buyer with its environment, metered; its key."""
    subscription: dict[str, Any] = {
        "subscription_id": f"sub-{account_id[-2:]}-{name}",
        "product": "automq-byoc-payg",
        "account_id": account_id,
        "region": "cn-hangzhou",
        "network": f"vpc-{name}",
        "department": "",
        "environment_name": name,
        "payment": "payg",
        "price_plan": "automq-byoc-payg",
        "state": "active",
        "attempt": 1,
        "service_instance_id": f"si-{account_id[-2:]}-{name}",
        "marketplace_instance_id": f"mp-{account_id[-2:]}-{name}",
        "order_id": f"order-{account_id[-2:]}-{name}",
        "request": {},
        "requested_at": LONG_AGO,
        "started_at": LONG_AGO,
        "metering_started_at": LONG_AGO,
    } | columns
    key = insert(connection, "core.subscriptions", "subscription_key", **subscription)
    insert(
        connection,
        "core.environments",
        environment_id=f"env-{account_id[-2:]}-{name}",
        subscription_key=key,
        console_url=f"http://console-{name}.example:8080",
        state="metered",
        shard=0,
        registered_at=LONG_AGO,
        verified_at=LONG_AGO,
    )
    return int(str(key))


def environment_of(connection: Connection, subscription_key: int) -> int:
    """The key of the subscription's environment."""
    query = text("SELECT environment_key FROM core.environments WHERE subscription_key = :key")
    return int(connection.execute(query, {"key": subscription_key}).scalar_one())


def make_instance(connection: Connection, subscription_key: int, instance_id: str = "kf-1", **columns: Any) -> int:
    """A Kafka instance in the subscription's environment; its key."""
    instance: dict[str, Any] = {
        "instance_id": instance_id,
        "environment_key": environment_of(connection, subscription_key),
        "subscription_key": subscription_key,
        "name": instance_id,
        "created_at": LONG_AGO,
        "first_seen_at": LONG_AGO,
        "last_seen_at": LONG_AGO,
    } | columns
    return int(str(insert(connection, "metering.instances", "instance_key", **instance)))


def make_usage(connection: Connection, instance_key: int, start: datetime, aku_seconds: Iterable[int]) -> None:
    """Consecutive hours of usage of an instance from that hour on, of one size but for its last seconds."""
    rows: list[dict[str, Any]] = [
        {"hour": start + timedelta(hours=n), "instance": instance_key, "aku_seconds": quantity}
        for n, quantity in enumerate(aku_seconds)
    ]
    ensure_partitions(connection, start, rows[-1]["hour"] + timedelta(hours=1))
    connection.execute(
        text("""
        INSERT INTO metering.usage (hour_start, instance_key, subscription_key, environment_key, aku_seconds, peak_aku,
            used_seconds, source)
        SELECT :hour, instance_key, subscription_key, environment_key, :aku_seconds, (:aku_seconds + 3599) / 3600,
            least(:aku_seconds, 3600), 'readings'
        FROM metering.instances WHERE instance_key = :instance
        """),
        rows,
    )
    with refreshed_sums(connection, Window(start, rows[-1]["hour"] + timedelta(hours=1))):
        connection.execute(
            text("""
            INSERT INTO changed_hours (subscription_key, hour_start)
            SELECT subscription_key, :hour FROM metering.instances WHERE instance_key = :instance
            """),
            rows,
        )


def make_bill(
    connection: Connection, subscription_key: int, period: str, total: str, state: str = "issued", **columns: Any
) -> int:
    """A bill with one usage line of that amount; its key."""
    window = BillingPeriod(period, ZONE).window
    subscription_id = connection.execute(
        text("SELECT subscription_id FROM core.subscriptions WHERE subscription_key = :key"), {"key": subscription_key}
    ).scalar_one()
    is_issued = state in ("issued", "reconciled")
    bill: dict[str, Any] = {
        "bill_id": f"{period}-{subscription_id}",
        "subscription_key": subscription_key,
        "period": period,
        "period_start": window.start,
        "period_end": window.end,
        "price_plan": "automq-byoc-payg",
        "currency": "CNY",
        "state": "draft",
        "aku_seconds": 3_600_000,
        "subtotal": Decimal(total),
        "tax": Decimal(0),
        "total": Decimal(total),
        "fingerprint": sha256(f"{period} {subscription_id}".encode()).hexdigest(),
        "drafted_at": window.end + timedelta(hours=6),
    } | columns
    key = int(str(insert(connection, "billing.bills", "bill_key", **bill)))
    insert(
        connection,
        "billing.bill_lines",
        bill_key=key,
        line_no=1,
        kind="usage",
        tier=1,
        description="Usage of AutoMQ Kafka Units, charged by the hour",
        line_start=window.start,
        line_end=window.end,
        aku_seconds=bill["aku_seconds"],
        metered_aku_seconds=bill["aku_seconds"],
        quantity=Decimal(int(str(bill["aku_seconds"]))) / 3600,
        unit="AKU-hour",
        unit_price=Decimal("1.20"),
        exact_amount=Decimal(total) + Decimal("0.123456789"),
        amount=Decimal(total),
    )
    # Step by step, as the database demands.
    steps = {"draft": [], "reconciled": ["issued", "reconciled"]}.get(state, [state])
    for step in steps:
        connection.execute(
            text(
                "UPDATE billing.bills SET state = :state, issued_at = :at, reconciled_at = :reconciled "
                "WHERE bill_key = :key"
            ),
            {
                "state": step,
                "at": bill["drafted_at"] if is_issued else None,
                "reconciled": bill["drafted_at"] if step == "reconciled" else None,
                "key": key,
            },
        )
    return key


def apply_late_usage(connection: Connection, subscription_key: int, period: str) -> None:
    """Have what is pending for the subscription's bill of that period applied on an empty credit note."""
    query = text("""
        SELECT bill_key, bill_id, issued_at FROM billing.bills WHERE subscription_key = :key AND period = :period
    """)
    bill = connection.execute(query, {"key": subscription_key, "period": period}).one()
    note = make_bill(
        connection, subscription_key, period, "0.00", bill_id=f"CN-{bill.bill_id}-1", document="credit_note",
        corrects_bill_key=bill.bill_key, drafted_at=bill.issued_at,
    )  # fmt: skip
    connection.execute(
        text("""
        UPDATE billing.late_usage SET state = 'applied', closed_at = found_at, applied_on_bill_key = :note
        WHERE bill_key = :bill AND state = 'pending'
        """),
        {"note": note, "bill": bill.bill_key},
    )


def rows(warehouse: Engine, query: str) -> list[tuple[Any, ...]]:
    """What the warehouse contains."""
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]
