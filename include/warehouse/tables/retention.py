"""Schema metering, retention: which months of polls and readings are gone."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Table

from include.warehouse.tables.base import instant, metadata

dropped_months = Table(
    "dropped_months",
    metadata,
    instant("month_start", "Start of the month (UTC).", primary_key=True),
    instant("month_end", "Its end (exclusive)."),
    instant(
        "closable_from",
        "Hours before this instant cannot be closed again: what they would be made of is gone. It lies after the "
        "month's end, because the first hours of the next month begin with this one's last answer.",
    ),
    instant("dropped_at", "Logical time of the run that dropped it."),
    CheckConstraint("month_start < month_end AND month_end <= closable_from", name="window"),
    schema="metering",
    comment="Months whose polls and readings were dropped after their retention; their usage and bills stay.",
)
