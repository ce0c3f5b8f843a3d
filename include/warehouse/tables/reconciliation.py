"""Schema reconciliation: what the Marketplace charged, and the verdicts."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table
from sqlalchemy import text as sql

from include.warehouse.tables.base import big, decimal, flag, instant, integer, json, key, metadata, text

VERDICTS = ("agrees", "differs_by_rounding", "differs", "missing_here", "missing_there")
HOUR_VERDICTS = (*VERDICTS, "refund")
FINDINGS = ("differs", "missing_here", "missing_there", "unknown_instance")
CLOSED_BY = ("correction", "explanation", "final_bill")
SETTLED_KINDS = ("charge", "refund")

marketplace_fetches = Table(
    "marketplace_fetches",
    metadata,
    text("billing_cycle", "YYYY-MM in UTC+8, as BSS names it.", primary_key=True),
    Column(
        "account_id", ForeignKey("core.buyers.account_id"), primary_key=True, comment="Buyer whose bill was fetched."
    ),
    instant("attempted_at", "Logical time of the last run that tried."),
    text("failure", "Why the last try failed and what to do; null when it came.", nullable=True),
    instant("fetched_at", "Logical time of the last run that got the whole bill; null when none did.", nullable=True),
    schema="reconciliation",
    comment="Whether a buyer's Marketplace bill was got: a bill that was not got is not an empty bill.",
)

marketplace_charges = Table(
    "marketplace_charges",
    metadata,
    text("billing_cycle", "YYYY-MM in UTC+8, as BSS names it.", primary_key=True),
    text("marketplace_instance_id", "Marketplace instance charged.", primary_key=True),
    text("item", "SubscriptionOrder, PayAsYouGoBill, Refund or Adjustment.", primary_key=True),
    text("currency", "ISO 4217 code.", primary_key=True),
    Column("account_id", ForeignKey("core.buyers.account_id"), nullable=False, comment="Buyer on whose bill it is."),
    decimal("gross_amount", "PretaxGrossAmount: before discounts."),
    decimal("amount", "PretaxAmount: payable."),
    instant("fetched_at", "Logical time of the run that fetched it."),
    Index("marketplace_charges_by_buyer", "billing_cycle", "account_id"),
    schema="reconciliation",
    comment="The Marketplace's charges per instance and cycle, from BSS.",
)

hourly_fetches = Table(
    "hourly_fetches",
    metadata,
    text("billing_cycle", "YYYY-MM in UTC+8, as BSS names it.", primary_key=True),
    Column(
        "account_id", ForeignKey("core.buyers.account_id"), primary_key=True, comment="Buyer whose bill was fetched."
    ),
    instant("attempted_at", "Logical time of the last run that tried."),
    text("failure", "Why the last try failed and what to do; null when it came.", nullable=True),
    instant("fetched_at", "Logical time of the last run that got the whole bill; null when none did.", nullable=True),
    schema="reconciliation",
    comment="Whether a buyer's settlement bill, which has hours, was got.",
)

hourly_charges = Table(
    "hourly_charges",
    metadata,
    text("billing_cycle", "YYYY-MM in UTC+8, as BSS names it.", primary_key=True),
    Column("account_id", ForeignKey("core.buyers.account_id"), primary_key=True, comment="Buyer on whose bill it is."),
    text("order_id", "Order that it is of (SubOrderId), or empty.", primary_key=True),
    instant("hour_start", "Start of the UTC hour.", primary_key=True),
    text("item", "PayAsYouGoBill, Refund or Adjustment.", primary_key=True),
    text("currency", "ISO 4217 code.", primary_key=True),
    decimal("gross_amount", "PretaxGrossAmount: before discounts."),
    decimal("rounded_off", "RoundDownDiscount: what cutting to two decimals took off."),
    decimal("amount", "PretaxAmount: payable."),
    instant("fetched_at", "Logical time of the run that fetched it."),
    schema="reconciliation",
    comment="The Marketplace's charges by hour, from the buyer's settlement bill; what is for other times is left out.",
)

hour_verdicts = Table(
    "hour_verdicts",
    metadata,
    Column(
        "subscription_key",
        ForeignKey("core.subscriptions.subscription_key"),
        primary_key=True,
        comment="Subscription.",
    ),
    instant("hour_start", "Start of the UTC hour.", primary_key=True),
    text("period", "Billing period, YYYY-MM."),
    decimal("our_amount", "What rating charges; null where we do not have the hour.", nullable=True),
    decimal("marketplace_amount", "What the Marketplace charges; null where it does not have the hour.", nullable=True),
    decimal("refunded", "The Marketplace's negative items, which are in its amount.", nullable=True),
    decimal("difference", "Marketplace's minus ours; null in two currencies.", nullable=True),
    text("currency", "ISO 4217 code."),
    text("marketplace_currency", "ISO 4217 code of the Marketplace's amount.", nullable=True),
    text("verdict", "differs_by_rounding, differs, missing_here, missing_there or refund."),
    text("hypothesis", "What may explain it, see reconciliation.hour_hypothesis.", nullable=True),
    CheckConstraint(f"verdict IN {HOUR_VERDICTS}", name="verdict"),
    Index("hour_verdicts_by_period", "period", "subscription_key"),
    schema="reconciliation",
    comment="Hours that do not agree, of the months that were compared by hour; all their other hours agree.",
)

hour_amounts = Table(
    "hour_amounts",
    metadata,
    flag("is_ours", "Whether it is our amount, not the Marketplace's."),
    text("subscription_id", "Public id of the subscription."),
    instant("hour_start", "Start of the UTC hour."),
    decimal("amount", "What is charged; negative for a refund."),
    text("currency", "ISO 4217 code."),
    decimal("peak_amount", "Of ours: if the hour was charged by its peak; null where not known.", nullable=True),
    decimal("started_hour_amount", "Of ours: if it was charged whole; null where not known.", nullable=True),
    decimal("uncovered_amount", "Of ours: if no licence covered it; null where not known.", nullable=True),
    schema="reconciliation",
    prefixes=["UNLOGGED"],
    comment="Working table, empty outside a transaction: what reconciliation.judged_hours compares.",
)

verdicts = Table(
    "verdicts",
    metadata,
    Column(
        "subscription_key",
        ForeignKey("core.subscriptions.subscription_key"),
        primary_key=True,
        comment="Subscription.",
    ),
    text("period", "Billing period, YYYY-MM.", primary_key=True),
    big("bill_key", "Our bill, if there is one.", nullable=True),
    decimal("our_amount", "Subtotal of our bill: the Marketplace's charges are before tax, too.", nullable=True),
    decimal("marketplace_amount", "Sum of the Marketplace's charges.", nullable=True),
    decimal("difference", "Marketplace's minus ours."),
    text("currency", "ISO 4217 code."),
    integer("hours_charged", "Hours of usage on our side; each may differ by less than 0.01 through rounding."),
    text("verdict", "agrees, differs_by_rounding, differs, missing_here or missing_there."),
    json("facts", "What the verdict follows from; amounts are text."),
    flag("is_final", "Whether the Marketplace's bill was final (day 3, 12:00, UTC+8) when it was fetched."),
    instant("checked_at", "Logical time of the run that compared."),
    CheckConstraint(f"verdict IN {VERDICTS}", name="verdict"),
    schema="reconciliation",
    comment="Our bill against the Marketplace's, per subscription and period.",
)

findings = Table(
    "findings",
    metadata,
    key("finding_key", "Surrogate key; people name a finding by it."),
    text("period", "Billing period, YYYY-MM."),
    Column("account_id", ForeignKey("core.buyers.account_id"), nullable=False, comment="Buyer on whose bill it is."),
    text("charged_id", "Subscription; for unknown_instance the marketplace instance."),
    Column(
        "subscription_key",
        ForeignKey("core.subscriptions.subscription_key"),
        nullable=True,
        comment="Subscription; null for unknown_instance.",
    ),
    text("kind", "differs, missing_here, missing_there or unknown_instance."),
    decimal("difference", "Marketplace's minus ours."),
    text("currency", "ISO 4217 code."),
    json("facts", "What its sentence says; amounts are text."),
    instant("opened_at", "Logical time of the run that found it: its age counts from here."),
    instant("last_seen_at", "Logical time of the last run that found it."),
    instant("closed_at", "When it was closed; null while it is open.", nullable=True),
    text(
        "closed_as",
        "correction (a correction of our bill makes both agree), explanation (of a person) or final_bill (the "
        "Marketplace's and ours agree now); null while it is open.",
        nullable=True,
    ),
    text("closed_by", "The person who explained it, or the run that found it over.", nullable=True),
    text("reason", "The explanation.", nullable=True),
    CheckConstraint(f"kind IN {FINDINGS}", name="kind"),
    CheckConstraint(f"closed_as IN {CLOSED_BY}", name="closed_as"),
    CheckConstraint(
        "(closed_at IS NULL) = (closed_as IS NULL) AND (closed_at IS NULL) = (closed_by IS NULL)", name="closed"
    ),
    CheckConstraint("(reason IS NOT NULL) = (closed_as IS NOT NULL AND closed_as = 'explanation')", name="reason"),
    CheckConstraint("(subscription_key IS NULL) = (kind = 'unknown_instance')", name="subscription"),
    Index(
        "findings_open",
        "period",
        "account_id",
        "charged_id",
        "currency",
        unique=True,
        postgresql_where=sql("closed_at IS NULL"),
    ),
    Index("findings_by_period", "period", "charged_id"),
    schema="reconciliation",
    comment="What the Marketplace's final bill does not confirm, from when it is found until it is closed.",
)

settlement_files = Table(
    "settlement_files",
    metadata,
    key("file_key", "Surrogate key, in the order of import."),
    text("file_sha256", "SHA-256 of its bytes: the same file is imported once.", unique=True),
    text("file_name", "Its name."),
    integer("items", "Lines that were stored."),
    integer("rejected", "Lines that break a rule; they were said when it was imported."),
    instant("imported_at", "When."),
    text("imported_by", "Run or person."),
    schema="reconciliation",
    comment="The vendor's settlement exports that were imported.",
)

settlement_items = Table(
    "settlement_items",
    metadata,
    Column(
        "file_key",
        ForeignKey("reconciliation.settlement_files.file_key"),
        primary_key=True,
        autoincrement=False,
        comment="Export that it is in.",
    ),
    integer("line_no", "Line of the file, from 1.", primary_key=True, autoincrement=False),
    text("charged_id", "Subscription or marketplace instance, as the file has it."),
    text("period", "Month that it is for, YYYY-MM in UTC+8."),
    instant("hour_start", "Hour that it is for; null where the file has the month only.", nullable=True),
    text("kind", "charge or refund."),
    decimal("amount", "Before tax and commission; a refund is negative."),
    text("currency", "ISO 4217 code."),
    CheckConstraint(f"kind IN {SETTLED_KINDS}", name="kind"),
    CheckConstraint("CASE kind WHEN 'charge' THEN amount >= 0 ELSE amount <= 0 END", name="sign"),
    Index("settlement_items_by_period", "period", "charged_id"),
    schema="reconciliation",
    comment="Lines of settlement exports.",
)
