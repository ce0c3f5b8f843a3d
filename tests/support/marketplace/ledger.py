"""Records of the ledger, and bills with included usage, as rows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.support.builders import insert

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

HOUR = timedelta(hours=1)


def record(connection: Connection, key: int, hour: datetime, quantity: int, outcome: str) -> None:
    """A record of a subscription's hour, with its outcome."""
    insert(
        connection, "marketplace.push_records", channel="alibaba-china", marketplace_instance_id=f"mp-{key}",
        hour_start=hour, dimension="d", subscription_key=key, product_code="p", item_key="Period", quantity=quantity,
        units=quantity, window_start=hour, window_end=hour + HOUR, cut_off=hour + 2 * HOUR, is_partial=False,
        entered_at=hour + HOUR, outcome=outcome,
    )  # fmt: skip


def include(connection: Connection, bill: int, aku_seconds: int) -> None:
    """A line of the bill that says how much of its usage the price plan includes."""
    connection.execute(
        text("""
        INSERT INTO billing.bill_lines (bill_key, line_no, kind, description, line_start, line_end, aku_seconds,
            metered_aku_seconds, quantity, unit, unit_price, exact_amount, amount)
        SELECT bill_key, 9, 'included', 'Included usage', line_start, line_end, :included, :included, 0, unit, 0, 0, 0
        FROM billing.bill_lines WHERE bill_key = :bill AND line_no = 1
        """),
        {"bill": bill, "included": aku_seconds},
    )
