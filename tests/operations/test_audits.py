"""Issued bills are audited again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from include.operations.audits import audit_issued_bills
from tests.support.builders import make_bill, make_instance, make_usage
from tests.support.metering.lives import NOON, Environment, every_five_minutes, kafka


def test_issued_bills_are_audited_again(warehouse):
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 65, kafka(6)))
    orders.close()
    with warehouse.begin() as connection:
        instance = make_instance(connection, orders.subscription_key, "kf-late")
        make_bill(connection, orders.subscription_key, "2026-10", "4.32", aku_seconds=6 * 3600)
    before = {broken.claim for broken in audit_issued_bills(warehouse, datetime(2026, 11, 10, tzinfo=UTC))}
    assert "all_usage_is_billed" not in before
    with warehouse.begin() as connection:
        make_usage(connection, instance, NOON + timedelta(hours=5), [3600])
    after = audit_issued_bills(warehouse, datetime(2026, 11, 10, tzinfo=UTC))
    [late] = [broken for broken in after if broken.claim == "all_usage_is_billed"]
    assert late.bill_id == "2026-10-sub-11-orders"
    assert "The bill has 21,600 AKU-seconds, metering has 25,200" in str(late)
    assert audit_issued_bills(warehouse, datetime(2027, 3, 1, tzinfo=UTC)) == []
