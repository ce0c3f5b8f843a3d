"""Schema metering: what consoles said, and the usage that follows from it.

polls, readings, usage and its sums are partitioned by month (UTC); metering.ensure_partitions makes the partitions.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql

from include.domain.lifecycles import GAP, HOUR
from include.warehouse.tables.base import big, flag, instant, integer, json, key, metadata, text

PARTITIONED = {
    "polls": "observed_at",
    "readings": "observed_at",
    "usage": "hour_start",
    "subscription_hours": "hour_start",
}

instances = Table(
    "instances",
    metadata,
    key("instance_key", "Surrogate key."),
    text("instance_id", "Kafka instance id as the console gives it; two environments may use the same one."),
    Column("environment_key", ForeignKey("core.environments.environment_key"), nullable=False, comment="Environment."),
    Column(
        "subscription_key", ForeignKey("core.subscriptions.subscription_key"), nullable=False, comment="Subscription."
    ),
    text("name", "Name at last sight.", nullable=True),
    instant("created_at", "When the console says it was created; null when only history knows it.", nullable=True),
    instant("first_seen_at", "First reading or imported hour."),
    instant("last_seen_at", "Last reading or imported hour."),
    UniqueConstraint("environment_key", "instance_id"),
    schema="metering",
    comment="Kafka clusters: the thing that is metered.",
)

polls = Table(
    "polls",
    metadata,
    instant("observed_at", "When the listing was taken, in whole seconds.", primary_key=True),
    big("environment_key", "Environment that was polled.", primary_key=True, autoincrement=False),
    flag("ok", "Whether the whole listing came; a failed poll is never an empty listing."),
    text("cause", "If it failed: unreachable, timeout, refused, throttled, broken or misconfigured.", nullable=True),
    text("error", "For failed polls: what happened, as a sentence; no secrets.", nullable=True),
    integer("instance_count", "Instances listed; null for failed polls.", nullable=True),
    integer("clock_skew_ms", "Console's clock minus ours, from its Date header.", nullable=True),
    integer("duration_ms", "How long the listing took.", nullable=True),
    Column("payload", LargeBinary, nullable=True, comment="The listing's pages as they came, compressed by zlib."),
    CheckConstraint("ok = (cause IS NULL)", name="cause"),
    # An environment's neighbouring answers, and the failures between them, are found however many polls are stored.
    Index("polls_answered", "environment_key", "observed_at", postgresql_where=sql("ok")),
    Index("polls_failed", "environment_key", "observed_at", postgresql_where=sql("NOT ok")),
    schema="metering",
    comment="One listing of one environment's instances, or the failure to get it.",
    postgresql_partition_by="RANGE (observed_at)",
)

readings = Table(
    "readings",
    metadata,
    instant("observed_at", "Instant of the poll that it belongs to.", primary_key=True),
    big("environment_key", "Environment.", primary_key=True, autoincrement=False),
    big("instance_key", "Instance.", primary_key=True, autoincrement=False),
    big("subscription_key", "Subscription."),
    text("state", "Instance state as the console gave it."),
    integer(
        "aku",
        "Billed size in AKU: the first of the product's fields (aku.fields) that has a value; whatever the state.",
    ),
    instant("instance_created_at", "gmtCreate, cut to whole seconds."),
    instant("instance_modified_at", "gmtModified, cut to whole seconds."),
    flag(
        "is_rejected",
        "True when the instance was listed but what was said of it was rejected; the rest is then as last known.",
        server_default="false",
    ),
    CheckConstraint("aku >= 0", name="aku"),
    schema="metering",
    comment="What a console said of an instance at an instant.",
    postgresql_partition_by="RANGE (observed_at)",
)

usage = Table(
    "usage",
    metadata,
    instant("hour_start", "Start of the UTC hour.", primary_key=True),
    big("instance_key", "Instance.", primary_key=True, autoincrement=False),
    big("subscription_key", "Subscription."),
    big("environment_key", "Environment."),
    big("aku_seconds", "AKU-seconds used in the hour: measured, inferred and estimated together."),
    big("inferred_aku_seconds", "Of these, inferred across a silence.", server_default="0"),
    big(
        "estimated_aku_seconds",
        "Of these, estimated at the smaller of two sizes; a gap is open for them.",
        server_default="0",
    ),
    integer("gap_seconds", "Seconds of the hour under a gap of this instance.", server_default="0"),
    integer(
        "peak_aku", "Largest AKU that counted for a second of the hour; of a file that has none, the least possible."
    ),
    integer("used_seconds", "Seconds of the hour with AKU; of a file that has none, as many as are possible."),
    text("source", "readings or import."),
    big("import_key", "Import that brought it; null for readings.", nullable=True),
    integer("revision", "Counts from 1; grows when a later closing changed the row.", server_default="1"),
    # INTEGER's end, which is 596,523 AKU in one instance: sums over rows can then be taken fast and never overflow.
    CheckConstraint("aku_seconds BETWEEN 0 AND 2147483647", name="aku_seconds"),
    CheckConstraint(
        "inferred_aku_seconds >= 0 AND estimated_aku_seconds >= 0 "
        "AND inferred_aku_seconds + estimated_aku_seconds <= aku_seconds",
        name="known",
    ),
    CheckConstraint("gap_seconds BETWEEN 0 AND 3600", name="gap_seconds"),
    CheckConstraint(
        "peak_aku >= 0 AND used_seconds BETWEEN 0 AND 3600 "
        "AND (aku_seconds = 0) = (peak_aku = 0) AND (aku_seconds = 0) = (used_seconds = 0)",
        name="size",
    ),
    CheckConstraint("source IN ('readings', 'import')", name="source"),
    schema="metering",
    comment="Usage of one instance in one UTC hour, with how it is known.",
    postgresql_partition_by="RANGE (hour_start)",
)

imported_hours = Table(
    "imported_hours",
    metadata,
    instant("hour_start", "Start of the UTC hour.", primary_key=True),
    big("instance_key", "Instance.", primary_key=True, autoincrement=False),
    big("environment_key", "Environment."),
    big("aku_seconds", "AKU-seconds of the hour, as the last file said."),
    integer("peak_aku", "Largest AKU of the hour, as it said, or the least possible."),
    integer("used_seconds", "Seconds of the hour with AKU, as it said, or as many as are possible."),
    big("import_key", "Import that said so.", nullable=True),
    Index("imported_hours_by_environment", "environment_key", "hour_start"),
    schema="metering",
    comment="What files said of hours that are metered too: kept, whether it counts now or not.",
)

subscription_hours = Table(
    "subscription_hours",
    metadata,
    instant("hour_start", "Start of the UTC hour.", primary_key=True),
    big("subscription_key", "Subscription.", primary_key=True, autoincrement=False),
    integer("instance_count", "Instances with usage or a gap in the hour."),
    big("aku_seconds", "AKU-seconds of all its instances."),
    big("inferred_aku_seconds", "Of these, inferred across a silence."),
    big("estimated_aku_seconds", "Of these, estimated."),
    big("gap_seconds", "Seconds under gaps, added up over its instances."),
    big("peak_aku", "Largest AKU of each instance in the hour, added up."),
    big("whole_hour_aku_seconds", "AKU-seconds if each instance had its mean AKU in use for the whole hour."),
    Column(
        "usage_digest",
        Numeric,
        nullable=True,
        comment="Sum of the hashes of its usage, whose sums these are; null where that is to be looked at again.",
    ),
    Index("subscription_hours_without_digest", "hour_start", postgresql_where=sql("usage_digest IS NULL")),
    # For marketplace.agreement: one subscription's hours, without those of all others.
    Index("subscription_hours_by_subscription", "subscription_key", "hour_start"),
    schema="metering",
    comment="metering.usage added up by subscription and hour, by whatever transaction changes the usage.",
    postgresql_partition_by="RANGE (hour_start)",
)

usage_revisions = Table(
    "usage_revisions",
    metadata,
    instant("hour_start", "Start of the UTC hour.", primary_key=True),
    big("instance_key", "Instance.", primary_key=True, autoincrement=False),
    instant("revised_at", "Logical time of the run that changed it.", primary_key=True),
    big("environment_key", "Environment."),
    big("old_aku_seconds", "AKU-seconds before; 0 when there was no row."),
    big("new_aku_seconds", "AKU-seconds from then on; 0 when the row was taken away."),
    big("old_estimated_aku_seconds", "Estimated ones among those before."),
    big("new_estimated_aku_seconds", "Estimated ones among those from then on."),
    text(
        "cause",
        "late_answer (a poll came after the hour was closed), measured (readings took an import's place), corrected "
        "(an import took an earlier one's place), imported (a file took an estimate's place) or closed_again "
        "(asked for, or further data of the same hour).",
    ),
    CheckConstraint("cause IN ('late_answer', 'measured', 'corrected', 'imported', 'closed_again')", name="cause"),
    schema="metering",
    comment="How usage of hours that stood already was changed; changes by one run are one row.",
)

environment_hours = Table(
    "environment_hours",
    metadata,
    instant("hour_start", "Start of the UTC hour.", primary_key=True),
    big("environment_key", "Environment.", primary_key=True, autoincrement=False),
    text(
        "state",
        "closed (a successful poll at or after its end exists, or its subscription has ended, or what is not known of "
        "it was waived), provisional (none came in time), open (one may still come) or stale (what was learned since "
        "changes it).",
    ),
    integer("revision", "0 until it is first closed, then from 1; grows when a later closing changed its usage."),
    instant("closed_at", "Logical time of the run that gave it this state and this usage."),
    integer(
        "tolerance_seconds",
        "The longest interval between two answers that needed no proof when it was closed; its explanation uses it.",
        nullable=True,
    ),
    CheckConstraint(HOUR.constraint(), name="state"),
    Index("environment_hours_due", "hour_start", postgresql_where=sql("state IN ('open', 'stale', 'provisional')")),
    Index("environment_hours_by_environment", "environment_key", "hour_start"),
    schema="metering",
    comment="Hours of environments that were closed.",
)

gaps = Table(
    "gaps",
    metadata,
    key("gap_key", "Surrogate key."),
    Column("environment_key", ForeignKey("core.environments.environment_key"), nullable=False, comment="Environment."),
    Column(
        "instance_key",
        ForeignKey("metering.instances.instance_key"),
        nullable=True,
        comment="Instance; null when the whole environment was silent.",
    ),
    instant("gap_start", "Start of the time not known (inclusive)."),
    instant("gap_end", "End of the time not known (exclusive)."),
    text(
        "cause",
        "Why it is not known: a failed poll's cause, not_asked, no_answer_yet, changed_in_silence, "
        "changed_before_first_poll, inconsistent_times or rejected_reading.",
    ),
    text("state", "open, resolved (better data came) or waived (by a person).", server_default="open"),
    instant("opened_at", "Logical time of the run that opened it."),
    instant("closed_at", "When it was resolved or waived.", nullable=True),
    text("closed_by", "Who waived it.", nullable=True),
    text("closed_reason", "Why it was waived.", nullable=True),
    CheckConstraint("gap_start < gap_end", name="window"),
    CheckConstraint(GAP.constraint(), name="state"),
    # Those that reach into an hour are found however many there were before.
    Index("gaps_open", "gap_end", postgresql_where=sql("state = 'open'")),
    Index("gaps_one_per_silence", "environment_key", sql("coalesce(instance_key, 0)"), "gap_start", unique=True),
    schema="metering",
    comment="Time for which usage is not known. An open gap holds the bill.",
)

rejections = Table(
    "rejections",
    metadata,
    key("rejection_key", "Surrogate key."),
    text("source", "reading or import."),
    text("natural_key", "Where it comes from and what it is, so that the same one is kept once.", unique=True),
    text("rule", "Short name of the rule it breaks."),
    json("facts", "What was wrong; values of any type are quoted text, instants UTC."),
    json("payload", "The data as it came."),
    Column(
        "environment_key",
        ForeignKey("core.environments.environment_key"),
        nullable=True,
        comment="Environment, for readings.",
    ),
    big("import_key", "Import, for imported rows.", nullable=True),
    integer("row_number", "Row of the file, from 1, for imported rows.", nullable=True),
    instant("rejected_at", "Instant of the poll, or logical time of the import's run."),
    Index("rejections_by_import", "import_key", "row_number"),
    Index("rejections_by_environment", "environment_key"),
    schema="metering",
    comment="Data that broke a rule: kept, counted, never used.",
)

imports = Table(
    "imports",
    metadata,
    key("import_key", "Surrogate key."),
    text("file_sha256", "SHA-256 of the file's bytes, in hex; the same file is the same import.", unique=True),
    text("file_name", "Name of the file as given."),
    text("format", "csv, jsonl or parquet."),
    big("rows_read", "Rows in the file."),
    big("rows_loaded", "Rows that made or changed usage."),
    big("rows_changed", "Of these, rows that replaced what an earlier import said.", server_default="0"),
    big("rows_unchanged", "Rows that said what was known already."),
    big(
        "rows_late",
        "Rows that differ from an issued bill and became late usage of it.",
        server_default="0",
    ),
    Column(
        "late_for_bills",
        ARRAY(Text),
        nullable=False,
        server_default="{}",
        comment="Public ids of the bills that these rows differ from.",
    ),
    big("rows_rejected", "Rows that broke a rule; the first thousand are kept as rejections."),
    instant("imported_at", "Logical time of the run that imported it first."),
    text("imported_by", "Who imported it last: a person with the way in parentheses, or a run."),
    schema="metering",
    comment="Files of usage history that were imported.",
)
