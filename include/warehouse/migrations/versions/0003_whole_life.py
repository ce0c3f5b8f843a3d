"""Bills and their whole life: every price model, private offers, taxes, corrections, notes, waivers, events."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql" / "0003_whole_life"


def upgrade() -> None:
    change_tables()
    connection = op.get_bind()
    for path in sorted(_SQL.glob("*.sql")):
        connection.exec_driver_sql(path.read_text(encoding="utf-8"), execution_options={"no_parameters": True})


def change_tables() -> None:
    op.create_table(
        "bill_events",
        sa.Column("event_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column("bill_id", sa.Text(), nullable=False, comment="Bill; its drafts come and go, its story stays."),
        sa.Column("from_state", sa.Text(), nullable=True, comment="State before; null at its first draft."),
        sa.Column("to_state", sa.Text(), nullable=False, comment="State from then on."),
        sa.Column("who", sa.Text(), nullable=False, comment="The person, or the run that did it."),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why; null where nothing was asked."),
        sa.Column(
            "held_fingerprint",
            sa.Text(),
            nullable=True,
            comment=(
                "Where the bill began to wait for a person: fingerprint of the draft that waits; null for every other "
                "event."
            ),
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.PrimaryKeyConstraint("event_key", name=op.f("bill_events_pkey")),
        schema="billing",
        comment="Who brought which bill into which state, when and why. Written once, never changed.",
    )
    op.create_index("bill_events_by_bill", "bill_events", ["bill_id", "event_key"], unique=False, schema="billing")
    op.create_table(
        "rating_hours",
        sa.Column("subscription_key", sa.BigInteger(), autoincrement=False, nullable=False, comment="Subscription."),
        sa.Column("hour_start", sa.DateTime(timezone=True), nullable=False, comment="Start of the UTC hour."),
        sa.Column("aku_seconds", sa.BigInteger(), nullable=False, comment="AKU-seconds."),
        sa.PrimaryKeyConstraint("subscription_key", "hour_start", name=op.f("rating_hours_pkey")),
        schema="billing",
        comment="Working table of rating, empty outside a transaction: hours that count instead of the metered ones.",
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "rating_parts",
        sa.Column("subscription_key", sa.BigInteger(), nullable=False, comment="Subscription."),
        sa.Column("part_no", sa.Integer(), nullable=False, comment="Number of the part in the period, from 1."),
        sa.Column("part_start", sa.DateTime(timezone=True), nullable=False, comment="Start of the part (inclusive)."),
        sa.Column("part_end", sa.DateTime(timezone=True), nullable=False, comment="End of the part (exclusive)."),
        sa.Column(
            "version_key",
            sa.BigInteger(),
            nullable=True,
            comment="Price plan version in force; null where there is none.",
        ),
        sa.Column("discount_percent", sa.Numeric(), nullable=False, comment="Discount in force."),
        sa.Column(
            "active_seconds",
            sa.BigInteger(),
            nullable=False,
            comment="Seconds of the part in which the subscription is active.",
        ),
        sa.Column("is_whole", sa.Boolean(), nullable=False, comment="Whether the part is its whole period."),
        sa.Column(
            "counts_hours",
            sa.Boolean(),
            nullable=False,
            comment="Whether the subscription's hours are counted one after the other, see rate_count_hours.",
        ),
        sa.Column(
            "scaled_price",
            sa.BigInteger(),
            nullable=False,
            comment="Price of each hour's usage as a whole number, or 0 where hours have no amount of their own.",
        ),
        sa.Column(
            "divisor",
            sa.BigInteger(),
            nullable=False,
            comment="What AKU-seconds × scaled_price is divided by to have whole last places of an amount.",
        ),
        sa.Column(
            "addend", sa.BigInteger(), nullable=False, comment="What is added before that division, so that it rounds."
        ),
        sa.Column(
            "is_half_even", sa.Boolean(), nullable=False, comment="Whether exact halves go to the even neighbour."
        ),
        sa.Column(
            "most_aku_seconds",
            sa.BigInteger(),
            nullable=False,
            comment="AKU-seconds in an hour up to which that arithmetic stays within BIGINT.",
        ),
        schema="billing",
        comment="Working table of rating, empty outside a transaction: the period cut where a price changes.",
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "price_fees",
        sa.Column("version_key", sa.BigInteger(), nullable=False, comment="Version."),
        sa.Column("fee_no", sa.Integer(), autoincrement=False, nullable=False, comment="Number of the fee, from 1."),
        sa.Column("name", sa.Text(), nullable=False, comment="Name of the component, for the customer."),
        sa.Column("fee", sa.Numeric(), nullable=False, comment="Fee per billing period."),
        sa.Column("is_prorated", sa.Boolean(), nullable=False, comment="Whether it counts by seconds of activity."),
        sa.CheckConstraint("fee >= 0", name=op.f("price_fees_fee_check")),
        sa.ForeignKeyConstraint(
            ["version_key"], ["billing.price_plan_versions.version_key"], name=op.f("price_fees_version_key_fkey")
        ),
        sa.PrimaryKeyConstraint("version_key", "fee_no", name=op.f("price_fees_pkey")),
        schema="billing",
        comment="What a plan charges each period besides AKU-hours.",
    )
    op.create_table(
        "private_offers",
        sa.Column("offer_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column("subscription_key", sa.BigInteger(), nullable=False, comment="Subscription."),
        sa.Column(
            "effective_from", sa.DateTime(timezone=True), nullable=False, comment="From when it holds (inclusive)."
        ),
        sa.Column(
            "effective_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Until when it holds (exclusive); null is without end.",
        ),
        sa.Column(
            "price_plan",
            sa.Text(),
            nullable=True,
            comment="Plan in place of the subscription's own; null keeps its own.",
        ),
        sa.Column(
            "discount_percent",
            sa.Numeric(),
            nullable=True,
            comment="In place of the plan's discount, 0 to 100; null keeps the plan's.",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, as the person who entered it said."),
        sa.Column("entered_by", sa.Text(), nullable=False, comment="Who entered it."),
        sa.Column(
            "entered_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was entered. Where two offers hold at once, the one entered last counts.",
        ),
        sa.CheckConstraint("discount_percent BETWEEN 0 AND 100", name=op.f("private_offers_discount_percent_check")),
        sa.CheckConstraint("effective_from < effective_until", name=op.f("private_offers_effective_check")),
        sa.ForeignKeyConstraint(
            ["price_plan"], ["billing.price_plans.name"], name=op.f("private_offers_price_plan_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_key"],
            ["core.subscriptions.subscription_key"],
            name=op.f("private_offers_subscription_key_fkey"),
        ),
        sa.PrimaryKeyConstraint("offer_key", name=op.f("private_offers_pkey")),
        sa.UniqueConstraint(
            "subscription_key",
            "effective_from",
            "entered_at",
            name=op.f("private_offers_subscription_key_effective_from_entered_at_unique"),
        ),
        schema="billing",
        comment="Terms of one subscription: its own plan or discount from an instant on. Entered, never changed.",
    )
    op.create_index(
        "private_offers_by_subscription",
        "private_offers",
        ["subscription_key", "effective_from"],
        unique=False,
        schema="billing",
    )
    op.create_table(
        "waivers",
        sa.Column("waiver_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."),
        sa.Column("subscription_key", sa.BigInteger(), nullable=False, comment="Subscription."),
        sa.Column("period", sa.Text(), nullable=False, comment="Billing period, YYYY-MM."),
        sa.Column("finding", sa.Text(), nullable=False, comment="Finding that does not hold the bill any more."),
        sa.Column(
            "sentence",
            sa.Text(),
            nullable=False,
            comment="What was found, in the words that were waived; other words hold the bill again.",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, as the person said."),
        sa.Column("waived_by", sa.Text(), nullable=False, comment="Who waived it."),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.ForeignKeyConstraint(
            ["subscription_key"], ["core.subscriptions.subscription_key"], name=op.f("waivers_subscription_key_fkey")
        ),
        sa.PrimaryKeyConstraint("waiver_key", name=op.f("waivers_pkey")),
        sa.UniqueConstraint(
            "subscription_key",
            "period",
            "finding",
            "sentence",
            name=op.f("waivers_subscription_key_period_finding_sentence_unique"),
        ),
        schema="billing",
        comment="Findings that a person waived with a reason. Written once, never changed.",
    )
    op.create_table(
        "bill_taxes",
        sa.Column("bill_key", sa.BigInteger(), nullable=False, comment="Document."),
        sa.Column(
            "for_bill_key",
            sa.BigInteger(),
            nullable=False,
            comment="Bill whose period is taxed: the document's own, or the one that its lines correct.",
        ),
        sa.Column("tax_rate", sa.Numeric(), nullable=False, comment="Rate; a fraction."),
        sa.Column("is_inclusive", sa.Boolean(), nullable=False, comment="Whether the base contains the tax."),
        sa.Column(
            "is_refund",
            sa.Boolean(),
            nullable=False,
            comment="Whether it is tax on a refund, which no rule recomputes.",
        ),
        sa.Column("base", sa.Numeric(), nullable=False, comment="Sum of the lines' amounts at this rate."),
        sa.Column(
            "amount",
            sa.Numeric(),
            nullable=False,
            comment="The tax, rounded; for corrections, what is still due of it.",
        ),
        sa.ForeignKeyConstraint(["bill_key"], ["billing.bills.bill_key"], name=op.f("bill_taxes_bill_key_fkey")),
        sa.ForeignKeyConstraint(
            ["for_bill_key"], ["billing.bills.bill_key"], name=op.f("bill_taxes_for_bill_key_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "bill_key", "for_bill_key", "tax_rate", "is_inclusive", "is_refund", name=op.f("bill_taxes_pkey")
        ),
        schema="billing",
        comment="Tax of a document by rate.",
    )
    op.create_table(
        "corrections",
        sa.Column(
            "correction_key", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate key."
        ),
        sa.Column(
            "correction_id",
            sa.Text(),
            nullable=False,
            comment="Public id, derived from the request: asking twice is asking once.",
        ),
        sa.Column("bill_key", sa.BigInteger(), nullable=False, comment="Bill of the corrected period."),
        sa.Column("cause", sa.Text(), nullable=False, comment="late_usage, price, discount or refund."),
        sa.Column(
            "delivery",
            sa.Text(),
            nullable=False,
            comment="next_bill (lines on the subscription's next bill) or note (a credit or debit note at once).",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, for the customer."),
        sa.Column(
            "offer_key",
            sa.BigInteger(),
            nullable=True,
            comment="For price and discount: the terms that the period should have been priced by.",
        ),
        sa.Column(
            "refund_amount",
            sa.Numeric(),
            nullable=True,
            comment="For a refund: what is given back, before tax, above 0.",
        ),
        sa.Column(
            "refund_line_no", sa.Integer(), nullable=True, comment="For a refund: line of the bill that it is for."
        ),
        sa.Column("requested_by", sa.Text(), nullable=False, comment="Who asked for it."),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "state",
            sa.Text(),
            server_default="pending",
            nullable=False,
            comment="pending (waits for the next bill), applied or withdrawn.",
        ),
        sa.Column("document_bill_key", sa.BigInteger(), nullable=True, comment="Issued document with its lines."),
        sa.CheckConstraint("(cause = 'refund') = (refund_amount IS NOT NULL)", name=op.f("corrections_refund_check")),
        sa.CheckConstraint(
            "(state = 'applied') = (document_bill_key IS NOT NULL)", name=op.f("corrections_document_check")
        ),
        sa.CheckConstraint(
            "cause IN ('late_usage', 'price', 'discount', 'refund')", name=op.f("corrections_cause_check")
        ),
        sa.CheckConstraint("delivery IN ('next_bill', 'note')", name=op.f("corrections_delivery_check")),
        sa.CheckConstraint("state IN ('pending', 'applied', 'withdrawn')", name=op.f("corrections_state_check")),
        sa.CheckConstraint("refund_amount > 0", name=op.f("corrections_refund_amount_check")),
        sa.ForeignKeyConstraint(["bill_key"], ["billing.bills.bill_key"], name=op.f("corrections_bill_key_fkey")),
        sa.ForeignKeyConstraint(
            ["document_bill_key"], ["billing.bills.bill_key"], name=op.f("corrections_document_bill_key_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["offer_key"], ["billing.private_offers.offer_key"], name=op.f("corrections_offer_key_fkey")
        ),
        sa.PrimaryKeyConstraint("correction_key", name=op.f("corrections_pkey")),
        sa.UniqueConstraint("correction_id", name=op.f("corrections_correction_id_unique")),
        schema="billing",
        comment="Corrections of issued bills that a person asked for.",
    )
    op.add_column(
        "bill_lines",
        sa.Column("name", sa.Text(), nullable=True, comment="Name of the component, for fees."),
        schema="billing",
    )
    op.add_column(
        "bill_lines",
        sa.Column(
            "tax_rate", sa.Numeric(), server_default="0", nullable=False, comment="Rate of tax on the line; a fraction."
        ),
        schema="billing",
    )
    op.add_column(
        "bill_lines",
        sa.Column(
            "tax_is_inclusive",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether the amount contains the tax.",
        ),
        schema="billing",
    )
    op.add_column(
        "bill_lines",
        sa.Column(
            "corrects_bill_key",
            sa.BigInteger(),
            nullable=True,
            comment="For a correction: the bill of the corrected period, however often it was corrected.",
        ),
        schema="billing",
    )
    op.add_column(
        "bill_lines",
        sa.Column(
            "corrects_document_key",
            sa.BigInteger(),
            nullable=True,
            comment="For a correction: document with the line that said it last; or null.",
        ),
        schema="billing",
    )
    op.add_column(
        "bill_lines",
        sa.Column(
            "corrects_line_no",
            sa.Integer(),
            nullable=True,
            comment="For a correction: number of that line; null where no line did.",
        ),
        schema="billing",
    )
    op.add_column(
        "bill_lines",
        sa.Column(
            "correction_key", sa.BigInteger(), nullable=True, comment="For a correction that a person asked for: which."
        ),
        schema="billing",
    )
    op.add_column(
        "bill_lines",
        sa.Column("reason", sa.Text(), nullable=True, comment="For a correction: why, for the customer."),
        schema="billing",
    )
    op.alter_column(
        "bill_lines",
        "kind",
        existing_type=sa.TEXT(),
        comment="licence, covered (usage within a licence), included (free usage), usage, overage (usage above a licence), flat_fee (of a tier), fee (of a component), discount, maximum, minimum or refund.",
        existing_comment="usage, licence.",
        existing_nullable=False,
        schema="billing",
    )
    op.alter_column(
        "bill_lines",
        "tier",
        existing_type=sa.INTEGER(),
        comment="Tier that usage or flat fee belongs to; null for other kinds.",
        existing_comment="Tier that the usage fell into; null for other kinds.",
        existing_nullable=True,
        schema="billing",
    )
    op.alter_column(
        "bill_lines",
        "aku_seconds",
        existing_type=sa.BIGINT(),
        comment="AKU-seconds of the line; 0 where it is not about usage.",
        existing_comment="AKU-seconds charged by the line; 0 for licences.",
        existing_nullable=False,
        schema="billing",
    )
    op.alter_column(
        "bill_lines",
        "quantity",
        existing_type=sa.NUMERIC(),
        comment="Charged quantity, in its unit.",
        existing_comment="Charged quantity: AKU-hours for usage, AKU × months for licences.",
        existing_nullable=False,
        schema="billing",
    )
    op.alter_column(
        "bill_lines",
        "unit",
        existing_type=sa.TEXT(),
        comment="AKU-hour, package, AKU-month, or period (fees and what adjusts the sum).",
        existing_comment="AKU-hour or AKU-month.",
        existing_nullable=False,
        schema="billing",
    )
    op.create_index(
        "bill_lines_by_corrected",
        "bill_lines",
        ["corrects_bill_key"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("corrects_bill_key IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("bill_lines_correction_key_fkey"),
        "bill_lines",
        "corrections",
        ["correction_key"],
        ["correction_key"],
        source_schema="billing",
        referent_schema="billing",
    )
    op.create_foreign_key(
        op.f("bill_lines_corrects_bill_key_fkey"),
        "bill_lines",
        "bills",
        ["corrects_bill_key"],
        ["bill_key"],
        source_schema="billing",
        referent_schema="billing",
    )
    op.create_table_comment(
        "bill_lines",
        "Rounded, explained amounts of bills. A correction keeps the kind of what it corrects.",
        existing_comment="Rounded, explained amounts of bills.",
        schema="billing",
    )
    op.add_column(
        "bills",
        sa.Column(
            "document", sa.Text(), server_default="bill", nullable=False, comment="bill, credit_note or debit_note."
        ),
        schema="billing",
    )
    op.add_column(
        "bills",
        sa.Column(
            "corrects_bill_key", sa.BigInteger(), nullable=True, comment="For a note: the bill that it corrects."
        ),
        schema="billing",
    )
    op.add_column(
        "bills",
        sa.Column(
            "tax_included",
            sa.Numeric(),
            server_default="0",
            nullable=False,
            comment="The part of the tax that the subtotal contains.",
        ),
        schema="billing",
    )
    op.add_column(
        "bills",
        sa.Column(
            "forecast_total",
            sa.Numeric(),
            nullable=True,
            comment="For a draft of a running period: the total expected at its end.",
        ),
        schema="billing",
    )
    op.add_column(
        "bills",
        sa.Column(
            "fingerprint_form",
            sa.Integer(),
            server_default="1",
            nullable=False,
            comment="Form of the text that the fingerprint is of.",
        ),
        schema="billing",
    )
    op.add_column(
        "bills",
        sa.Column(
            "fingerprint_parts",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="SHA-256 of each group of inputs, to say which one changed.",
        ),
        schema="billing",
    )
    op.alter_column(
        "bills",
        "bill_id",
        existing_type=sa.TEXT(),
        comment="Public id: period and subscription; notes have a number besides.",
        existing_comment="Public id: period and subscription.",
        existing_nullable=False,
        schema="billing",
    )
    op.alter_column(
        "bills",
        "tax",
        existing_type=sa.NUMERIC(),
        comment="Tax on the subtotal, contained in it or not.",
        existing_comment="Tax on the subtotal.",
        existing_nullable=False,
        schema="billing",
    )
    op.alter_column(
        "bills",
        "total",
        existing_type=sa.NUMERIC(),
        comment="What is payable: subtotal and tax, contained tax once; negative on a credit note.",
        existing_comment="What is payable: subtotal and tax.",
        existing_nullable=False,
        schema="billing",
    )
    op.create_index(
        "bills_by_corrected",
        "bills",
        ["corrects_bill_key"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("corrects_bill_key IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("bills_corrects_bill_key_fkey"),
        "bills",
        "bills",
        ["corrects_bill_key"],
        ["bill_key"],
        source_schema="billing",
        referent_schema="billing",
    )
    op.create_table_comment(
        "bills",
        "One bill per subscription and billing period, and the notes that correct it. A void one stays, unissued.",
        existing_comment="One bill per subscription and billing period.",
        schema="billing",
    )
    op.add_column(
        "pending_adjustments",
        sa.Column("applied_on_bill_key", sa.BigInteger(), nullable=True, comment="Document that it was applied on."),
        schema="billing",
    )
    op.add_column(
        "price_plan_versions",
        sa.Column(
            "flat_fee_at_zero",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="Whether the first tier's fee is due without usage.",
        ),
        schema="billing",
    )
    op.add_column(
        "price_plan_versions",
        sa.Column(
            "package_aku_seconds", sa.BigInteger(), nullable=True, comment="Size of a package; null for other models."
        ),
        schema="billing",
    )
    op.add_column(
        "price_plan_versions",
        sa.Column(
            "included_aku_seconds",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Free in each billing period, taken before tiers.",
        ),
        schema="billing",
    )
    op.add_column(
        "price_plan_versions",
        sa.Column(
            "minimum_charge",
            sa.Numeric(),
            nullable=True,
            comment="What a whole period costs at least, after discount, before tax.",
        ),
        schema="billing",
    )
    op.add_column(
        "price_plan_versions",
        sa.Column(
            "maximum_charge",
            sa.Numeric(),
            nullable=True,
            comment="What a whole period costs at most, after discount, before tax.",
        ),
        schema="billing",
    )
    op.add_column(
        "price_plan_versions",
        sa.Column(
            "is_prorated",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether minimum and maximum count by seconds of activity.",
        ),
        schema="billing",
    )
    op.add_column(
        "price_plan_versions",
        sa.Column(
            "discount_percent",
            sa.Numeric(),
            server_default="0",
            nullable=False,
            comment="Taken off everything but licences, 0 to 100.",
        ),
        schema="billing",
    )
    op.add_column(
        "price_plan_versions",
        sa.Column(
            "tax_rate",
            sa.Numeric(),
            server_default="0",
            nullable=False,
            comment="On the sum of the rounded lines; a fraction.",
        ),
        schema="billing",
    )
    op.add_column(
        "price_plan_versions",
        sa.Column(
            "tax_is_inclusive",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether the lines contain the tax.",
        ),
        schema="billing",
    )
    op.add_column(
        "price_plan_versions",
        sa.Column(
            "overage_price",
            sa.Numeric(),
            nullable=True,
            comment="Price per AKU-hour above a licence's capacity; null: shown, not charged.",
        ),
        schema="billing",
    )
    op.alter_column(
        "price_plan_versions",
        "model",
        existing_type=sa.TEXT(),
        comment="per_unit, graduated, volume or package.",
        existing_comment="per_unit.",
        existing_nullable=False,
        schema="billing",
    )
    op.add_column(
        "price_tiers",
        sa.Column("up_to_aku_seconds", sa.BigInteger(), nullable=True, comment="The same in AKU-seconds."),
        schema="billing",
    )
    op.alter_column(
        "price_tiers",
        "unit_price",
        existing_type=sa.NUMERIC(),
        comment="Price per AKU-hour, or per package; beside a licence, of usage above its capacity.",
        existing_comment="Price per AKU-hour.",
        existing_nullable=False,
        schema="billing",
    )
