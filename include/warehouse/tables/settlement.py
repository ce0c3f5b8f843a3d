"""Schema settlement: what the Marketplace charged, and the verdicts."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table

from include.warehouse.tables.base import big, decimal, flag, instant, metadata, text

VERDICTS = ("agrees", "differs_by_rounding", "differs", "missing_here", "missing_there")

marketplace_charges = Table(
    "marketplace_charges",
    metadata,
    text("billing_cycle", "YYYY-MM in UTC+8, as BSS names it.", primary_key=True),
    text("marketplace_instance_id", "Marketplace instance charged.", primary_key=True),
    text("item", "SubscriptionOrder, PayAsYouGoBill, Refund or Adjustment.", primary_key=True),
    decimal("gross_amount", "PretaxGrossAmount: before discounts."),
    decimal("amount", "PretaxAmount: payable."),
    text("currency", "ISO 4217 code."),
    instant("fetched_at", "Logical time of the run that fetched it."),
    schema="settlement",
    comment="The Marketplace's charges per instance and cycle, from BSS.",
)

reconciliations = Table(
    "reconciliations",
    metadata,
    Column(
        "subscription_key",
        ForeignKey("core.subscriptions.subscription_key"),
        primary_key=True,
        comment="Subscription.",
    ),
    text("period", "Billing period, YYYY-MM.", primary_key=True),
    big("bill_key", "Our bill, if there is one.", nullable=True),
    decimal("our_amount", "Total of our bill.", nullable=True),
    decimal("marketplace_amount", "Sum of the Marketplace's charges.", nullable=True),
    decimal("difference", "Marketplace's minus ours."),
    text("currency", "ISO 4217 code."),
    text("verdict", "agrees, differs_by_rounding, differs, missing_here or missing_there."),
    text("sentence", "The verdict in words."),
    flag("is_final", "Whether the Marketplace's bill was final (day 3, 12:00, UTC+8) when compared."),
    instant("checked_at", "Logical time of the run that compared."),
    CheckConstraint(f"verdict IN {VERDICTS}", name="verdict"),
    schema="settlement",
    comment="Our bill against the Marketplace's, per subscription and period.",
)
