"""Schema billing: bills, their lines and their whole life. Triggers protect issued bills (routines/billing)."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table
from sqlalchemy import text as sql

from include.domain.lifecycles import BILL, FINAL_BILL_STATES
from include.warehouse.tables.base import big, decimal, flag, instant, integer, json, key, metadata, text

bills = Table(
    "bills",
    metadata,
    key("bill_key", "Surrogate key."),
    text("bill_id", "Public id: period and subscription; notes have a number besides.", unique=True),
    text("document", "bill, credit_note or debit_note.", server_default="bill"),
    Column(
        "corrects_bill_key",
        ForeignKey("billing.bills.bill_key"),
        nullable=True,
        comment="For a note: the bill that it corrects.",
    ),
    Column(
        "subscription_key", ForeignKey("core.subscriptions.subscription_key"), nullable=False, comment="Subscription."
    ),
    text("period", "Billing period, YYYY-MM in the plan's time zone."),
    instant("period_start", "Start of the billing period (inclusive)."),
    instant("period_end", "End of the billing period (exclusive)."),
    text("price_plan", "Name of the price plan."),
    text("currency", "ISO 4217 code."),
    text("state", "draft, held, issued, reconciled or void."),
    big("aku_seconds", "AKU-seconds that were metered."),
    decimal("subtotal", "Sum of the lines' rounded amounts."),
    decimal("tax", "Tax on the subtotal, contained in it or not."),
    decimal("tax_included", "The part of the tax that the subtotal contains.", server_default="0"),
    decimal("total", "What is payable: subtotal and tax, contained tax once; negative on a credit note."),
    decimal("forecast_total", "For a draft of a running period: the total expected at its end.", nullable=True),
    json(
        "printed",
        "What it prints of buyer, subscription and seller, as known when it was drafted (billing.printed_parties).",
        server_default=sql("'{}'"),
    ),
    instant(
        "subscription_ended_at",
        "End of the subscription as known when it was drafted; an end that is entered later corrects the bill.",
        nullable=True,
    ),
    text("fingerprint", "SHA-256 over the bill's inputs and amounts, in hex."),
    integer("fingerprint_form", "Form of the text that the fingerprint is of.", server_default="1"),
    json(
        "fingerprint_groups", "SHA-256 of each group of inputs, to say which one changed.", server_default=sql("'{}'")
    ),
    instant("drafted_at", "Logical time of the run that made the draft."),
    instant("issued_at", "Logical time of the run that issued it.", nullable=True),
    instant("reconciled_at", "When the Marketplace's bill agreed with it.", nullable=True),
    CheckConstraint(BILL.constraint(), name="state"),
    CheckConstraint(f"(state IN {FINAL_BILL_STATES}) = (issued_at IS NOT NULL)", name="issued_at"),
    CheckConstraint("total = subtotal + tax - tax_included", name="total"),
    CheckConstraint("document IN ('bill', 'credit_note', 'debit_note')", name="document"),
    CheckConstraint("(document = 'bill') = (corrects_bill_key IS NULL)", name="corrects"),
    Index(
        "bills_one_per_period",
        "subscription_key",
        "period_start",
        unique=True,
        postgresql_where=sql("document = 'bill'"),
    ),
    Index("bills_by_period", "period"),
    Index("bills_held", "bill_id", postgresql_where=sql("state = 'held'")),
    Index("bills_by_corrected", "corrects_bill_key", postgresql_where=sql("corrects_bill_key IS NOT NULL")),
    schema="billing",
    comment="One bill per subscription and billing period, and the notes that correct it. A void one stays, unissued.",
)

bill_lines = Table(
    "bill_lines",
    metadata,
    Column("bill_key", ForeignKey("billing.bills.bill_key"), primary_key=True, comment="Bill."),
    integer("line_no", "Number of the line on the bill, from 1.", primary_key=True, autoincrement=False),
    text(
        "kind",
        "licence, covered (usage within a licence), included (free usage), usage, overage (usage above a licence), "
        "flat_fee (of a tier), fee (per period), discount, maximum, minimum or refund.",
    ),
    integer("tier", "Tier that usage or flat fee belongs to; null for other kinds.", nullable=True),
    text("name", "Name of the fee, for lines of kind fee.", nullable=True),
    text("description", "What is charged, for the customer."),
    instant("line_start", "Start of what the line covers (inclusive)."),
    instant("line_end", "End of what the line covers (exclusive)."),
    big("aku_seconds", "AKU-seconds that the line charges, or has for free; 0 where it is not about usage."),
    big("metered_aku_seconds", "AKU-seconds that were metered for them; others where the plan's hour measure says so."),
    decimal("quantity", "Charged quantity, in its unit."),
    text("unit", "AKU-hour, package, AKU-month, or period (fees, minimum and maximum)."),
    decimal("unit_price", "Price per unit."),
    decimal("exact_amount", "Quantity × price before any rounding, to 9 places."),
    decimal("amount", "Rounded amount; what rounding took is exact_amount - amount."),
    big("version_key", "Price plan version.", nullable=True),
    decimal("tax_rate", "Rate of tax on the line; a fraction.", server_default="0"),
    flag("tax_is_inclusive", "Whether the amount contains the tax.", server_default=sql("false")),
    Column(
        "corrects_bill_key",
        ForeignKey("billing.bills.bill_key"),
        nullable=True,
        comment="For a correction: the bill of the corrected period, however often it was corrected.",
    ),
    big("corrects_document_key", "For a correction: document with the line that said it last; or null.", nullable=True),
    integer("corrects_line_no", "For a correction: number of that line; null where no line did.", nullable=True),
    Column(
        "correction_key",
        ForeignKey("billing.corrections.correction_key"),
        nullable=True,
        comment="For a correction that a person requested: which one.",
    ),
    text("reason", "For a correction: why, for the customer.", nullable=True),
    CheckConstraint(
        "kind IN ('licence', 'covered', 'included', 'usage', 'overage', 'flat_fee', 'fee', 'discount', 'maximum', "
        "'minimum', 'refund')",
        name="kind",
    ),
    Index("bill_lines_by_corrected", "corrects_bill_key", postgresql_where=sql("corrects_bill_key IS NOT NULL")),
    schema="billing",
    comment="Rounded, explained amounts of bills. A correction keeps the kind of what it corrects.",
)

bill_findings = Table(
    "bill_findings",
    metadata,
    Column("bill_key", ForeignKey("billing.bills.bill_key"), primary_key=True, comment="Bill."),
    text("finding", "Name of the audit that found it.", primary_key=True),
    json("facts", "What was found; amounts and rates are text, instants UTC, a digest replaces what is too long."),
    instant("found_at", "Logical time of the run that found it."),
    schema="billing",
    comment="Why a bill is held.",
)

bill_taxes = Table(
    "bill_taxes",
    metadata,
    Column("bill_key", ForeignKey("billing.bills.bill_key"), primary_key=True, comment="Document."),
    Column(
        "for_bill_key",
        ForeignKey("billing.bills.bill_key"),
        primary_key=True,
        comment="Bill whose period is taxed: the document's own, or the one that its lines correct.",
    ),
    decimal("tax_rate", "Rate; a fraction.", primary_key=True),
    flag("is_inclusive", "Whether the base contains the tax.", primary_key=True),
    flag("is_refund", "Whether it is tax on a refund, which no rule recomputes.", primary_key=True),
    decimal("base", "Sum of the lines' amounts at this rate."),
    decimal("amount", "The tax, rounded; for corrections, what is still due of it."),
    schema="billing",
    comment="Tax of a document by rate.",
)

bill_events = Table(
    "bill_events",
    metadata,
    key("event_key", "Surrogate key."),
    text("bill_id", "Bill; its drafts come and go, its story stays."),
    text("from_state", "State before; null at its first draft.", nullable=True),
    text("to_state", "State from then on."),
    text("who", "The person, or the run that did it."),
    text("reason", "Why, as the person said; null where nothing was asked.", nullable=True),
    json("findings", "Where findings hold the bill: these, each with its facts; else null.", nullable=True),
    text(
        "held_fingerprint",
        "Where the bill began to wait for a person: fingerprint of the draft that waits; null for every other event.",
        nullable=True,
    ),
    text(
        "rejected_fingerprint",
        "Where a person rejected the bill: fingerprint of the draft that was rejected; null for every other event.",
        nullable=True,
    ),
    instant("at", "When."),
    Index("bill_events_by_bill", "bill_id", "event_key"),
    schema="billing",
    comment="Who brought which bill into which state, when and why. Written once, never changed.",
)
