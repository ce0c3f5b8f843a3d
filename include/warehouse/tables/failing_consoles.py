"""Schema metering, consoles that fail in every run: since when, so that they are polled less often."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table

from include.warehouse.tables.base import instant, integer, metadata, text

failing_consoles = Table(
    "failing_consoles",
    metadata,
    Column(
        "environment_key",
        ForeignKey("core.environments.environment_key"),
        primary_key=True,
        autoincrement=False,
        comment="Environment whose console fails.",
    ),
    integer("failed_runs", "Failed polls in a row, since its last answer."),
    instant("failing_since", "Instant of the first of them."),
    instant("last_failed_at", "Instant of the last of them."),
    text("cause", "Cause of the last of them, as in metering.polls."),
    CheckConstraint("failed_runs > 0", name="failed_runs"),
    CheckConstraint("failing_since <= last_failed_at", name="order"),
    schema="metering",
    comment="Consoles whose latest poll failed. After several in a row they are polled less often; an answer ends it.",
)
