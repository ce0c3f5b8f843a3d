"""What billing tests share: price plans from a few words, and a subscription that is metered whole."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.billing.prices.plans import publish_price_plans
from include.domain.periods import HOUR, BillingPeriod
from include.domain.price_plans import PricePlan
from tests.support.builders import (
    environment_of,
    insert,
    make_buyer,
    make_instance,
    make_subscription,
    make_usage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

OCTOBER = BillingPeriod("2026-10", "Asia/Shanghai")
#: When October's close is due.
DUE = OCTOBER.window.end + timedelta(hours=6)
#: The bill of what `subscribe` makes.
BILL = "2026-10-sub-01-orders"


def version(start: str = "2024-01-01T00:00:00+08:00", price: str = "1.20", **fields: Any) -> dict[str, Any]:
    """A version as written in a plan's file."""
    return {
        "effective_from": start,
        "charge_every": "hour",
        "rounding": {"digits": 2, "mode": "down"},
        "model": "per_unit",
        "tiers": [{"up_to": None, "unit_price": price, "flat_fee": "0"}],
    } | fields


def price_plan(*versions: dict[str, Any], name: str = "automq-byoc-payg", **fields: Any) -> PricePlan:
    """A plan of these versions, or of the plain one."""
    return PricePlan.model_validate(
        {
            "name": name,
            "currency": "CNY",
            "time_zone": "Asia/Shanghai",
            "versions": list(versions) or [version()],
        }
        | fields
    )


@pytest.fixture
def prices(warehouse: Engine) -> Engine:
    """The warehouse with the plain pay-as-you-go plan, and the prepaid one at 620 per AKU and month."""
    prepaid = version(price="0", licence={"price_per_aku_month": "620.00"})
    publish_price_plans(warehouse, [price_plan(), price_plan(prepaid, name="automq-byoc-prepaid")])
    return warehouse


@pytest.fixture
def subscribe(warehouse: Engine) -> Callable[..., int]:
    """Makes a subscription whose October is closed hour by hour, with usage of one instance from `start` on."""

    def make(
        name: str = "orders", usage: tuple[int, ...] = (), start: datetime = OCTOBER.window.start, **columns: Any
    ) -> int:
        with warehouse.begin() as connection:
            if not connection.scalar(text("SELECT count(*) FROM core.buyers")):
                make_buyer(connection)
            key = make_subscription(connection, "1100000000000001", name, **columns)
            if usage:
                make_usage(connection, make_instance(connection, key, f"kf-{name}"), start, usage)
            connection.execute(
                text("""
                INSERT INTO metering.environment_hours (hour_start, environment_key, state, revision, closed_at)
                SELECT hour, :environment, 'closed', 1, hour
                FROM generate_series(CAST(:start AS timestamptz), :end - interval '1 hour', interval '1 hour') AS hour
                """),
                {
                    "environment": environment_of(connection, key),
                    "start": OCTOBER.window.start,
                    "end": OCTOBER.window.end,
                },
            )
        return key

    return make


def open_gap(warehouse: Engine, subscription: int) -> None:
    """Open a gap in the second hour of October, which holds the bill."""
    with warehouse.begin() as connection:
        insert(
            connection,
            "metering.gaps",
            environment_key=environment_of(connection, subscription),
            gap_start=OCTOBER.window.start + HOUR,
            gap_end=OCTOBER.window.start + 2 * HOUR,
            cause="unreachable",
            opened_at=OCTOBER.window.start + 3 * HOUR,
        )
