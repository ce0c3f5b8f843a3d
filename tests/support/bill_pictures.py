"""The pictures of printed bills in docs/pictures, of bills that were rated and issued by the product itself.

`make pictures` draws them again.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.domain.money import Decimal
from include.domain.periods import BillingPeriod
from include.domain.price_plans import PricePlan
from include.reporting.document_data import PrintedDocument, read_document
from include.reporting.documents import draw_document
from include.warehouse.embedded import temporary_warehouse
from tests.support.builders import (
    ZONE,
    environment_of,
    insert,
    make_buyer,
    make_instance,
    make_subscription,
    make_usage,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
_PERIOD = BillingPeriod("2026-10", ZONE)


class Picture(NamedTuple):
    """A bill to draw. `sizes` are the AKU of its instances by name."""

    name: str
    language: str
    subscription: str
    payment: str
    sizes: dict[str, int]
    columns: dict[str, str]


DRAWN = (
    Picture(
        "bill-pay-as-you-go", "en", "sub-7d1a90c2b34f5e60", "payg",
        {"orders-main": 12, "orders-eu": 6, "orders-test": 3},
        {"environment_name": "orders", "department": "零售平台 Retail platform"},
    ),
    Picture(
        "bill-prepaid-zh", "zh", "sub-c20f7be1a9d84e33", "prepaid",
        {"telemetry-main": 20, "telemetry-audit": 9},
        {"environment_name": "telemetry", "department": "遥测平台", "region": "cn-hongkong"},
    ),
)  # fmt: skip


def issue_bills(warehouse: Engine) -> dict[str, PrintedDocument]:
    """Issue each picture's bill in an empty warehouse; the documents by the picture's name."""
    publish_price_plans(warehouse, [_plan(picture) for picture in DRAWN])
    with warehouse.begin() as connection:
        make_buyer(connection)
        for picture in DRAWN:
            _subscribe(connection, picture)
    close_period(warehouse, _PERIOD, _PERIOD.window.end + timedelta(hours=6))
    with warehouse.connect() as connection:
        return {each.name: read_document(connection, f"2026-10-{each.subscription}") for each in DRAWN}


def _plan(picture: Picture) -> PricePlan:
    version = {
        "effective_from": "2024-01-01T00:00:00+08:00",
        "charge_every": "hour",
        "rounding": {"digits": 2, "mode": "down"},
        "model": "per_unit",
        "tiers": [{"up_to": None, "unit_price": "0" if picture.payment == "prepaid" else "1.20", "flat_fee": "0"}],
        "tax_rate": "0.06",
        "tax_inclusive": picture.payment == "prepaid",
    }
    if picture.payment == "prepaid":
        version["licence"] = {"price_per_aku_month": "500.00", "overage_price": "1.20"}
    return PricePlan.model_validate(
        {"name": f"automq-byoc-{picture.payment}", "currency": "CNY", "time_zone": ZONE, "versions": [version]}
    )


def _subscribe(connection: Connection, picture: Picture) -> None:
    window, plan = _PERIOD.window, f"automq-byoc-{picture.payment}"
    key = make_subscription(
        connection,
        "1100000000000001",
        subscription_id=picture.subscription,
        payment=picture.payment,
        price_plan=plan,
        service_instance_id=f"si-{picture.payment}",
        marketplace_instance_id=f"mp-{picture.payment}",
        order_id=f"order-{picture.payment}",
        network=f"vpc-{picture.payment}",
        contact="finance@example.com",
        **picture.columns,
    )
    connection.execute(
        text("UPDATE core.environments SET environment_id = :id WHERE subscription_key = :key"),
        {"id": f"env-{picture.payment}", "key": key},
    )
    for number, (name, aku) in enumerate(picture.sizes.items()):
        instance = make_instance(connection, key, f"kf-{name}", name=name)
        hours = range(window.seconds // 3600)
        grown = aku + aku // 3  # in the afternoon of every third day
        usage = [3600 * (grown if hour // 24 % 3 == number and 8 <= hour % 24 < 20 else aku) for hour in hours]
        make_usage(connection, instance, window.start, usage)
    connection.execute(
        text("""
        INSERT INTO metering.environment_hours (hour_start, environment_key, state, revision, closed_at)
        SELECT hour, :environment, 'closed', 1, hour
        FROM generate_series(CAST(:start AS timestamptz), :end - interval '1 hour', interval '1 hour') AS hour
        """),
        {"environment": environment_of(connection, key), "start": window.start, "end": window.end},
    )
    if picture.payment == "prepaid":
        insert(
            connection, "core.licences", subscription_key=key, term_start=window.start, term_end=window.end,
            term_months=1, capacity_aku=30, price=Decimal("15000.00"), currency="CNY", auto_renew=False,
        )  # fmt: skip


def draw_bills() -> None:
    """Draw them."""
    with temporary_warehouse() as warehouse:
        issued = issue_bills(warehouse)
        for picture in DRAWN:
            [page] = draw_document(issued[picture.name], picture.language, 100)
            (PICTURES / f"{picture.name}.png").write_bytes(page)
