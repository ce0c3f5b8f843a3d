"""Schema billing: price plans, bills and their lines. Issued bills are protected by triggers (migrations/sql)."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint
from sqlalchemy import text as sql

from include.warehouse.tables.base import big, decimal, instant, integer, json, key, metadata, text

price_plans = Table(
    "price_plans",
    metadata,
    key("plan_key", "Surrogate key."),
    text("name", "Name of the plan.", unique=True),
    text("currency", "ISO 4217 code."),
    text("time_zone", "IANA zone whose calendar months are the billing periods."),
    schema="billing",
    comment="Price plans, published from files.",
)

price_plan_versions = Table(
    "price_plan_versions",
    metadata,
    key("version_key", "Surrogate key."),
    Column("plan_key", ForeignKey("billing.price_plans.plan_key"), nullable=False, comment="Plan."),
    instant("effective_from", "From when the version holds, until the next one."),
    text("charge_every", "hour (each hour is charged and rounded) or period (rounded once per line)."),
    integer("rounding_digits", "Places that amounts are rounded to."),
    text("rounding_mode", "down, up, half_up or half_even."),
    text("model", "per_unit."),
    decimal("licence_price_per_aku_month", "Price of a prepaid licence per AKU and month.", nullable=True),
    json("source", "The version as it stood in the plan's file."),
    UniqueConstraint("plan_key", "effective_from"),
    CheckConstraint("charge_every IN ('hour', 'period')", name="charge_every"),
    CheckConstraint("rounding_mode IN ('down', 'up', 'half_up', 'half_even')", name="rounding_mode"),
    CheckConstraint("rounding_digits BETWEEN 0 AND 6", name="rounding_digits"),
    schema="billing",
    comment="Versions of price plans; history is never rewritten.",
)

price_tiers = Table(
    "price_tiers",
    metadata,
    Column("version_key", ForeignKey("billing.price_plan_versions.version_key"), primary_key=True, comment="Version."),
    integer("tier", "Number of the tier, from 1.", primary_key=True, autoincrement=False),
    decimal("up_to", "Last AKU-hour of the tier (inclusive); null is without end.", nullable=True),
    decimal("unit_price", "Price per AKU-hour."),
    decimal("flat_fee", "Fee when the tier is reached."),
    integer("price_scale", "Decimal places that make unit price and rounded amounts whole numbers."),
    big("scaled_price", "unit_price × 10^price_scale, for exact integer arithmetic."),
    CheckConstraint("scaled_price BETWEEN 0 AND 25000000000", name="scaled_price"),
    CheckConstraint("price_scale BETWEEN 0 AND 12", name="price_scale"),
    schema="billing",
    comment="Prices by range of AKU-hours.",
)

bills = Table(
    "bills",
    metadata,
    key("bill_key", "Surrogate key."),
    text("bill_id", "Public id: period and subscription.", unique=True),
    Column(
        "subscription_key", ForeignKey("core.subscriptions.subscription_key"), nullable=False, comment="Subscription."
    ),
    text("period", "Billing period, YYYY-MM in the plan's time zone."),
    instant("period_start", "Start of the billing period (inclusive)."),
    instant("period_end", "End of the billing period (exclusive)."),
    text("price_plan", "Name of the price plan."),
    text("currency", "ISO 4217 code."),
    text("state", "draft, held, issued, settled or void."),
    big("aku_seconds", "AKU-seconds on the bill."),
    decimal("subtotal", "Sum of the lines' rounded amounts."),
    decimal("tax", "Tax on the subtotal."),
    decimal("total", "What is payable: subtotal and tax."),
    text("fingerprint", "SHA-256 over the bill's inputs and amounts, in hex."),
    instant("drafted_at", "Logical time of the run that made the draft."),
    instant("issued_at", "Logical time of the run that issued it.", nullable=True),
    instant("settled_at", "When the Marketplace's bill agreed with it.", nullable=True),
    CheckConstraint("state IN ('draft', 'held', 'issued', 'settled', 'void')", name="state"),
    CheckConstraint("(state IN ('issued', 'settled')) = (issued_at IS NOT NULL)", name="issued_at"),
    CheckConstraint("total = subtotal + tax", name="total"),
    Index(
        "bills_one_per_period", "subscription_key", "period_start", unique=True, postgresql_where=sql("state <> 'void'")
    ),
    Index("bills_by_period", "period"),
    schema="billing",
    comment="One bill per subscription and billing period.",
)

bill_lines = Table(
    "bill_lines",
    metadata,
    Column("bill_key", ForeignKey("billing.bills.bill_key"), primary_key=True, comment="Bill."),
    integer("line_no", "Number of the line on the bill, from 1.", primary_key=True, autoincrement=False),
    text("kind", "usage, licence."),
    integer("tier", "Tier that the usage fell into; null for other kinds.", nullable=True),
    text("description", "What is charged, for the customer."),
    instant("line_start", "Start of what the line covers (inclusive)."),
    instant("line_end", "End of what the line covers (exclusive)."),
    big("aku_seconds", "AKU-seconds charged by the line; 0 for licences."),
    decimal("quantity", "Charged quantity: AKU-hours for usage, AKU × months for licences."),
    text("unit", "AKU-hour or AKU-month."),
    decimal("unit_price", "Price per unit."),
    decimal("exact_amount", "Quantity × price before any rounding, to 9 places."),
    decimal("amount", "Rounded amount; what rounding took is exact_amount - amount."),
    big("version_key", "Price plan version.", nullable=True),
    schema="billing",
    comment="Rounded, explained amounts of bills.",
)

bill_findings = Table(
    "bill_findings",
    metadata,
    Column("bill_key", ForeignKey("billing.bills.bill_key"), primary_key=True, comment="Bill."),
    text("finding", "Short name of the claim that does not hold.", primary_key=True),
    text("sentence", "What was found, and what to do."),
    instant("found_at", "Logical time of the run that found it."),
    schema="billing",
    comment="Why a bill is held.",
)

pending_adjustments = Table(
    "pending_adjustments",
    metadata,
    key("adjustment_key", "Surrogate key."),
    Column("bill_key", ForeignKey("billing.bills.bill_key"), nullable=False, comment="Issued bill that has the hour."),
    Column(
        "subscription_key", ForeignKey("core.subscriptions.subscription_key"), nullable=False, comment="Subscription."
    ),
    big("environment_key", "Environment."),
    Column("instance_key", ForeignKey("core.instances.instance_key"), nullable=False, comment="Instance."),
    instant("hour_start", "Start of the UTC hour."),
    big("aku_seconds_before", "AKU-seconds as billed: on the bill, and after the adjustments applied since."),
    big("aku_seconds_after", "AKU-seconds as known now."),
    text("cause", "late_answer or closed_again (see metering.usage_revisions), or imported."),
    instant("found_at", "Logical time of the run that found this difference."),
    text(
        "state",
        "pending, applied (on a later document) or withdrawn (it is as billed after all).",
        server_default="pending",
    ),
    instant("settled_at", "When it was applied or withdrawn.", nullable=True),
    CheckConstraint("state IN ('pending', 'applied', 'withdrawn')", name="state"),
    CheckConstraint("(state = 'pending') = (settled_at IS NULL)", name="settled_at"),
    CheckConstraint("aku_seconds_before <> aku_seconds_after", name="difference"),
    Index(
        "pending_adjustments_one_per_hour",
        "hour_start",
        "instance_key",
        unique=True,
        postgresql_where=sql("state = 'pending'"),
    ),
    Index("pending_adjustments_by_bill", "bill_key", "hour_start"),
    schema="billing",
    comment="Usage of hours on issued bills that turned out otherwise: what corrections are made of.",
)
