"""Usage and ledger are audited once a period has ended: every AKU-second is in one place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from include.operations.agreement import audit_agreement
from tests.support.billing.tampering import change
from tests.support.marketplace.pushing import AT, HOUR, Vendor

#: November of the Marketplace has ended, and its last hours had two days.
LATER = datetime(2026, 12, 3, tzinfo=UTC)


@pytest.fixture
def balanced(vendor: Vendor) -> Vendor:
    """Two subscriptions, three hours, all of it reported."""
    vendor.subscribe(2)
    for number in range(3):
        vendor.wait_until(AT + (number + 1) * HOUR + timedelta(minutes=5))
        vendor.use(AT + number * HOUR, 3600, 7200)
        vendor.push()
    assert vendor.outcomes() == {"accepted": 6}
    return vendor


_UNTIE = "DELETE FROM marketplace.push_attempt_records"


def lose(instance: str) -> str:
    return f"DELETE FROM marketplace.push_records WHERE marketplace_instance_id = '{instance}' AND hour_start = '{AT}'"


def double(instance: str) -> str:
    columns = (
        "channel, hour_start, dimension, subscription_key, product_code, item_key, quantity, units, window_start, "
        "window_end, cut_off, is_partial, entered_at, outcome, decided_at"
    )
    return (
        f"INSERT INTO marketplace.push_records (marketplace_instance_id, {columns}) SELECT 'other', {columns} "
        f"FROM marketplace.push_records WHERE marketplace_instance_id = '{instance}' AND hour_start = '{AT + HOUR}'"
    )


def revise(key: int) -> str:
    return (
        "UPDATE metering.subscription_hours SET aku_seconds = aku_seconds - 600 "
        f"WHERE subscription_key = {key} AND hour_start = '{AT + 2 * HOUR}'"
    )


def test_nothing_is_named_where_all_adds_up(balanced: Vendor) -> None:
    assert audit_agreement(balanced.warehouse, LATER) == []


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (
            "lost",
            (
                "in 1 hour, from 2026-11-10T08:00:00Z on. Metered are 3,600 AKU-seconds of them, recorded 0. "
                "1 hour has no record. See"
            ),
        ),
        (
            "doubled",
            (
                "in 1 hour, from 2026-11-10T09:00:00Z on. Metered are 3,600 AKU-seconds of them, recorded 7,200. "
                "1 hour has more than one record. See"
            ),
        ),
        (
            "changed",
            (
                "in 1 hour, from 2026-11-10T10:00:00Z on. Metered are 3,000 AKU-seconds of them, recorded 3,600. "
                "1 hour has other usage than the record says. See"
            ),
        ),
    ],
)
def test_what_does_not_add_up_is_named_by_subscription_and_period(how: str, sentence: str, balanced: Vendor) -> None:
    instance, key = balanced.instances[0], balanced.keys[0]
    broken = {"lost": lose(instance), "doubled": double(instance), "changed": revise(key)}
    change(balanced.warehouse, _UNTIE, broken[how])
    (named,) = audit_agreement(balanced.warehouse, LATER)
    with balanced.warehouse.connect() as connection:
        query = text("SELECT subscription_id FROM core.subscriptions WHERE subscription_key = :key")
        subscription = connection.scalar(query, {"key": key})
    assert named.startswith(f"Subscription {subscription}, 2026-11: usage and ledger do not add up {sentence}")


def test_differences_that_cancel_each_other_out_are_named(balanced: Vendor) -> None:
    change(balanced.warehouse, _UNTIE, lose(balanced.instances[0]), double(balanced.instances[0]))
    (named,) = audit_agreement(balanced.warehouse, LATER)
    assert "in 2 hours, from 2026-11-10T08:00:00Z on. Metered are 7,200 AKU-seconds of them, recorded 7,200." in named
    assert "1 hour has no record. 1 hour has more than one record." in named


def test_a_period_is_audited_once_it_is_settled_and_until_it_is_old(balanced: Vendor) -> None:
    change(balanced.warehouse, _UNTIE, lose(balanced.instances[0]), revise(balanced.keys[1]))
    ended = datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert audit_agreement(balanced.warehouse, ended + timedelta(days=2) - HOUR) == []
    assert len(audit_agreement(balanced.warehouse, ended + timedelta(days=2))) == 2
    assert len(audit_agreement(balanced.warehouse, ended + timedelta(days=99))) == 2
    assert audit_agreement(balanced.warehouse, ended + timedelta(days=101)) == []


def test_usage_from_before_the_ledger_was_kept_is_not_asked_for(balanced: Vendor) -> None:
    balanced.use(AT - 40 * HOUR, 3600, 7200)
    assert audit_agreement(balanced.warehouse, LATER) == []
    balanced.use(AT - 20 * HOUR, 3600)
    (named,) = audit_agreement(balanced.warehouse, LATER)
    assert "1 hour has no record." in named
