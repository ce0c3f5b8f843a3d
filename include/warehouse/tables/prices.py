"""Schema billing, its prices: published plans, and private offers. What is published or entered never changes."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint
from sqlalchemy import text as sql

from include.warehouse.tables.base import big, decimal, flag, instant, integer, json, key, metadata, text

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
    text(
        "hour_measure",
        "What of an hour's usage is charged: time_weighted (AKU-seconds as metered), peak (the hour's largest AKU for "
        "all of it) or started_hour (the mean AKU in use for all of it).",
        server_default="time_weighted",
    ),
    text("charge_every", "hour (each hour is charged and rounded) or period (rounded once per line)."),
    integer("rounding_digits", "Places that amounts are rounded to."),
    text("rounding_mode", "down, up, half_up or half_even."),
    text("model", "per_unit, graduated, volume or package."),
    flag("flat_fee_at_zero", "Whether the first tier's fee is due without usage.", server_default=sql("true")),
    big("package_aku_seconds", "Size of a package; null for other models.", nullable=True),
    big("included_aku_seconds", "Free in each billing period, taken before tiers.", server_default="0"),
    decimal("minimum_charge", "What a whole period costs at least, after discount, before tax.", nullable=True),
    decimal("maximum_charge", "What a whole period costs at most, after discount, before tax.", nullable=True),
    flag("is_prorated", "Whether minimum and maximum count by seconds of activity.", server_default=sql("false")),
    decimal("discount_percent", "Taken off everything but licences, 0 to 100.", server_default="0"),
    decimal("tax_rate", "On the sum of the rounded lines; a fraction.", server_default="0"),
    flag("tax_is_inclusive", "Whether the lines contain the tax.", server_default=sql("false")),
    decimal("licence_price_per_aku_month", "Price of a prepaid licence per AKU and month.", nullable=True),
    decimal("overage_price", "Price per AKU-hour above a licence's capacity; null: shown, not charged.", nullable=True),
    json("source", "The version as it stood in the plan's file."),
    UniqueConstraint("plan_key", "effective_from"),
    CheckConstraint("hour_measure IN ('time_weighted', 'peak', 'started_hour')", name="hour_measure"),
    CheckConstraint("charge_every IN ('hour', 'period')", name="charge_every"),
    CheckConstraint("rounding_mode IN ('down', 'up', 'half_up', 'half_even')", name="rounding_mode"),
    CheckConstraint("rounding_digits BETWEEN 0 AND 6", name="rounding_digits"),
    CheckConstraint("model IN ('per_unit', 'graduated', 'volume', 'package')", name="model"),
    CheckConstraint("(model = 'package') = (package_aku_seconds IS NOT NULL)", name="package"),
    CheckConstraint("package_aku_seconds > 0", name="package_size"),
    CheckConstraint("included_aku_seconds >= 0", name="included"),
    CheckConstraint("0 <= minimum_charge AND minimum_charge <= maximum_charge", name="minimum"),
    CheckConstraint("discount_percent BETWEEN 0 AND 100", name="discount_percent"),
    CheckConstraint("tax_rate BETWEEN 0 AND 1", name="tax_rate"),
    schema="billing",
    comment="Versions of price plans; history is never rewritten.",
)

price_tiers = Table(
    "price_tiers",
    metadata,
    Column("version_key", ForeignKey("billing.price_plan_versions.version_key"), primary_key=True, comment="Version."),
    integer("tier", "Number of the tier, from 1.", primary_key=True, autoincrement=False),
    decimal("up_to", "Last AKU-hour of the tier (inclusive); null is without end.", nullable=True),
    big("up_to_aku_seconds", "The same in AKU-seconds.", nullable=True),
    decimal("unit_price", "Price per AKU-hour, or per package; beside a licence, of usage above its capacity."),
    decimal("flat_fee", "Fee when the tier is reached."),
    integer("price_scale", "Decimal places that make unit price and rounded amounts whole numbers."),
    big("scaled_price", "unit_price × 10^price_scale, for exact integer arithmetic."),
    CheckConstraint("scaled_price BETWEEN 0 AND 25000000000", name="scaled_price"),
    CheckConstraint("price_scale BETWEEN 0 AND 12", name="price_scale"),
    schema="billing",
    comment="Prices by range of AKU-hours.",
)

price_fees = Table(
    "price_fees",
    metadata,
    Column("version_key", ForeignKey("billing.price_plan_versions.version_key"), primary_key=True, comment="Version."),
    integer("fee_no", "Number of the fee, from 1.", primary_key=True, autoincrement=False),
    text("name", "Name of the fee, for the customer."),
    decimal("amount", "Per billing period."),
    flag("is_prorated", "Whether it counts by seconds of activity."),
    CheckConstraint("amount >= 0", name="amount"),
    schema="billing",
    comment="What a plan charges each period besides AKU-hours.",
)

private_offers = Table(
    "private_offers",
    metadata,
    key("offer_key", "Surrogate key."),
    Column(
        "subscription_key", ForeignKey("core.subscriptions.subscription_key"), nullable=False, comment="Subscription."
    ),
    instant("effective_from", "From when it holds (inclusive)."),
    instant("effective_until", "Until when it holds (exclusive); null is without end.", nullable=True),
    Column(
        "price_plan",
        ForeignKey("billing.price_plans.name"),
        nullable=True,
        comment="Plan in place of the subscription's own; null keeps its own.",
    ),
    decimal("discount_percent", "In place of the plan's discount, 0 to 100; null keeps the plan's.", nullable=True),
    text("reason", "Why, as the person who entered it said."),
    text("entered_by", "Who entered it."),
    instant("entered_at", "When it was entered. Where two offers hold at once, the one entered last counts."),
    text(
        "correction_id",
        "Correction that entered it, for the issued period that it corrects; null for an offer of its own.",
        nullable=True,
    ),
    CheckConstraint("effective_from < effective_until", name="effective"),
    CheckConstraint("discount_percent BETWEEN 0 AND 100", name="discount_percent"),
    UniqueConstraint("subscription_key", "effective_from", "entered_at"),
    Index("private_offers_by_subscription", "subscription_key", "effective_from"),
    schema="billing",
    comment="Terms of one subscription: its own plan or discount from an instant on. Entered, never changed.",
)

plan_comparisons = Table(
    "plan_comparisons",
    metadata,
    key("comparison_key", "Surrogate key."),
    text("run_id", "Run that compares; it asks once, however often its tasks run.", unique=True),
    text("period", "Billing period whose metered usage is priced, YYYY-MM."),
    text("first_plan", "Published plan that is compared."),
    text("second_plan", "The plan it is compared with."),
    text("asked_by", "Person or run that asked."),
    instant("asked_at", "When."),
    text("state", "running, done or failed.", server_default="running"),
    integer("plans_priced", "How many of the two plans the usage was priced by so far.", server_default="0"),
    text("failure", "Why it failed and what to do; null when it did not.", nullable=True),
    instant("ended_at", "When it was done or failed; null while it runs.", nullable=True),
    text("currency", "ISO 4217 code of all amounts; null until it is done.", nullable=True),
    CheckConstraint("state IN ('running', 'done', 'failed')", name="state"),
    CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended"),
    CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", name="failure"),
    CheckConstraint("(state = 'done') = (currency IS NOT NULL)", name="currency"),
    schema="billing",
    comment="What-if: a period's metered usage priced by two published plans. No bill is changed.",
)

plan_comparison_rows = Table(
    "plan_comparison_rows",
    metadata,
    Column(
        "comparison_key",
        ForeignKey("billing.plan_comparisons.comparison_key"),
        primary_key=True,
        comment="Comparison.",
    ),
    text("subscription_id", "Subscription with usage in the period.", primary_key=True),
    decimal("first_total", "What it would pay by the first plan, tax included."),
    decimal("second_total", "What it would pay by the second plan, tax included."),
    schema="billing",
    comment="What each subscription would have paid by the two plans of a comparison.",
)
