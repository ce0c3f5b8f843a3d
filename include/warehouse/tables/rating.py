"""Schema billing, working tables of rating.

They are real tables, not temporary ones, because PostgreSQL reads only real ones in parallel; they are emptied by the
transaction that filled them, so nobody else ever sees a row.
"""

from __future__ import annotations

from sqlalchemy import Table

from include.warehouse.tables.base import big, decimal, flag, instant, integer, metadata

rating_parts = Table(
    "rating_parts",
    metadata,
    big("subscription_key", "Subscription.", primary_key=True, autoincrement=False),
    integer("part_no", "Number of the part in the period, from 1.", primary_key=True, autoincrement=False),
    instant("part_start", "Start of the part (inclusive)."),
    instant("part_end", "End of the part (exclusive)."),
    big("version_key", "Price plan version in force; null where there is none.", nullable=True),
    decimal("discount_percent", "Discount in force."),
    big("active_seconds", "Seconds of the part in which the subscription is active."),
    flag("counts_hours", "Whether its hours are taken one after the other: tiers charged by the hour, or licences."),
    schema="billing",
    prefixes=["UNLOGGED"],
    comment="Working table of rating, empty outside a transaction: the period cut where a price changes.",
)

rating_hours = Table(
    "rating_hours",
    metadata,
    big("subscription_key", "Subscription.", primary_key=True, autoincrement=False),
    instant("hour_start", "Start of the UTC hour.", primary_key=True),
    big("aku_seconds", "AKU-seconds."),
    schema="billing",
    prefixes=["UNLOGGED"],
    comment="Working table of rating, empty outside a transaction: hours that count instead of the metered ones.",
)
