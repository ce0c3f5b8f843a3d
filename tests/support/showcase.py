"""A warehouse that looks like a vendor's ordinary month, for pages and pictures: nothing in it is random."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from include.domain.billing_cycles import final_at
from include.domain.money import Decimal, round_amount
from include.domain.periods import BillingPeriod
from include.marketplace.push.adding_up import add_up
from include.reconciliation.charges import fetch_charges
from include.reconciliation.compare import reconcile_period
from include.warehouse.engine import ensure_partitions
from tests.support.builders import (
    ZONE,
    environment_of,
    insert,
    make_bill,
    make_buyer,
    make_instance,
    make_subscription,
    make_usage,
)
from tests.support.paper_bills import BillsOnPaper, Charge
from tests.support.showcase_work import SILENCE, fill_work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

PERIODS = ("2026-09", "2026-10")
_PRICE = Decimal("1.20")
_BUYERS: dict[str, list[tuple[Any, ...]]] = {
    "1100000000000001": [
        ("orders", "cn-hangzhou", "Retail platform", "payg", (12, 6, 3)),
        ("clickstream", "cn-shanghai", "Data platform", "payg", (24, 8, 8, 6, 5, 4, 3, 3)),
    ],
    "1100000000000002": [
        ("payments", "ap-southeast-1", "Payments", "payg", (16,)),
        ("risk", "ap-southeast-1", "Risk & fraud", "payg", (8, 4)),
    ],
    "1100000000000003": [("telemetry", "cn-hongkong", "", "prepaid", (20, 10))],
}


def fill_showcase(warehouse: Engine, now: datetime) -> None:
    """Three buyers, five subscriptions, two closed months, live polls up to `now`, and one onboarding that failed."""
    with warehouse.begin() as connection:
        for name in ("automq-byoc-payg", "automq-byoc-prepaid"):
            insert(connection, "billing.price_plans", name=name, currency="CNY", time_zone=ZONE)
        for account_id, subscriptions in _BUYERS.items():
            make_buyer(connection, account_id)
            for number, cluster in enumerate(subscriptions):
                _subscribe(connection, account_id, _Cluster(*cluster), now, silent=number == 1)
        make_subscription(
            connection,
            "1100000000000002",
            "ledger",
            region="us-west-1",
            department="Accounting",
            state="failed",
            state_reason="The console did not answer within 30 minutes; the deployment was cleaned up. Run it again.",
            marketplace_instance_id=None,
        )
        connection.execute(text("DELETE FROM core.environments WHERE environment_id = 'env-02-ledger'"))
    for period in PERIODS:
        _reconcile(warehouse, period)
    with warehouse.begin() as connection:
        fill_work(connection, now)
    add_up(warehouse, now)


class _Cluster(NamedTuple):
    """A subscription of the showcase; sizes are those of its Kafka instances, in AKU."""

    name: str
    region: str
    department: str
    payment: str
    sizes: tuple[int, ...]


def _subscribe(connection: Connection, account_id: str, cluster: _Cluster, now: datetime, *, silent: bool) -> None:
    name, region, department, payment, sizes = cluster
    key = make_subscription(
        connection,
        account_id,
        name,
        region=region,
        department=department,
        payment=payment,
        price_plan=f"automq-byoc-{payment}",
    )
    instances = [make_instance(connection, key, f"kf-{name}-{n}", name=f"{name}-{n}") for n in range(1, len(sizes) + 1)]
    for period in PERIODS:
        window = BillingPeriod(period, ZONE).window
        by_hour = [0] * (window.seconds // 3600)
        for number, (instance, size) in enumerate(zip(instances, sizes, strict=True)):
            usage = list(_busy_hours(size, number, window.start, len(by_hour)))
            make_usage(connection, instance, window.start, usage)
            by_hour = [total + one for total, one in zip(by_hour, usage, strict=True)]
        _bill(connection, key, (name, payment), period, by_hour)
    _poll(connection, key, instances, sizes, now, silent=silent)


def _busy_hours(size: int, number: int, start: datetime, hours: int) -> Iterator[int]:
    """A working day's curve: nights at the smallest size, more at noon, quiet weekends, one outage, late starters."""
    for n in range(hours):
        local = start + timedelta(hours=n + 8)
        busy = max(0, 6 - abs(local.hour - 14)) if local.weekday() < 5 else max(0, 2 - abs(local.hour - 16))
        aku = max(3, size * (4 + busy) // 10)
        if n < 24 * 5 * number or (local.day, local.hour) in {(17, 3), (17, 4)}:
            aku = 0
        yield aku * 3600 - (901 * aku if local.hour == 9 else 0)


def _bill(connection: Connection, key: int, kind: tuple[str, str], period: str, by_hour: list[int]) -> None:
    name, payment = kind
    exact = [Decimal(seconds) * _PRICE / 3600 for seconds in by_hour]
    total = sum((round_amount(amount, 2, "down") for amount in exact), Decimal(0))
    state = "held" if (name, period) == ("risk", "2026-10") else "issued"
    bill = make_bill(
        connection,
        key,
        period,
        "18600.00" if payment == "prepaid" else str(total),
        state="draft",
        aku_seconds=sum(by_hour),
        price_plan=f"automq-byoc-{payment}",
    )
    changes = {"key": bill, "exact": round_amount(sum(exact, Decimal(0)), 9, "half_even"), "seconds": sum(by_hour)}
    if payment == "prepaid":
        connection.execute(
            text("""
            UPDATE billing.bill_lines SET kind = 'licence', tier = NULL, unit = 'AKU-month', quantity = 30,
                unit_price = 620.00, exact_amount = 18600, aku_seconds = 0,
                description = 'Prepaid licence of 30 AKU for 1 month'
            WHERE bill_key = :key
            """),
            changes,
        )
        connection.execute(
            text("""
            INSERT INTO billing.bill_lines (
                bill_key, line_no, kind, tier, description, line_start, line_end, aku_seconds, metered_aku_seconds,
                quantity, unit, unit_price, exact_amount, amount)
            SELECT bill_key, 2, 'usage', 1, 'Usage within the licence', line_start, line_end, :seconds, :seconds,
                round(CAST(:seconds AS numeric) / 3600, 6), 'AKU-hour', 0, 0, 0
            FROM billing.bill_lines WHERE bill_key = :key
            """),
            changes,
        )
    else:
        exactly = (
            "UPDATE billing.bill_lines SET exact_amount = :exact, quantity = round(quantity, 6) WHERE bill_key = :key"
        )
        connection.execute(text(exactly), changes)
    if state == "held":
        insert(
            connection,
            "billing.bill_findings",
            bill_key=bill,
            finding="no_gap_is_open",
            facts={
                "gap_count": 1,
                "seconds": 14400,
                "first_gap_start": f"{SILENCE.start:%Y-%m-%dT%H:%M:%S+00:00}",
                "first_cause": "changed_in_silence",
            },
            found_at=BillingPeriod(period, ZONE).window.end + timedelta(hours=6),
        )
        connection.execute(
            text("""
            UPDATE metering.usage SET estimated_aku_seconds = aku_seconds
            WHERE subscription_key = :key AND hour_start >= :start AND hour_start < :end
            """),
            {"key": key, "start": SILENCE.start, "end": SILENCE.end},
        )
    connection.execute(
        text("UPDATE billing.bills SET state = :state, issued_at = :at WHERE bill_key = :key"),
        {
            "state": state,
            "at": None if state == "held" else BillingPeriod(period, ZONE).window.end + timedelta(hours=6),
            "key": bill,
        },
    )


def _poll(
    connection: Connection, key: int, instances: list[int], sizes: tuple[int, ...], now: datetime, *, silent: bool
) -> None:
    environment = environment_of(connection, key)
    at = now.replace(microsecond=0) - timedelta(minutes=3)
    ensure_partitions(connection, at - timedelta(hours=3), at + timedelta(hours=1))
    answered = at - timedelta(hours=2) if silent else at
    insert(
        connection,
        "metering.polls",
        observed_at=answered,
        environment_key=environment,
        ok=True,
        instance_count=len(sizes),
        clock_skew_ms=12,
        duration_ms=88,
    )
    if silent:
        insert(
            connection,
            "metering.polls",
            observed_at=at,
            environment_key=environment,
            ok=False,
            cause="timeout",
            error="The console did not answer within 10 s.",
            duration_ms=10_000,
        )
        insert(
            connection,
            "metering.gaps",
            environment_key=environment,
            gap_start=answered,
            gap_end=at,
            cause="timeout",
            opened_at=at,
        )
        insert(
            connection,
            "metering.rejections",
            source="reading",
            natural_key=f"showcase-{environment}",
            rule="unknown_state",
            facts={"instance": "'kf-1'", "state": "'Rebooting'", "known_states": "Running, Changing"},
            payload={"state": "Rebooting"},
            environment_key=environment,
            rejected_at=answered,
        )
    for instance, size in zip(instances, sizes, strict=True):
        insert(
            connection,
            "metering.readings",
            observed_at=answered,
            environment_key=environment,
            instance_key=instance,
            subscription_key=key,
            state="Running",
            aku=size,
            instance_created_at=answered - timedelta(days=40),
            instance_modified_at=answered - timedelta(days=1),
        )


def _reconcile(warehouse: Engine, period: str) -> None:
    """The Marketplace agrees, but for a few cents, one missing charge and one difference in October."""
    query = text("""
        SELECT s.account_id, s.marketplace_instance_id, s.environment_name, b.subtotal
        FROM billing.bills AS b INNER JOIN core.subscriptions AS s USING (subscription_key)
        WHERE b.period = :period
    """)
    off = {"clickstream": Decimal("-0.37"), "risk": Decimal("-412.60")} if period == PERIODS[-1] else {}
    charges: dict[str, list[Charge]] = {account_id: [] for account_id in _BUYERS}
    with warehouse.connect() as connection:
        for account_id, instance, name, subtotal in connection.execute(query, {"period": period}):
            if (name, period) != ("payments", PERIODS[-1]):
                charges[account_id].append(Charge(instance, str(subtotal + off.get(name, 0))))
    at = final_at(BillingPeriod(period, ZONE)) + timedelta(hours=1)
    fetch_charges(warehouse, period, at, lambda account_id: BillsOnPaper(charges[account_id]))
    reconcile_period(warehouse, period, at)


#: The instant that the showcase's live polls lead up to.
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
