"""Schema marketplace: the ledger of what is reported to marketplaces, written before each call.

Records, and which requests had them, are partitioned by month (UTC) of their hour, as usage is. The hour is part of
what a record is known by, so one record for each instance, hour and dimension is unique in all partitions together.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, Table, UniqueConstraint
from sqlalchemy import text as sql

from include.domain.lifecycles import PUSH_RECORD
from include.domain.marketplace.agreement import PARTS
from include.warehouse.tables.base import big, decimal, flag, instant, integer, json, key, metadata, text

_RECORD = ("marketplace.push_records.record_key", "marketplace.push_records.hour_start")
_BY_MONTH = "RANGE (hour_start)"

#: What people do with the ledger.
DECISIONS = ("hold", "release", "send_again", "write_off", "mark_accepted", "mark_refused")

push_records = Table(
    "push_records",
    metadata,
    key("record_key", "Surrogate key."),
    text("channel", "Marketplace, a channel of the catalogue."),
    text("marketplace_instance_id", "Marketplace instance that is charged."),
    instant("hour_start", "Start of the UTC hour.", primary_key=True),
    text("dimension", "What is measured, by the marketplace's id of it."),
    Column(
        "subscription_key", ForeignKey("core.subscriptions.subscription_key"), nullable=False, comment="Subscription."
    ),
    text("product_code", "Product at the marketplace; a request is of one."),
    text("item_key", "Unit at the marketplace, like Period."),
    big("quantity", "AKU-seconds, as they were known when the record was made; never changed afterwards."),
    big("unit_seconds", "AKU-seconds in one unit of what is sent.", server_default="1"),
    big("carried_in", "AKU-seconds that the record before it left of a whole unit.", server_default="0"),
    big("units", "What is sent: whole units of carried_in and quantity together. The rest is carried on."),
    instant("window_start", "Start of the time that is reported."),
    instant("window_end", "Its end (exclusive)."),
    instant("cut_off", "First instant at which it is too late."),
    flag("is_partial", "True where its hour was not closed yet when the record was made."),
    instant("entered_at", "When the record was made."),
    text("outcome", f"{', '.join(PUSH_RECORD.states)}.", server_default=PUSH_RECORD.begins),
    text("reason", "Why, as a key of include/domain/words/pushes.py; null where nothing is to be said.", nullable=True),
    text("their_code", "The marketplace's error code, with a refusal.", nullable=True),
    big("attempt_key", "Last request that had it.", nullable=True),
    integer("most_together", "Records that its request may have, after a larger one was refused.", nullable=True),
    instant("decided_at", "When it got its outcome; null while it waits.", nullable=True),
    UniqueConstraint("channel", "marketplace_instance_id", "hour_start", "dimension", name="push_records_one_per_hour"),
    CheckConstraint(PUSH_RECORD.constraint("outcome"), name="outcome"),
    CheckConstraint("quantity >= 0", name="quantity"),
    CheckConstraint("unit_seconds >= 1 AND carried_in >= 0", name="unit"),
    CheckConstraint("units = (carried_in + quantity) / unit_seconds", name="units"),
    CheckConstraint("window_start < window_end", name="window"),
    Index(
        "push_records_waiting",
        "channel",
        "outcome",
        "cut_off",
        postgresql_where=sql("outcome IN ('pending', 'not_sent', 'sending', 'unknown')"),
    ),
    Index(
        "push_records_in_units",
        "channel",
        "marketplace_instance_id",
        "dimension",
        "record_key",
        postgresql_where=sql("unit_seconds > 1"),
    ),
    # The same as marketplace.is_open_point, which this index is for, says of outcomes.
    Index(
        "push_records_for_people",
        "decided_at",
        postgresql_where=sql(
            "outcome IN ('missed', 'refused', 'unknown', 'duplicate_different') "
            "OR (outcome = 'not_sent' AND reason = 'no_access')"
        ),
    ),
    Index("push_records_by_subscription", "subscription_key", "hour_start"),
    # For the page of the ledger: the newest of each outcome, however many there are.
    Index("push_records_by_outcome", "outcome", "hour_start", "record_key"),
    postgresql_partition_by=_BY_MONTH,
    schema="marketplace",
    comment="What is reported of an instance's hour: one record, however often it is sent.",
)

push_attempts = Table(
    "push_attempts",
    metadata,
    key("attempt_key", "Surrogate key."),
    text("channel", "Marketplace."),
    text("product_code", "Product of all its records."),
    instant("begun_at", "When it was entered, before the call."),
    text("request", "What is sent, to the byte; without access keys and signature."),
    instant("ended_at", "When its answer was stored; null where the run ended before that.", nullable=True),
    text("result", "Outcome that it gave its records; null where the run ended before that.", nullable=True),
    json("answer", "What came back, or why nothing did; without secrets.", nullable=True),
    text("request_id", "The marketplace's id of the request.", nullable=True),
    integer("duration_ms", "How long the call took.", nullable=True),
    Index("push_attempts_by_channel", "channel", "begun_at"),
    Index("push_attempts_by_request", "request_id"),
    schema="marketplace",
    comment="Requests to marketplaces, each entered before its call.",
)

push_attempt_records = Table(
    "push_attempt_records",
    metadata,
    Column("attempt_key", ForeignKey("marketplace.push_attempts.attempt_key"), primary_key=True, comment="Request."),
    big("record_key", "Record.", primary_key=True, autoincrement=False),
    instant("hour_start", "Hour of the record.", primary_key=True),
    ForeignKeyConstraint(("record_key", "hour_start"), _RECORD),
    Index("push_attempt_records_by_record", "record_key"),
    postgresql_partition_by=_BY_MONTH,
    schema="marketplace",
    comment="Which records a request had.",
)

push_decisions = Table(
    "push_decisions",
    metadata,
    key("decision_key", "Surrogate key."),
    text("channel", "Marketplace."),
    big("record_key", "Record; null for a hold or a release, which are of the channel.", nullable=True),
    instant("hour_start", "Hour of the record.", nullable=True),
    text("decision", f"{', '.join(DECISIONS)}."),
    text("decided_by", "Person, with the way in parentheses."),
    text("reason", "Why, in that person's words."),
    instant("decided_at", "When."),
    CheckConstraint(f"decision IN {DECISIONS}", name="decision"),
    ForeignKeyConstraint(("record_key", "hour_start"), _RECORD),
    CheckConstraint("(record_key IS NULL) = (decision IN ('hold', 'release'))", name="record"),
    CheckConstraint("(record_key IS NULL) = (hour_start IS NULL)", name="hour"),
    Index("push_decisions_by_channel", "channel", "decision_key"),
    Index("push_decisions_by_record", "record_key"),
    schema="marketplace",
    comment="What people did with the ledger of metering pushes.",
)

push_progress = Table(
    "push_progress",
    metadata,
    text("channel", "Marketplace.", primary_key=True),
    instant("entered_from", "First hour that was looked at; usage before it is not in the ledger."),
    instant("entered_until", "Hours before this were looked at; the last days are looked at again by each run."),
    schema="marketplace",
    comment="How far usage was entered in the ledger of metering pushes.",
)

agreement_changes = Table(
    "agreement_changes",
    metadata,
    key("change_key", "Surrogate key."),
    big("subscription_key", "Subscription."),
    instant("day_start", "Start of the day, in UTC+8."),
    Index("agreement_changes_by_day", "day_start"),
    schema="marketplace",
    comment="Days whose usage or records changed since they were added up; noted by what changes them.",
)

agreement_days = Table(
    "agreement_days",
    metadata,
    instant("day_start", "Start of the day, in UTC+8.", primary_key=True),
    big("subscription_key", "Subscription.", primary_key=True, autoincrement=False),
    *(big(part, f"AKU-seconds, as in marketplace.agreement: {part}.") for part in ("metered", *PARTS)),
    big("unrecorded", "Sum of the hours' differences above 0: usage that no record has."),
    instant("added_at", "When the run began that added it up."),
    Index("agreement_days_by_subscription", "subscription_key", "day_start"),
    schema="marketplace",
    comment="marketplace.agreement added up by subscription and day, so that a month is read in no time.",
)

agreement_bills = Table(
    "agreement_bills",
    metadata,
    big("bill_key", "Bill, as it was then.", primary_key=True, autoincrement=False),
    big("subscription_key", "Subscription."),
    instant("period_start", "Start of its period (inclusive)."),
    instant("period_end", "End of its period (exclusive)."),
    text("currency", "ISO 4217 code of all amounts."),
    *(decimal(part, f"As in marketplace.agreement_in_money: {part}.") for part in ("amount", *PARTS)),
    instant("added_at", "When the run began that added it up."),
    Index("agreement_bills_by_period", "period_start"),
    Index("agreement_bills_by_subscription", "subscription_key", "period_start"),
    schema="marketplace",
    comment="marketplace.agreement_in_money as it was when it was added up last.",
)
