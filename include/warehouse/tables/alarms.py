"""Schema operations: alarms of silent or strange environments, and what operators were notified of."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint
from sqlalchemy import text as sql

from include.warehouse.tables.base import instant, json, key, metadata, text

alarms = Table(
    "alarms",
    metadata,
    key("alarm_key", "Surrogate key."),
    Column("environment_key", ForeignKey("core.environments.environment_key"), nullable=False, comment="Environment."),
    text("kind", "silent, dropped_to_zero or unusual_total."),
    instant(
        "since",
        "What it counts from: the last answer (silent), the first answer with 0 AKU (dropped_to_zero), the start of "
        "the hour (unusual_total). Identifies the alarm, so that evaluating it again opens no second one.",
    ),
    json("facts", "What is wrong: a status, and what was seen and expected."),
    instant("opened_at", "Logical time of the run that opened it."),
    instant("closed_at", "Logical time of the run that found it over; null while it is on.", nullable=True),
    json("closing_facts", "How it ended: a status, and what was seen.", nullable=True),
    UniqueConstraint("environment_key", "kind", "since"),
    CheckConstraint("kind IN ('silent', 'dropped_to_zero', 'unusual_total')", name="kind"),
    CheckConstraint("(closed_at IS NULL) = (closing_facts IS NULL)", name="closed"),
    CheckConstraint("opened_at < closed_at", name="life"),
    Index("alarms_one_on_at_a_time", "environment_key", "kind", unique=True, postgresql_where=sql("closed_at IS NULL")),
    schema="operations",
    comment="Environments that fell silent, dropped to zero, or used unusually much or little; on until they are over.",
)

notifications = Table(
    "notifications",
    metadata,
    text(
        "notification_key",
        "What it is about: alarm/<alarm_key>/<opened or closed>, machine_discrepancy/<key>/<opened or resolved>, "
        "deadline/<DAG>/<run>, or bill_verification/<digest>.",
        primary_key=True,
    ),
    text("sentence", "What the notification says."),
    instant("claimed_at", "Logical time of the run that claimed it; entered before anything is sent."),
    instant("sent_at", "Logical time of the run that sent it; null when it may not have arrived.", nullable=True),
    text("failure", "Why sending failed, as a sentence; it is not tried again.", nullable=True),
    CheckConstraint("sent_at IS NULL OR failure IS NULL", name="outcome"),
    schema="operations",
    comment="Ledger of notifications to operators: each is sent at most once.",
)
