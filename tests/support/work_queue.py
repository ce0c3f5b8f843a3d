"""A warehouse in which everything waits for a person that can."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.warehouse.engine import ensure_partitions
from tests.support.builders import environment_of, insert, make_bill, make_buyer, make_instance, make_subscription

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


def fill_work_queue(connection: Connection, now: datetime) -> None:
    """One of everything: each kind of work, each outcome of a push that a person has to know of."""
    key = make_subscription(connection, make_buyer(connection), order_id="o-1", marketplace_instance_id="mp-1")
    environment = environment_of(connection, key)
    make_instance(connection, key)
    bill = make_bill(connection, key, "2026-10", "12.00", state="held")
    insert(
        connection, "billing.bill_findings", bill_key=bill, finding="no_gap_is_open", facts={"each": []}, found_at=now
    )
    hour = now.replace(minute=0, second=0) - timedelta(hours=3)
    gap: dict[str, Any] = {"gap_start": hour, "gap_end": hour + timedelta(minutes=40), "cause": "timeout"}
    insert(connection, "metering.gaps", environment_key=environment, state="open", opened_at=now, **gap)
    ensure_partitions(connection, hour - timedelta(days=1), now)
    for number, outcome in enumerate(("missed", "refused", "unknown", "duplicate_different", "pending")):
        start = hour - timedelta(hours=number)
        insert(
            connection,
            "marketplace.push_records",
            channel="aws",
            marketplace_instance_id="mp-1",
            hour_start=start,
            dimension="aku",
            subscription_key=key,
            product_code="code",
            item_key="Period",
            quantity=3600,
            units=3600,
            window_start=start,
            window_end=start + timedelta(hours=1),
            cut_off=start + timedelta(minutes=119),
            is_partial=False,
            entered_at=start,
            outcome=outcome,
            their_code="Wrong" if outcome == "refused" else None,
            decided_at=None if outcome == "pending" else now,
        )
    insert(
        connection,
        "marketplace.inbox",
        action="nothing",
        query="action=nothing",
        parameters={},
        instance_id="mp-1",
        state="parked",
        reason="unknown_action",
        facts={"action": "nothing"},
        decided_at=now,
    )
    insert(
        connection,
        "marketplace.findings",
        order_id="o-1",
        kind="release_lost",
        facts={"order_id": "o-1", "subscription_id": "sub-01-orders", "state": "active", "status": "CLOSED"},
        opened_at=now,
        last_seen_at=now,
    )
    insert(
        connection,
        "metering.rejections",
        source="reading",
        natural_key="1",
        rule="negative_aku",
        facts={"instance": "'kf-1'", "aku": "-1"},
        payload={},
        environment_key=environment,
        rejected_at=now,
    )
    insert(
        connection,
        "operations.alarms",
        environment_key=environment,
        kind="silent",
        since=hour,
        facts={"environment_id": "env-01-orders", "status": "not_polled", "answered_at": hour.isoformat()},
        opened_at=now,
    )
    machines: dict[str, Any] = {"machines": 2, "machine_hours": 5, "first_seen_at": hour, "last_seen_at": now}
    insert(
        connection,
        "operations.machine_discrepancies",
        kind="unregistered_environment",
        account_id="1100000000000001",
        region="cn-hangzhou",
        environment_id="",
        instance_id="",
        opened_at=now,
        **machines,
    )
    insert(
        connection,
        "reconciliation.marketplace_fetches",
        billing_cycle="2026-10",
        account_id="1100000000000001",
        failure="It did not answer. Run it again.",
        attempted_at=now,
    )
    insert(
        connection,
        "reconciliation.findings",
        period="2026-10",
        account_id="1100000000000001",
        charged_id="mp-9",
        kind="unknown_instance",
        difference="7.00",
        currency="CNY",
        facts={"amount": "7.00", "currency": "CNY", "marketplace_instance_id": "mp-9"},
        opened_at=now,
        last_seen_at=now,
    )
    make_subscription(connection, "1100000000000001", "failed", state="failed", state_reason="The quota is used up.")
