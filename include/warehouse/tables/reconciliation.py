"""Schema reconciliation: what the Marketplace charged, and the verdicts."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table

from include.warehouse.tables.base import big, decimal, flag, instant, integer, json, metadata, text

VERDICTS = ("agrees", "differs_by_rounding", "differs", "missing_here", "missing_there")

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
