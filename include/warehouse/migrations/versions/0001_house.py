"""Schemas, tables, partitions, guards and roles, as they stood at the first release; frozen, like every migration."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SCHEMAS = {
    "core": "Who subscribed to what: buyers, subscriptions, environments, instances, licences.",
    "metering": "What consoles said and what it means: polls, readings, usage per hour, gaps, rejections, imports.",
    "billing": "Price plans, bills and their lines. Issued bills never change.",
    "settlement": "What the Marketplace charged, and its agreement with our bills.",
}
_SQL = Path(__file__).parents[1] / "sql" / "0001_house"


def upgrade() -> None:
    connection = op.get_bind()
    for schema, comment in _SCHEMAS.items():
        op.execute(f"CREATE SCHEMA {schema}")
        op.execute(f"COMMENT ON SCHEMA {schema} IS '{comment}'")
    create_tables()
    for path in sorted(_SQL.glob("*.sql")):
        connection.exec_driver_sql(path.read_text(encoding="utf-8"), execution_options={"no_parameters": True})


def create_tables() -> None:
    op.create_table(
        "price_plans",
        sa.Column("plan_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column("name", sa.Text(), nullable=False, comment="Name of the plan."),
        sa.Column("currency", sa.Text(), nullable=False, comment="ISO 4217 code."),
        sa.Column(
            "time_zone", sa.Text(), nullable=False, comment="IANA zone whose calendar months are the billing periods."
        ),
        sa.PrimaryKeyConstraint("plan_key", name=op.f("price_plans_pkey")),
        sa.UniqueConstraint("name", name=op.f("price_plans_name_unique")),
        schema="billing",
        comment="Price plans, published from files.",
    )
    op.create_table(
        "buyers",
        sa.Column("account_id", sa.Text(), nullable=False, comment="Cloud account that subscribed (aliUid)."),
        sa.Column(
            "site",
            sa.Text(),
            nullable=False,
            comment="Site of the cloud the account belongs to: china or international.",
        ),
        sa.Column("contact", sa.Text(), nullable=True, comment="Whom to write to, as the operator entered it."),
        sa.Column(
            "registered_at", sa.DateTime(timezone=True), nullable=False, comment="When the buyer was first entered."
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("buyers_pkey")),
        schema="core",
        comment="Cloud accounts that subscribed.",
    )
    op.create_table(
        "dropped_months",
        sa.Column("month_start", sa.DateTime(timezone=True), nullable=False, comment="Start of the month (UTC)."),
        sa.Column("month_end", sa.DateTime(timezone=True), nullable=False, comment="Its end (exclusive)."),
        sa.Column(
            "closable_from",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Hours before this instant can not be closed again: what they would be made of is gone. It lies after the month's end, because the first hours of the next month begin with this one's last answer.",
        ),
        sa.Column(
            "dropped_at", sa.DateTime(timezone=True), nullable=False, comment="Logical time of the run that dropped it."
        ),
        sa.CheckConstraint(
            "month_start < month_end AND month_end <= closable_from", name=op.f("dropped_months_window_check")
        ),
        sa.PrimaryKeyConstraint("month_start", name=op.f("dropped_months_pkey")),
        schema="metering",
        comment="Months whose polls and readings were dropped after their retention; their usage and bills stay.",
    )
    op.create_table(
        "environment_hours",
        sa.Column("hour_start", sa.DateTime(timezone=True), nullable=False, comment="Start of the UTC hour."),
        sa.Column("environment_key", sa.BigInteger(), autoincrement=False, nullable=False, comment="Environment."),
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            comment="closed (a successful poll at or after its end exists), provisional (none came in time), open (one may still come) or stale (a poll came since that changes it).",
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="0 until it is first closed, then from 1; grows when a later closing changed its usage.",
        ),
        sa.Column(
            "closed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Logical time of the run that gave it this state and this usage.",
        ),
        sa.CheckConstraint(
            "state IN ('closed', 'provisional', 'open', 'stale')", name=op.f("environment_hours_state_check")
        ),
        sa.PrimaryKeyConstraint("hour_start", "environment_key", name=op.f("environment_hours_pkey")),
        schema="metering",
        comment="Hours of environments that were closed.",
    )
    op.create_index(
        "environment_hours_by_environment",
        "environment_hours",
        ["environment_key", "hour_start"],
        unique=False,
        schema="metering",
    )
    op.create_index(
        "environment_hours_due",
        "environment_hours",
        ["hour_start"],
        unique=False,
        schema="metering",
        postgresql_where=sa.text("state IN ('open', 'stale')"),
    )
    op.create_table(
        "imports",
        sa.Column("import_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column(
            "file_sha256",
            sa.Text(),
            nullable=False,
            comment="SHA-256 of the file's bytes, in hex; the same file is the same import.",
        ),
        sa.Column("file_name", sa.Text(), nullable=False, comment="Name of the file as given."),
        sa.Column("format", sa.Text(), nullable=False, comment="csv, jsonl or parquet."),
        sa.Column("rows_read", sa.BigInteger(), nullable=False, comment="Rows in the file."),
        sa.Column("rows_loaded", sa.BigInteger(), nullable=False, comment="Rows that made or changed usage."),
        sa.Column(
            "rows_changed",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Of these, rows that replaced what an earlier import said.",
        ),
        sa.Column("rows_unchanged", sa.BigInteger(), nullable=False, comment="Rows that said what was known already."),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=False, comment="Rows kept as rejections."),
        sa.Column(
            "imported_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Logical time of the run that imported it first.",
        ),
        sa.PrimaryKeyConstraint("import_key", name=op.f("imports_pkey")),
        sa.UniqueConstraint("file_sha256", name=op.f("imports_file_sha256_unique")),
        schema="metering",
        comment="Files of usage history that were imported.",
    )
    op.create_table(
        "polls",
        sa.Column(
            "observed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the listing was taken, in whole seconds.",
        ),
        sa.Column(
            "environment_key", sa.BigInteger(), autoincrement=False, nullable=False, comment="Environment asked."
        ),
        sa.Column(
            "ok",
            sa.Boolean(),
            nullable=False,
            comment="Whether the whole listing came; a failed poll is never an empty listing.",
        ),
        sa.Column(
            "cause",
            sa.Text(),
            nullable=True,
            comment="If it failed: unreachable, timeout, refused, throttled, broken or misconfigured.",
        ),
        sa.Column(
            "error", sa.Text(), nullable=True, comment="For failed polls: what happened, as a sentence; no secrets."
        ),
        sa.Column("instance_count", sa.Integer(), nullable=True, comment="Instances listed; null for failed polls."),
        sa.Column(
            "clock_skew_ms", sa.Integer(), nullable=True, comment="Console's clock minus ours, from its Date header."
        ),
        sa.Column("duration_ms", sa.Integer(), nullable=True, comment="How long the listing took."),
        sa.Column(
            "payload", sa.LargeBinary(), nullable=True, comment="The listing's pages as they came, compressed by zlib."
        ),
        sa.CheckConstraint("ok = (cause IS NULL)", name=op.f("polls_cause_check")),
        sa.PrimaryKeyConstraint("observed_at", "environment_key", name=op.f("polls_pkey")),
        schema="metering",
        comment="One listing of one environment's instances, or the failure to get it.",
        postgresql_partition_by="RANGE (observed_at)",
    )
    op.create_index(
        "polls_answered",
        "polls",
        ["environment_key", "observed_at"],
        unique=False,
        schema="metering",
        postgresql_where=sa.text("ok"),
    )
    op.create_index(
        "polls_failed",
        "polls",
        ["environment_key", "observed_at"],
        unique=False,
        schema="metering",
        postgresql_where=sa.text("NOT ok"),
    )
    op.create_table(
        "readings",
        sa.Column(
            "observed_at", sa.DateTime(timezone=True), nullable=False, comment="Instant of the poll that it belongs to."
        ),
        sa.Column("environment_key", sa.BigInteger(), autoincrement=False, nullable=False, comment="Environment."),
        sa.Column("instance_key", sa.BigInteger(), autoincrement=False, nullable=False, comment="Instance."),
        sa.Column("subscription_key", sa.BigInteger(), nullable=False, comment="Subscription."),
        sa.Column("state", sa.Text(), nullable=False, comment="Instance state as the console gave it."),
        sa.Column(
            "aku",
            sa.Integer(),
            nullable=False,
            comment="Billed size in AKU: spec.currentAku if present, else spec.reservedAku; whatever the state.",
        ),
        sa.Column(
            "instance_created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="gmtCreate, cut to whole seconds.",
        ),
        sa.Column(
            "instance_modified_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="gmtModified, cut to whole seconds.",
        ),
        sa.Column(
            "is_rejected",
            sa.Boolean(),
            server_default="false",
            nullable=False,
            comment="True when the instance was listed but what was said of it was rejected; the rest is then as last known.",
        ),
        sa.CheckConstraint("aku >= 0", name=op.f("readings_aku_check")),
        sa.PrimaryKeyConstraint("observed_at", "environment_key", "instance_key", name=op.f("readings_pkey")),
        schema="metering",
        comment="What a console said of an instance at an instant.",
        postgresql_partition_by="RANGE (observed_at)",
    )
    op.create_table(
        "subscription_hours",
        sa.Column("hour_start", sa.DateTime(timezone=True), nullable=False, comment="Start of the UTC hour."),
        sa.Column("subscription_key", sa.BigInteger(), autoincrement=False, nullable=False, comment="Subscription."),
        sa.Column("instance_count", sa.Integer(), nullable=False, comment="Instances with usage or a gap in the hour."),
        sa.Column("aku_seconds", sa.BigInteger(), nullable=False, comment="AKU-seconds of all its instances."),
        sa.Column(
            "proved_aku_seconds",
            sa.BigInteger(),
            nullable=False,
            comment="Of these, proved by carry-over across a silence.",
        ),
        sa.Column("assumed_aku_seconds", sa.BigInteger(), nullable=False, comment="Of these, assumed."),
        sa.Column(
            "gap_seconds", sa.BigInteger(), nullable=False, comment="Seconds under gaps, added up over its instances."
        ),
        sa.PrimaryKeyConstraint("hour_start", "subscription_key", name=op.f("subscription_hours_pkey")),
        schema="metering",
        comment="metering.usage added up by subscription and hour, by whatever transaction changes the usage.",
        postgresql_partition_by="RANGE (hour_start)",
    )
    op.create_table(
        "usage",
        sa.Column("hour_start", sa.DateTime(timezone=True), nullable=False, comment="Start of the UTC hour."),
        sa.Column("instance_key", sa.BigInteger(), autoincrement=False, nullable=False, comment="Instance."),
        sa.Column("subscription_key", sa.BigInteger(), nullable=False, comment="Subscription."),
        sa.Column("environment_key", sa.BigInteger(), nullable=False, comment="Environment."),
        sa.Column(
            "aku_seconds",
            sa.BigInteger(),
            nullable=False,
            comment="AKU-seconds used in the hour: measured, proved and assumed together.",
        ),
        sa.Column(
            "proved_aku_seconds",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Of these, proved by carry-over across a silence.",
        ),
        sa.Column(
            "assumed_aku_seconds",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Of these, assumed at the smaller of two sizes; a gap is open for them.",
        ),
        sa.Column(
            "gap_seconds",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="Seconds of the hour under a gap of this instance.",
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="readings or import."),
        sa.Column("import_key", sa.BigInteger(), nullable=True, comment="Import that brought it; null for readings."),
        sa.Column(
            "revision",
            sa.Integer(),
            server_default="1",
            nullable=False,
            comment="Counts from 1; grows when a later closing changed the row.",
        ),
        sa.CheckConstraint("source IN ('readings', 'import')", name=op.f("usage_source_check")),
        sa.CheckConstraint("aku_seconds BETWEEN 0 AND 2147483647", name=op.f("usage_aku_seconds_check")),
        sa.CheckConstraint("gap_seconds BETWEEN 0 AND 3600", name=op.f("usage_gap_seconds_check")),
        sa.CheckConstraint(
            "proved_aku_seconds >= 0 AND assumed_aku_seconds >= 0 AND proved_aku_seconds + assumed_aku_seconds <= aku_seconds",
            name=op.f("usage_known_check"),
        ),
        sa.PrimaryKeyConstraint("hour_start", "instance_key", name=op.f("usage_pkey")),
        schema="metering",
        comment="Usage of one instance in one UTC hour, with how it is known.",
        postgresql_partition_by="RANGE (hour_start)",
    )
    op.create_table(
        "usage_revisions",
        sa.Column("hour_start", sa.DateTime(timezone=True), nullable=False, comment="Start of the UTC hour."),
        sa.Column("instance_key", sa.BigInteger(), autoincrement=False, nullable=False, comment="Instance."),
        sa.Column(
            "revised_at", sa.DateTime(timezone=True), nullable=False, comment="Logical time of the run that changed it."
        ),
        sa.Column("environment_key", sa.BigInteger(), nullable=False, comment="Environment."),
        sa.Column(
            "old_aku_seconds", sa.BigInteger(), nullable=False, comment="AKU-seconds before; 0 when there was no row."
        ),
        sa.Column(
            "new_aku_seconds",
            sa.BigInteger(),
            nullable=False,
            comment="AKU-seconds from then on; 0 when the row was taken away.",
        ),
        sa.Column(
            "old_assumed_aku_seconds", sa.BigInteger(), nullable=False, comment="Assumed ones among those before."
        ),
        sa.Column(
            "new_assumed_aku_seconds", sa.BigInteger(), nullable=False, comment="Assumed ones among those from then on."
        ),
        sa.Column(
            "cause",
            sa.Text(),
            nullable=False,
            comment="late_answer (a poll came after the hour was closed), measured (readings took an import's place), corrected (an import took an earlier one's place) or closed_again (asked for, or further data of the same hour).",
        ),
        sa.CheckConstraint(
            "cause IN ('late_answer', 'measured', 'corrected', 'closed_again')",
            name=op.f("usage_revisions_cause_check"),
        ),
        sa.PrimaryKeyConstraint("hour_start", "instance_key", "revised_at", name=op.f("usage_revisions_pkey")),
        schema="metering",
        comment="How usage of hours that stood already was changed; changes by one run are one row.",
    )
    op.create_table(
        "price_plan_versions",
        sa.Column("version_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column("plan_key", sa.BigInteger(), nullable=False, comment="Plan."),
        sa.Column(
            "effective_from",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="From when the version holds, until the next one.",
        ),
        sa.Column(
            "charge_every",
            sa.Text(),
            nullable=False,
            comment="hour (each hour is charged and rounded) or period (rounded once per line).",
        ),
        sa.Column("rounding_digits", sa.Integer(), nullable=False, comment="Places that amounts are rounded to."),
        sa.Column("rounding_mode", sa.Text(), nullable=False, comment="down, up, half_up or half_even."),
        sa.Column("model", sa.Text(), nullable=False, comment="per_unit."),
        sa.Column(
            "licence_price_per_aku_month",
            sa.Numeric(),
            nullable=True,
            comment="Price of a prepaid licence per AKU and month.",
        ),
        sa.Column(
            "source",
            postgresql.JSONB(),
            nullable=False,
            comment="The version as it stood in the plan's file.",
        ),
        sa.CheckConstraint("charge_every IN ('hour', 'period')", name=op.f("price_plan_versions_charge_every_check")),
        sa.CheckConstraint(
            "rounding_mode IN ('down', 'up', 'half_up', 'half_even')",
            name=op.f("price_plan_versions_rounding_mode_check"),
        ),
        sa.CheckConstraint("rounding_digits BETWEEN 0 AND 6", name=op.f("price_plan_versions_rounding_digits_check")),
        sa.ForeignKeyConstraint(
            ["plan_key"], ["billing.price_plans.plan_key"], name=op.f("price_plan_versions_plan_key_fkey")
        ),
        sa.PrimaryKeyConstraint("version_key", name=op.f("price_plan_versions_pkey")),
        sa.UniqueConstraint(
            "plan_key", "effective_from", name=op.f("price_plan_versions_plan_key_effective_from_unique")
        ),
        schema="billing",
        comment="Versions of price plans; history is never rewritten.",
    )
    op.create_table(
        "subscriptions",
        sa.Column(
            "subscription_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."
        ),
        sa.Column(
            "subscription_id",
            sa.Text(),
            nullable=False,
            comment="Public id, derived from product, account, region and environment name.",
        ),
        sa.Column("product", sa.Text(), nullable=False, comment="Product of the catalogue."),
        sa.Column("account_id", sa.Text(), nullable=False, comment="Buyer."),
        sa.Column("region", sa.Text(), nullable=False, comment="Cloud region of the environment."),
        sa.Column("network", sa.Text(), nullable=False, comment="VPC that the environment stands in."),
        sa.Column(
            "department",
            sa.Text(),
            nullable=False,
            comment="Business department the subscription is for; empty when the buyer has only one.",
        ),
        sa.Column(
            "environment_name",
            sa.Text(),
            nullable=False,
            comment="Name of the environment, unique per buyer and region.",
        ),
        sa.Column("payment", sa.Text(), nullable=False, comment="payg (pay as you go) or prepaid (licence)."),
        sa.Column(
            "price_plan", sa.Text(), nullable=False, comment="Name of the price plan that its usage is priced by."
        ),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="requested, ordered, deployed, active, failed or released."
        ),
        sa.Column(
            "state_reason",
            sa.Text(),
            nullable=True,
            comment="Why it is in this state, as a sentence; for failed ones what to do.",
        ),
        sa.Column(
            "attempt",
            sa.Integer(),
            nullable=False,
            comment="Counts from 1; a re-run after a failure starts the next one.",
        ),
        sa.Column(
            "service_instance_id",
            sa.Text(),
            nullable=True,
            comment="Compute Nest service instance of the current attempt.",
        ),
        sa.Column(
            "marketplace_instance_id", sa.Text(), nullable=True, comment="Marketplace instance of the current attempt."
        ),
        sa.Column("order_id", sa.Text(), nullable=True, comment="Marketplace order of the current attempt."),
        sa.Column(
            "request",
            postgresql.JSONB(),
            nullable=False,
            comment="The onboarding request as it was given; no secrets.",
        ),
        sa.Column(
            "requested_at", sa.DateTime(timezone=True), nullable=False, comment="When onboarding was first asked for."
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="From when the subscription counts; history before onboarding can be imported from here on.",
        ),
        sa.Column(
            "metering_started_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="From when consoles are polled for it.",
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True, comment="When it was released."),
        sa.CheckConstraint("payment IN ('payg', 'prepaid')", name=op.f("subscriptions_payment_check")),
        sa.CheckConstraint(
            "state IN ('requested', 'ordered', 'deployed', 'active', 'failed', 'released')",
            name=op.f("subscriptions_state_check"),
        ),
        sa.CheckConstraint("attempt >= 1", name=op.f("subscriptions_attempt_check")),
        sa.ForeignKeyConstraint(["account_id"], ["core.buyers.account_id"], name=op.f("subscriptions_account_id_fkey")),
        sa.PrimaryKeyConstraint("subscription_key", name=op.f("subscriptions_pkey")),
        sa.UniqueConstraint("marketplace_instance_id", name=op.f("subscriptions_marketplace_instance_id_unique")),
        sa.UniqueConstraint("order_id", name=op.f("subscriptions_order_id_unique")),
        sa.UniqueConstraint("subscription_id", name=op.f("subscriptions_subscription_id_unique")),
        schema="core",
        comment="One activation of the product by a buyer.",
    )
    op.create_index(
        "subscriptions_one_per_environment_name",
        "subscriptions",
        ["account_id", "region", "environment_name"],
        unique=True,
        schema="core",
    )
    op.create_index(
        "subscriptions_one_per_network_and_department",
        "subscriptions",
        ["account_id", "region", "network", "department"],
        unique=True,
        schema="core",
        postgresql_where=sa.text("state NOT IN ('failed', 'released')"),
    )
    op.create_table(
        "machine_listings",
        sa.Column("account_id", sa.Text(), nullable=False, comment="Buyer whose machines they are."),
        sa.Column("region", sa.Text(), nullable=False, comment="Cloud region that was asked."),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False, comment="When it was asked last."),
        sa.Column(
            "failure",
            sa.Text(),
            nullable=True,
            comment="Why the last try failed and what to do, as a sentence; null when it did not.",
        ),
        sa.Column(
            "listed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the last whole listing was taken; a failed one is never an empty one.",
        ),
        sa.Column(
            "machines",
            sa.Integer(),
            nullable=True,
            comment="Running machines with the paid image in the last whole listing.",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["core.buyers.account_id"], name=op.f("machine_listings_account_id_fkey")
        ),
        sa.PrimaryKeyConstraint("account_id", "region", name=op.f("machine_listings_pkey")),
        schema="metering",
        comment="When a buyer's machines in a region were last listed.",
    )
    op.create_table(
        "marketplace_charges",
        sa.Column("billing_cycle", sa.Text(), nullable=False, comment="YYYY-MM in UTC+8, as BSS names it."),
        sa.Column("marketplace_instance_id", sa.Text(), nullable=False, comment="Marketplace instance charged."),
        sa.Column(
            "item", sa.Text(), nullable=False, comment="SubscriptionOrder, PayAsYouGoBill, Refund or Adjustment."
        ),
        sa.Column("currency", sa.Text(), nullable=False, comment="ISO 4217 code."),
        sa.Column("account_id", sa.Text(), nullable=False, comment="Buyer on whose bill it is."),
        sa.Column("gross_amount", sa.Numeric(), nullable=False, comment="PretaxGrossAmount: before discounts."),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="PretaxAmount: payable."),
        sa.Column(
            "fetched_at", sa.DateTime(timezone=True), nullable=False, comment="Logical time of the run that fetched it."
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["core.buyers.account_id"], name=op.f("marketplace_charges_account_id_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "billing_cycle", "marketplace_instance_id", "item", "currency", name=op.f("marketplace_charges_pkey")
        ),
        schema="settlement",
        comment="The Marketplace's charges per instance and cycle, from BSS.",
    )
    op.create_index(
        "marketplace_charges_by_buyer",
        "marketplace_charges",
        ["billing_cycle", "account_id"],
        unique=False,
        schema="settlement",
    )
    op.create_table(
        "marketplace_fetches",
        sa.Column("billing_cycle", sa.Text(), nullable=False, comment="YYYY-MM in UTC+8, as BSS names it."),
        sa.Column("account_id", sa.Text(), nullable=False, comment="Buyer whose bill was asked."),
        sa.Column(
            "tried_at", sa.DateTime(timezone=True), nullable=False, comment="Logical time of the run that asked last."
        ),
        sa.Column(
            "failure", sa.Text(), nullable=True, comment="Why the last try failed and what to do; null when it came."
        ),
        sa.Column(
            "fetched_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Logical time of the last run that got the whole bill; null when none did.",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["core.buyers.account_id"], name=op.f("marketplace_fetches_account_id_fkey")
        ),
        sa.PrimaryKeyConstraint("billing_cycle", "account_id", name=op.f("marketplace_fetches_pkey")),
        schema="settlement",
        comment="Whether a buyer's Marketplace bill was got: a bill that was not got is not an empty bill.",
    )
    op.create_table(
        "bills",
        sa.Column("bill_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column("bill_id", sa.Text(), nullable=False, comment="Public id: period and subscription."),
        sa.Column("subscription_key", sa.BigInteger(), nullable=False, comment="Subscription."),
        sa.Column("period", sa.Text(), nullable=False, comment="Billing period, YYYY-MM in the plan's time zone."),
        sa.Column(
            "period_start",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Start of the billing period (inclusive).",
        ),
        sa.Column(
            "period_end", sa.DateTime(timezone=True), nullable=False, comment="End of the billing period (exclusive)."
        ),
        sa.Column("price_plan", sa.Text(), nullable=False, comment="Name of the price plan."),
        sa.Column("currency", sa.Text(), nullable=False, comment="ISO 4217 code."),
        sa.Column("state", sa.Text(), nullable=False, comment="draft, held, issued, settled or void."),
        sa.Column("aku_seconds", sa.BigInteger(), nullable=False, comment="AKU-seconds on the bill."),
        sa.Column("subtotal", sa.Numeric(), nullable=False, comment="Sum of the lines' rounded amounts."),
        sa.Column("tax", sa.Numeric(), nullable=False, comment="Tax on the subtotal."),
        sa.Column("total", sa.Numeric(), nullable=False, comment="What is payable: subtotal and tax."),
        sa.Column(
            "fingerprint", sa.Text(), nullable=False, comment="SHA-256 over the bill's inputs and amounts, in hex."
        ),
        sa.Column(
            "drafted_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Logical time of the run that made the draft.",
        ),
        sa.Column(
            "issued_at", sa.DateTime(timezone=True), nullable=True, comment="Logical time of the run that issued it."
        ),
        sa.Column(
            "settled_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the Marketplace's bill agreed with it.",
        ),
        sa.CheckConstraint(
            "(state IN ('issued', 'settled')) = (issued_at IS NOT NULL)", name=op.f("bills_issued_at_check")
        ),
        sa.CheckConstraint("state IN ('draft', 'held', 'issued', 'settled', 'void')", name=op.f("bills_state_check")),
        sa.CheckConstraint("total = subtotal + tax", name=op.f("bills_total_check")),
        sa.ForeignKeyConstraint(
            ["subscription_key"], ["core.subscriptions.subscription_key"], name=op.f("bills_subscription_key_fkey")
        ),
        sa.PrimaryKeyConstraint("bill_key", name=op.f("bills_pkey")),
        sa.UniqueConstraint("bill_id", name=op.f("bills_bill_id_unique")),
        schema="billing",
        comment="One bill per subscription and billing period.",
    )
    op.create_index("bills_by_period", "bills", ["period"], unique=False, schema="billing")
    op.create_index(
        "bills_one_per_period",
        "bills",
        ["subscription_key", "period_start"],
        unique=True,
        schema="billing",
        postgresql_where=sa.text("state <> 'void'"),
    )
    op.create_table(
        "price_tiers",
        sa.Column("version_key", sa.BigInteger(), nullable=False, comment="Version."),
        sa.Column("tier", sa.Integer(), autoincrement=False, nullable=False, comment="Number of the tier, from 1."),
        sa.Column(
            "up_to", sa.Numeric(), nullable=True, comment="Last AKU-hour of the tier (inclusive); null is without end."
        ),
        sa.Column("unit_price", sa.Numeric(), nullable=False, comment="Price per AKU-hour."),
        sa.Column("flat_fee", sa.Numeric(), nullable=False, comment="Fee when the tier is reached."),
        sa.Column(
            "price_scale",
            sa.Integer(),
            nullable=False,
            comment="Decimal places that make unit price and rounded amounts whole numbers.",
        ),
        sa.Column(
            "scaled_price",
            sa.BigInteger(),
            nullable=False,
            comment="unit_price × 10^price_scale, for exact integer arithmetic.",
        ),
        sa.CheckConstraint("price_scale BETWEEN 0 AND 12", name=op.f("price_tiers_price_scale_check")),
        sa.CheckConstraint("scaled_price BETWEEN 0 AND 25000000000", name=op.f("price_tiers_scaled_price_check")),
        sa.ForeignKeyConstraint(
            ["version_key"], ["billing.price_plan_versions.version_key"], name=op.f("price_tiers_version_key_fkey")
        ),
        sa.PrimaryKeyConstraint("version_key", "tier", name=op.f("price_tiers_pkey")),
        schema="billing",
        comment="Prices by range of AKU-hours.",
    )
    op.create_table(
        "environments",
        sa.Column(
            "environment_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."
        ),
        sa.Column(
            "environment_id",
            sa.Text(),
            nullable=False,
            comment="Id that the console knows itself by (X-automq-environment-id).",
        ),
        sa.Column(
            "subscription_key",
            sa.BigInteger(),
            nullable=False,
            comment="Subscription; each has exactly one environment.",
        ),
        sa.Column("console_url", sa.Text(), nullable=False, comment="Base URL of the environment console."),
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            comment="registered, verified (the console answered), metered (polled), or released.",
        ),
        sa.Column(
            "shard", sa.Integer(), nullable=False, comment="Which of the fixed number of polling shards asks it."
        ),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False, comment="When it was registered."),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True, comment="When its console first answered."),
        sa.CheckConstraint(
            "state IN ('registered', 'verified', 'metered', 'released')", name=op.f("environments_state_check")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_key"],
            ["core.subscriptions.subscription_key"],
            name=op.f("environments_subscription_key_fkey"),
        ),
        sa.PrimaryKeyConstraint("environment_key", name=op.f("environments_pkey")),
        sa.UniqueConstraint("environment_id", name=op.f("environments_environment_id_unique")),
        sa.UniqueConstraint("subscription_key", name=op.f("environments_subscription_key_unique")),
        schema="core",
        comment="The deployment of one subscription: one console, one network.",
    )
    op.create_table(
        "licences",
        sa.Column("licence_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column("subscription_key", sa.BigInteger(), nullable=False, comment="Subscription."),
        sa.Column("term_start", sa.DateTime(timezone=True), nullable=False, comment="Start of the term (inclusive)."),
        sa.Column("term_end", sa.DateTime(timezone=True), nullable=False, comment="End of the term (exclusive)."),
        sa.Column(
            "term_months",
            sa.Integer(),
            nullable=False,
            comment="Length of the term in calendar months of the plan's time zone.",
        ),
        sa.Column("capacity_aku", sa.Integer(), nullable=False, comment="Licensed capacity in AKU."),
        sa.Column(
            "price",
            sa.Numeric(),
            nullable=False,
            comment="Price of the whole term, from the price plan in force at its start.",
        ),
        sa.Column("currency", sa.Text(), nullable=False, comment="ISO 4217 code."),
        sa.Column("auto_renew", sa.Boolean(), nullable=False, comment="Whether the next term follows by itself."),
        sa.CheckConstraint("capacity_aku > 0", name=op.f("licences_capacity_check")),
        sa.CheckConstraint("price >= 0", name=op.f("licences_price_check")),
        sa.CheckConstraint("term_start < term_end", name=op.f("licences_term_check")),
        sa.ForeignKeyConstraint(
            ["subscription_key"], ["core.subscriptions.subscription_key"], name=op.f("licences_subscription_key_fkey")
        ),
        sa.PrimaryKeyConstraint("licence_key", name=op.f("licences_pkey")),
        sa.UniqueConstraint("subscription_key", "term_start", name=op.f("licences_subscription_key_term_start_unique")),
        schema="core",
        comment="Prepaid licences, one row per term.",
    )
    op.create_table(
        "onboarding_steps",
        sa.Column("subscription_key", sa.BigInteger(), nullable=False, comment="Subscription."),
        sa.Column("attempt", sa.Integer(), nullable=False, comment="Attempt of the subscription."),
        sa.Column("step", sa.Text(), nullable=False, comment="Name of the step, as the DAG's task."),
        sa.Column("outcome", sa.Text(), nullable=False, comment="started (a call may be under way), done or failed."),
        sa.Column("detail", sa.Text(), nullable=True, comment="What happened, as a sentence; no secrets."),
        sa.Column(
            "result",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="Ids the step yielded.",
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, comment="When it was recorded."),
        sa.Column(
            "tries", sa.BigInteger(), server_default="1", nullable=False, comment="How often the step was begun."
        ),
        sa.CheckConstraint("outcome IN ('started', 'done', 'failed')", name=op.f("onboarding_steps_outcome_check")),
        sa.ForeignKeyConstraint(
            ["subscription_key"],
            ["core.subscriptions.subscription_key"],
            name=op.f("onboarding_steps_subscription_key_fkey"),
        ),
        sa.PrimaryKeyConstraint("subscription_key", "attempt", "step", name=op.f("onboarding_steps_pkey")),
        schema="core",
        comment="What onboarding did, step by step; the ledger for calls that can not be repeated blindly.",
    )
    op.create_table(
        "reconciliations",
        sa.Column("subscription_key", sa.BigInteger(), nullable=False, comment="Subscription."),
        sa.Column("period", sa.Text(), nullable=False, comment="Billing period, YYYY-MM."),
        sa.Column("bill_key", sa.BigInteger(), nullable=True, comment="Our bill, if there is one."),
        sa.Column(
            "our_amount",
            sa.Numeric(),
            nullable=True,
            comment="Subtotal of our bill: the Marketplace's charges are before tax, too.",
        ),
        sa.Column("marketplace_amount", sa.Numeric(), nullable=True, comment="Sum of the Marketplace's charges."),
        sa.Column("difference", sa.Numeric(), nullable=False, comment="Marketplace's minus ours."),
        sa.Column("currency", sa.Text(), nullable=False, comment="ISO 4217 code."),
        sa.Column(
            "hours_charged",
            sa.Integer(),
            nullable=False,
            comment="Hours of usage on our side; each may differ by less than 0.01 through rounding.",
        ),
        sa.Column(
            "verdict",
            sa.Text(),
            nullable=False,
            comment="agrees, differs_by_rounding, differs, missing_here or missing_there.",
        ),
        sa.Column("sentence", sa.Text(), nullable=False, comment="The verdict in words."),
        sa.Column(
            "is_final",
            sa.Boolean(),
            nullable=False,
            comment="Whether the Marketplace's bill was final (day 3, 12:00, UTC+8) when it was fetched.",
        ),
        sa.Column(
            "checked_at", sa.DateTime(timezone=True), nullable=False, comment="Logical time of the run that compared."
        ),
        sa.CheckConstraint(
            "verdict IN ('agrees', 'differs_by_rounding', 'differs', 'missing_here', 'missing_there')",
            name=op.f("reconciliations_verdict_check"),
        ),
        sa.ForeignKeyConstraint(
            ["subscription_key"],
            ["core.subscriptions.subscription_key"],
            name=op.f("reconciliations_subscription_key_fkey"),
        ),
        sa.PrimaryKeyConstraint("subscription_key", "period", name=op.f("reconciliations_pkey")),
        schema="settlement",
        comment="Our bill against the Marketplace's, per subscription and period.",
    )
    op.create_table(
        "bill_findings",
        sa.Column("bill_key", sa.BigInteger(), nullable=False, comment="Bill."),
        sa.Column("finding", sa.Text(), nullable=False, comment="Short name of the claim that does not hold."),
        sa.Column("sentence", sa.Text(), nullable=False, comment="What was found, and what to do."),
        sa.Column(
            "found_at", sa.DateTime(timezone=True), nullable=False, comment="Logical time of the run that found it."
        ),
        sa.ForeignKeyConstraint(["bill_key"], ["billing.bills.bill_key"], name=op.f("bill_findings_bill_key_fkey")),
        sa.PrimaryKeyConstraint("bill_key", "finding", name=op.f("bill_findings_pkey")),
        schema="billing",
        comment="Why a bill is held.",
    )
    op.create_table(
        "bill_lines",
        sa.Column("bill_key", sa.BigInteger(), nullable=False, comment="Bill."),
        sa.Column(
            "line_no",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="Number of the line on the bill, from 1.",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="usage, licence."),
        sa.Column("tier", sa.Integer(), nullable=True, comment="Tier that the usage fell into; null for other kinds."),
        sa.Column("description", sa.Text(), nullable=False, comment="What is charged, for the customer."),
        sa.Column(
            "line_start",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Start of what the line covers (inclusive).",
        ),
        sa.Column(
            "line_end", sa.DateTime(timezone=True), nullable=False, comment="End of what the line covers (exclusive)."
        ),
        sa.Column(
            "aku_seconds", sa.BigInteger(), nullable=False, comment="AKU-seconds charged by the line; 0 for licences."
        ),
        sa.Column(
            "quantity",
            sa.Numeric(),
            nullable=False,
            comment="Charged quantity: AKU-hours for usage, AKU × months for licences.",
        ),
        sa.Column("unit", sa.Text(), nullable=False, comment="AKU-hour or AKU-month."),
        sa.Column("unit_price", sa.Numeric(), nullable=False, comment="Price per unit."),
        sa.Column(
            "exact_amount", sa.Numeric(), nullable=False, comment="Quantity × price before any rounding, to 9 places."
        ),
        sa.Column(
            "amount",
            sa.Numeric(),
            nullable=False,
            comment="Rounded amount; what rounding took is exact_amount - amount.",
        ),
        sa.Column("version_key", sa.BigInteger(), nullable=True, comment="Price plan version."),
        sa.ForeignKeyConstraint(["bill_key"], ["billing.bills.bill_key"], name=op.f("bill_lines_bill_key_fkey")),
        sa.PrimaryKeyConstraint("bill_key", "line_no", name=op.f("bill_lines_pkey")),
        schema="billing",
        comment="Rounded, explained amounts of bills.",
    )
    op.create_table(
        "environment_credentials",
        sa.Column("environment_key", sa.BigInteger(), nullable=False, comment="Environment."),
        sa.Column("access_key_id", sa.Text(), nullable=False, comment="Access key id of the console."),
        sa.Column(
            "secret_ciphertext",
            sa.LargeBinary(),
            nullable=False,
            comment="Console secret, encrypted by the vault's key.",
        ),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False, comment="When this credential was stored."),
        sa.ForeignKeyConstraint(
            ["environment_key"],
            ["core.environments.environment_key"],
            name=op.f("environment_credentials_environment_key_fkey"),
        ),
        sa.PrimaryKeyConstraint("environment_key", name=op.f("environment_credentials_pkey")),
        schema="core",
        comment="How consoles are asked. Not readable by analysts.",
    )
    op.create_table(
        "instances",
        sa.Column("instance_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column("instance_id", sa.Text(), nullable=False, comment="Kafka instance id as the console gives it."),
        sa.Column("environment_key", sa.BigInteger(), nullable=False, comment="Environment."),
        sa.Column("subscription_key", sa.BigInteger(), nullable=False, comment="Subscription."),
        sa.Column("name", sa.Text(), nullable=True, comment="Name at last sight."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the console says it was created; null when only history knows it.",
        ),
        sa.Column(
            "first_seen_at", sa.DateTime(timezone=True), nullable=False, comment="First reading or imported hour."
        ),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False, comment="Last reading or imported hour."),
        sa.ForeignKeyConstraint(
            ["environment_key"], ["core.environments.environment_key"], name=op.f("instances_environment_key_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_key"], ["core.subscriptions.subscription_key"], name=op.f("instances_subscription_key_fkey")
        ),
        sa.PrimaryKeyConstraint("instance_key", name=op.f("instances_pkey")),
        sa.UniqueConstraint("instance_id", name=op.f("instances_instance_id_unique")),
        schema="core",
        comment="Kafka clusters: the thing that is metered.",
    )
    op.create_index("instances_by_environment", "instances", ["environment_key"], unique=False, schema="core")
    op.create_table(
        "alarms",
        sa.Column("alarm_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column("environment_key", sa.BigInteger(), nullable=False, comment="Environment."),
        sa.Column("kind", sa.Text(), nullable=False, comment="silent, dropped_to_zero or unusual_total."),
        sa.Column(
            "since",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="What it counts from: the last answer (silent), the first answer with 0 AKU (dropped_to_zero), the start of the hour (unusual_total). Names the alarm, so that judging the same again opens no second one.",
        ),
        sa.Column("sentence", sa.Text(), nullable=False, comment="What is wrong, as operators are told."),
        sa.Column(
            "observed",
            sa.BigInteger(),
            nullable=True,
            comment="What was seen: AKU, or AKU-seconds of the hour; null when silent.",
        ),
        sa.Column(
            "expected",
            sa.BigInteger(),
            nullable=True,
            comment="What it was held against: AKU before, or the median of AKU-seconds; null when silent.",
        ),
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), nullable=False, comment="Logical time of the run that opened it."
        ),
        sa.Column(
            "closed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Logical time of the run that found it over; null while it is on.",
        ),
        sa.Column("closing_sentence", sa.Text(), nullable=True, comment="How it ended, as operators are told."),
        sa.CheckConstraint("kind IN ('silent', 'dropped_to_zero', 'unusual_total')", name=op.f("alarms_kind_check")),
        sa.CheckConstraint("(closed_at IS NULL) = (closing_sentence IS NULL)", name=op.f("alarms_closed_check")),
        sa.CheckConstraint("opened_at < closed_at", name=op.f("alarms_life_check")),
        sa.ForeignKeyConstraint(
            ["environment_key"], ["core.environments.environment_key"], name=op.f("alarms_environment_key_fkey")
        ),
        sa.PrimaryKeyConstraint("alarm_key", name=op.f("alarms_pkey")),
        sa.UniqueConstraint("environment_key", "kind", "since", name=op.f("alarms_environment_key_kind_since_unique")),
        schema="metering",
        comment="Environments that fell silent, dropped to zero, or used unusually much or little; on until they are over.",
    )
    op.create_index(
        "alarms_one_on_at_a_time",
        "alarms",
        ["environment_key", "kind"],
        unique=True,
        schema="metering",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "failing_consoles",
        sa.Column(
            "environment_key",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Environment whose console fails.",
        ),
        sa.Column("failed_runs", sa.Integer(), nullable=False, comment="Failed polls in a row, since its last answer."),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=False, comment="Instant of the first of them."),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=False, comment="Instant of the last of them."),
        sa.Column("cause", sa.Text(), nullable=False, comment="Cause of the last of them, as in metering.polls."),
        sa.CheckConstraint("failed_runs > 0", name=op.f("failing_consoles_failed_runs_check")),
        sa.CheckConstraint("failing_since <= last_failed_at", name=op.f("failing_consoles_order_check")),
        sa.ForeignKeyConstraint(
            ["environment_key"],
            ["core.environments.environment_key"],
            name=op.f("failing_consoles_environment_key_fkey"),
        ),
        sa.PrimaryKeyConstraint("environment_key", name=op.f("failing_consoles_pkey")),
        schema="metering",
        comment="Consoles whose latest poll failed. After several in a row they are asked less often; an answer ends it.",
    )
    op.create_table(
        "machine_findings",
        sa.Column("finding_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="machine_without_instance, instance_without_machines or unregistered_environment.",
        ),
        sa.Column("account_id", sa.Text(), nullable=False, comment="Buyer."),
        sa.Column("region", sa.Text(), nullable=False, comment="Cloud region."),
        sa.Column(
            "environment_id",
            sa.Text(),
            nullable=False,
            comment="Environment; for unregistered ones what the machines' tags name (service instance, else environment), or empty.",
        ),
        sa.Column(
            "instance_id",
            sa.Text(),
            nullable=False,
            comment="Kafka instance; empty when the machines' tags name none, and for unregistered environments.",
        ),
        sa.Column(
            "environment_key", sa.BigInteger(), nullable=True, comment="Environment; null for unregistered ones."
        ),
        sa.Column(
            "machines",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="Different machines concerned; 0 for an instance without machines.",
        ),
        sa.Column(
            "machine_hours",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Machine hours in question: hours in which each machine was seen; for an instance without machines the hours in which none was.",
        ),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False, comment="First listing that disagreed."),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False, comment="Last listing that disagreed."),
        sa.Column(
            "state", sa.Text(), server_default="open", nullable=False, comment="open, or resolved (it is no longer so)."
        ),
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), nullable=False, comment="Logical time of the run that found it."
        ),
        sa.Column(
            "resolved_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Logical time of the run that found it gone.",
        ),
        sa.CheckConstraint(
            "kind IN ('machine_without_instance', 'instance_without_machines', 'unregistered_environment')",
            name=op.f("machine_findings_kind_check"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'resolved') AND (state = 'resolved') = (resolved_at IS NOT NULL)",
            name=op.f("machine_findings_state_check"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["core.buyers.account_id"], name=op.f("machine_findings_account_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["environment_key"],
            ["core.environments.environment_key"],
            name=op.f("machine_findings_environment_key_fkey"),
        ),
        sa.PrimaryKeyConstraint("finding_key", name=op.f("machine_findings_pkey")),
        schema="metering",
        comment="What disagrees between running machines with the paid image and metered instances.",
    )
    op.create_index(
        "machine_findings_one_open",
        "machine_findings",
        ["kind", "account_id", "region", "environment_id", "instance_id"],
        unique=True,
        schema="metering",
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "machines",
        sa.Column("machine_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column("machine_id", sa.Text(), nullable=False, comment="ECS instance id."),
        sa.Column("account_id", sa.Text(), nullable=False, comment="Buyer that runs it."),
        sa.Column("region", sa.Text(), nullable=False, comment="Cloud region."),
        sa.Column("image_id", sa.Text(), nullable=False, comment="Image that it runs: a paid one."),
        sa.Column("instance_type", sa.Text(), nullable=True, comment="Its size, as the cloud names it."),
        sa.Column(
            "service_instance_tag",
            sa.Text(),
            nullable=True,
            comment="Compute Nest service instance that its tags name.",
        ),
        sa.Column("environment_tag", sa.Text(), nullable=True, comment="Environment that its tags name."),
        sa.Column("instance_tag", sa.Text(), nullable=True, comment="Kafka instance that its tags name."),
        sa.Column(
            "environment_key",
            sa.BigInteger(),
            nullable=True,
            comment="Environment that it belongs to; null while none is registered for it.",
        ),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), nullable=False, comment="When the cloud says it was created."
        ),
        sa.Column(
            "first_seen_at", sa.DateTime(timezone=True), nullable=False, comment="First listing that showed it running."
        ),
        sa.Column(
            "last_seen_at", sa.DateTime(timezone=True), nullable=False, comment="Last listing that showed it running."
        ),
        sa.ForeignKeyConstraint(["account_id"], ["core.buyers.account_id"], name=op.f("machines_account_id_fkey")),
        sa.ForeignKeyConstraint(
            ["environment_key"], ["core.environments.environment_key"], name=op.f("machines_environment_key_fkey")
        ),
        sa.PrimaryKeyConstraint("machine_key", name=op.f("machines_pkey")),
        sa.UniqueConstraint("machine_id", name=op.f("machines_machine_id_unique")),
        schema="metering",
        comment="Machines that ran the paid image, whoever started them.",
    )
    op.create_index("machines_by_place", "machines", ["account_id", "region"], unique=False, schema="metering")
    op.create_table(
        "rejections",
        sa.Column("rejection_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column("source", sa.Text(), nullable=False, comment="reading or import."),
        sa.Column(
            "natural_key",
            sa.Text(),
            nullable=False,
            comment="Where it comes from and what it is, so that the same one is kept once.",
        ),
        sa.Column("rule", sa.Text(), nullable=False, comment="Short name of the rule it breaks."),
        sa.Column("sentence", sa.Text(), nullable=False, comment="What was wrong, with the value, and what to do."),
        sa.Column("payload", postgresql.JSONB(), nullable=False, comment="The data as it came."),
        sa.Column("environment_key", sa.BigInteger(), nullable=True, comment="Environment, for readings."),
        sa.Column("import_key", sa.BigInteger(), nullable=True, comment="Import, for imported rows."),
        sa.Column("row_number", sa.Integer(), nullable=True, comment="Row of the file, from 1, for imported rows."),
        sa.Column(
            "rejected_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Instant of the poll, or logical time of the import's run.",
        ),
        sa.ForeignKeyConstraint(
            ["environment_key"], ["core.environments.environment_key"], name=op.f("rejections_environment_key_fkey")
        ),
        sa.PrimaryKeyConstraint("rejection_key", name=op.f("rejections_pkey")),
        sa.UniqueConstraint("natural_key", name=op.f("rejections_natural_key_unique")),
        schema="metering",
        comment="Data that broke a rule: kept, counted, never used.",
    )
    op.create_index("rejections_by_environment", "rejections", ["environment_key"], unique=False, schema="metering")
    op.create_index("rejections_by_import", "rejections", ["import_key", "row_number"], unique=False, schema="metering")
    op.create_table(
        "pending_adjustments",
        sa.Column(
            "adjustment_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."
        ),
        sa.Column("bill_key", sa.BigInteger(), nullable=False, comment="Issued bill that has the hour."),
        sa.Column("subscription_key", sa.BigInteger(), nullable=False, comment="Subscription."),
        sa.Column("environment_key", sa.BigInteger(), nullable=False, comment="Environment."),
        sa.Column("instance_key", sa.BigInteger(), nullable=False, comment="Instance."),
        sa.Column("hour_start", sa.DateTime(timezone=True), nullable=False, comment="Start of the UTC hour."),
        sa.Column(
            "aku_seconds_before",
            sa.BigInteger(),
            nullable=False,
            comment="AKU-seconds as billed: on the bill, and after the adjustments applied since.",
        ),
        sa.Column("aku_seconds_after", sa.BigInteger(), nullable=False, comment="AKU-seconds as known now."),
        sa.Column(
            "cause", sa.Text(), nullable=False, comment="late_answer or closed_again; see metering.usage_revisions."
        ),
        sa.Column(
            "found_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Logical time of the run that found this difference.",
        ),
        sa.Column(
            "state",
            sa.Text(),
            server_default="pending",
            nullable=False,
            comment="pending, applied (on a later document) or withdrawn (it is as billed after all).",
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True, comment="When it was applied or withdrawn."),
        sa.CheckConstraint(
            "(state = 'pending') = (settled_at IS NULL)", name=op.f("pending_adjustments_settled_at_check")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'applied', 'withdrawn')", name=op.f("pending_adjustments_state_check")
        ),
        sa.CheckConstraint(
            "aku_seconds_before <> aku_seconds_after", name=op.f("pending_adjustments_difference_check")
        ),
        sa.ForeignKeyConstraint(
            ["bill_key"], ["billing.bills.bill_key"], name=op.f("pending_adjustments_bill_key_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["instance_key"], ["core.instances.instance_key"], name=op.f("pending_adjustments_instance_key_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_key"],
            ["core.subscriptions.subscription_key"],
            name=op.f("pending_adjustments_subscription_key_fkey"),
        ),
        sa.PrimaryKeyConstraint("adjustment_key", name=op.f("pending_adjustments_pkey")),
        schema="billing",
        comment="Usage of hours on issued bills that turned out otherwise: what corrections are made of.",
    )
    op.create_index(
        "pending_adjustments_by_bill", "pending_adjustments", ["bill_key", "hour_start"], unique=False, schema="billing"
    )
    op.create_index(
        "pending_adjustments_one_per_hour",
        "pending_adjustments",
        ["hour_start", "instance_key"],
        unique=True,
        schema="billing",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "alarm_tellings",
        sa.Column("alarm_key", sa.BigInteger(), nullable=False, comment="Alarm."),
        sa.Column("transition", sa.Text(), nullable=False, comment="opened or closed."),
        sa.Column(
            "claimed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Logical time of the run that took it upon itself to tell; entered before anything is sent.",
        ),
        sa.Column(
            "told_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Logical time of the run that told it; null when it is not known to have arrived.",
        ),
        sa.Column(
            "failure", sa.Text(), nullable=True, comment="Why telling failed, as a sentence; it is not tried again."
        ),
        sa.CheckConstraint("transition IN ('opened', 'closed')", name=op.f("alarm_tellings_transition_check")),
        sa.CheckConstraint("told_at IS NULL OR failure IS NULL", name=op.f("alarm_tellings_outcome_check")),
        sa.ForeignKeyConstraint(
            ["alarm_key"], ["metering.alarms.alarm_key"], name=op.f("alarm_tellings_alarm_key_fkey")
        ),
        sa.PrimaryKeyConstraint("alarm_key", "transition", name=op.f("alarm_tellings_pkey")),
        schema="metering",
        comment="Ledger of what operators were told: each transition of an alarm at most once.",
    )
    op.create_table(
        "gaps",
        sa.Column("gap_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column("environment_key", sa.BigInteger(), nullable=False, comment="Environment."),
        sa.Column(
            "instance_key",
            sa.BigInteger(),
            nullable=True,
            comment="Instance; null when the whole environment was silent.",
        ),
        sa.Column(
            "gap_start", sa.DateTime(timezone=True), nullable=False, comment="Start of the time not known (inclusive)."
        ),
        sa.Column(
            "gap_end", sa.DateTime(timezone=True), nullable=False, comment="End of the time not known (exclusive)."
        ),
        sa.Column(
            "cause",
            sa.Text(),
            nullable=False,
            comment="Why it is not known: a failed poll's cause, not_asked, no_answer_yet, changed_in_silence, changed_before_first_poll, inconsistent_times or rejected_reading.",
        ),
        sa.Column(
            "state",
            sa.Text(),
            server_default="open",
            nullable=False,
            comment="open, resolved (better data came) or waived (by a person).",
        ),
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), nullable=False, comment="Logical time of the run that opened it."
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True, comment="When it was resolved or waived."),
        sa.Column("settled_by", sa.Text(), nullable=True, comment="Who waived it."),
        sa.Column("settled_reason", sa.Text(), nullable=True, comment="Why it was waived."),
        sa.CheckConstraint("state IN ('open', 'resolved', 'waived')", name=op.f("gaps_state_check")),
        sa.CheckConstraint("gap_start < gap_end", name=op.f("gaps_window_check")),
        sa.ForeignKeyConstraint(
            ["environment_key"], ["core.environments.environment_key"], name=op.f("gaps_environment_key_fkey")
        ),
        sa.ForeignKeyConstraint(["instance_key"], ["core.instances.instance_key"], name=op.f("gaps_instance_key_fkey")),
        sa.PrimaryKeyConstraint("gap_key", name=op.f("gaps_pkey")),
        schema="metering",
        comment="Time for which usage is not known. An open gap holds the bill.",
    )
    op.create_index(
        "gaps_one_per_silence",
        "gaps",
        ["environment_key", sa.literal_column("coalesce(instance_key, 0)"), "gap_start"],
        unique=True,
        schema="metering",
    )
    op.create_table(
        "machine_sightings",
        sa.Column("hour_start", sa.DateTime(timezone=True), nullable=False, comment="Start of the UTC hour."),
        sa.Column("machine_key", sa.BigInteger(), nullable=False, comment="Machine."),
        sa.Column(
            "observed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Last listing of that hour that showed it running.",
        ),
        sa.Column(
            "judged_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Logical time of the run that compared it; null until a poll after it exists.",
        ),
        sa.Column(
            "finding_key",
            sa.BigInteger(),
            nullable=True,
            comment="Finding that it belongs to; null when an instance accounts for it.",
        ),
        sa.ForeignKeyConstraint(
            ["finding_key"], ["metering.machine_findings.finding_key"], name=op.f("machine_sightings_finding_key_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["machine_key"], ["metering.machines.machine_key"], name=op.f("machine_sightings_machine_key_fkey")
        ),
        sa.PrimaryKeyConstraint("hour_start", "machine_key", name=op.f("machine_sightings_pkey")),
        schema="metering",
        comment="One machine with the paid image, seen running in one UTC hour.",
    )
    op.create_index(
        "machine_sightings_in_question",
        "machine_sightings",
        ["finding_key"],
        unique=False,
        schema="metering",
        postgresql_where=sa.text("finding_key IS NOT NULL"),
    )
    op.create_index(
        "machine_sightings_pending",
        "machine_sightings",
        ["machine_key"],
        unique=False,
        schema="metering",
        postgresql_where=sa.text("judged_at IS NULL"),
    )
