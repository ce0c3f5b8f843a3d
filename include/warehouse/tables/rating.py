"""Schema billing, working tables of rating.

They are real tables, not temporary ones, because PostgreSQL reads only real ones in parallel; they are emptied by the
transaction that filled them, so no other transaction sees a row. Segments have no key, so two transactions that rate
the same subscription do not wait for each other.
"""

from __future__ import annotations

from sqlalchemy import Table

from include.warehouse.tables.base import big, decimal, flag, instant, integer, metadata, text

#: Autovacuum would find these tables empty, and from then on the planner would expect one row in them.
_NEVER_ANALYZED = {"autovacuum_analyze_threshold": 2_147_483_647}

rating_segments = Table(
    "rating_segments",
    metadata,
    big("subscription_key", "Subscription."),
    integer("segment_no", "Number of the segment in the period, from 1."),
    instant("segment_start", "Start of the segment (inclusive)."),
    instant("segment_end", "End of the segment (exclusive)."),
    big("version_key", "Price plan version in force; null where there is none.", nullable=True),
    decimal("discount_percent", "Discount in force."),
    big("active_seconds", "Seconds of the segment in which the subscription is active."),
    flag("is_whole", "Whether the segment is its whole period."),
    flag("is_priced_hourly", "Whether the subscription's hours are counted one after the other, see charged_hours."),
    text("hour_measure", "How hours that begin in the segment are charged, see billing.charged_aku_seconds."),
    big("scaled_price", "Price of each hour's usage as a whole number, or 0 where hours have no amount of their own."),
    big("divisor", "What AKU-seconds × scaled_price is divided by to have whole last places of an amount."),
    big("addend", "What is added before that division, so that it rounds."),
    flag("is_half_even", "Whether exact halves go to the even neighbour."),
    big("max_aku_seconds", "AKU-seconds in an hour up to which that arithmetic stays within BIGINT."),
    schema="billing",
    prefixes=["UNLOGGED"],
    postgresql_with=_NEVER_ANALYZED,
    comment="Working table of rating, empty outside a transaction: the period cut where a price changes.",
)

rating_hours = Table(
    "rating_hours",
    metadata,
    big("subscription_key", "Subscription.", primary_key=True, autoincrement=False),
    instant("hour_start", "Start of the UTC hour.", primary_key=True),
    big("aku_seconds", "AKU-seconds."),
    big("peak_aku", "Largest AKU of each instance in the hour, added up."),
    big("whole_hour_aku_seconds", "AKU-seconds if each instance had its mean AKU in use for the whole hour."),
    schema="billing",
    prefixes=["UNLOGGED"],
    postgresql_with=_NEVER_ANALYZED,
    comment="Working table of rating, empty outside a transaction: hours that count instead of the metered ones.",
)
