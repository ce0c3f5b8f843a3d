"""Schema billing, what happens after a bill was drafted: late usage, corrections, and waived findings."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint
from sqlalchemy import text as sql

from include.domain.lifecycles import CORRECTION
from include.warehouse.tables.base import big, decimal, instant, integer, json, key, metadata, text

late_usage = Table(
    "late_usage",
    metadata,
    key("late_usage_key", "Surrogate key."),
    Column("bill_key", ForeignKey("billing.bills.bill_key"), nullable=False, comment="Issued bill that has the hour."),
    Column(
        "subscription_key", ForeignKey("core.subscriptions.subscription_key"), nullable=False, comment="Subscription."
    ),
    big("environment_key", "Environment."),
    Column("instance_key", ForeignKey("metering.instances.instance_key"), nullable=False, comment="Instance."),
    instant("hour_start", "Start of the UTC hour."),
    big("aku_seconds_before", "AKU-seconds as billed: on the bill, and after late usage that was applied since."),
    big("aku_seconds_after", "AKU-seconds as known now."),
    integer("peak_aku_before", "Largest AKU of the hour as billed."),
    integer("peak_aku_after", "Largest AKU of the hour as known now."),
    integer("used_seconds_before", "Seconds with AKU as billed."),
    integer("used_seconds_after", "Seconds with AKU as known now."),
    text("cause", "late_answer or closed_again (see metering.usage_revisions), or imported."),
    instant("found_at", "Logical time of the run that found this difference."),
    text(
        "state",
        "pending, applied (on a later document) or withdrawn (it is as billed after all).",
        server_default="pending",
    ),
    instant("closed_at", "When it was applied or withdrawn.", nullable=True),
    Column(
        "applied_on_bill_key",
        ForeignKey("billing.bills.bill_key"),
        nullable=True,
        comment="Issued document that it was applied on.",
    ),
    CheckConstraint(CORRECTION.constraint(), name="state"),
    CheckConstraint("(state = 'pending') = (closed_at IS NULL)", name="closed_at"),
    CheckConstraint(
        "(aku_seconds_before, peak_aku_before, used_seconds_before) "
        "<> (aku_seconds_after, peak_aku_after, used_seconds_after)",
        name="difference",
    ),
    CheckConstraint("(state = 'applied') = (applied_on_bill_key IS NOT NULL)", name="document"),
    Index(
        "late_usage_one_per_hour",
        "hour_start",
        "instance_key",
        unique=True,
        postgresql_where=sql("state = 'pending'"),
    ),
    Index("late_usage_by_bill", "bill_key", "hour_start"),
    schema="billing",
    comment="Late usage: differences of hours on issued bills that became known later; corrections bill them.",
)

corrections = Table(
    "corrections",
    metadata,
    key("correction_key", "Surrogate key."),
    text("correction_id", "Public id, derived from the request: asking twice is asking once.", unique=True),
    Column("bill_key", ForeignKey("billing.bills.bill_key"), nullable=False, comment="Bill of the corrected period."),
    text("cause", "late_usage, price, discount or refund."),
    text("delivery", "next_bill (lines on the subscription's next bill) or note (a credit or debit note at once)."),
    text("reason", "Why, for the customer."),
    Column(
        "offer_key",
        ForeignKey("billing.private_offers.offer_key"),
        nullable=True,
        comment="For price and discount: the terms that the period should have been priced by.",
    ),
    decimal("refund_amount", "For a refund: what is given back, before tax, above 0.", nullable=True),
    integer("refund_line_no", "For a refund: line of the bill that it is for.", nullable=True),
    text("requested_by", "Who requested it."),
    instant("requested_at", "When."),
    text(
        "state",
        "pending (waits for the next bill), applied or withdrawn (its offers no longer count).",
        server_default="pending",
    ),
    Column(
        "document_bill_key",
        ForeignKey("billing.bills.bill_key"),
        nullable=True,
        comment="Issued document with its lines.",
    ),
    text("withdrawn_by", "Who took it back while it waited.", nullable=True),
    instant("withdrawn_at", "When.", nullable=True),
    text("withdrawal_reason", "Why it was taken back, as the person said.", nullable=True),
    CheckConstraint("cause IN ('late_usage', 'price', 'discount', 'refund')", name="cause"),
    CheckConstraint("delivery IN ('next_bill', 'note')", name="delivery"),
    CheckConstraint(CORRECTION.constraint(), name="state"),
    CheckConstraint("(state = 'applied') = (document_bill_key IS NOT NULL)", name="document"),
    CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn_at"),
    CheckConstraint(
        "num_nonnulls(withdrawn_by, withdrawn_at, withdrawal_reason) IN (0, 3)",
        name="withdrawn_by",
    ),
    CheckConstraint("(cause = 'refund') = (refund_amount IS NOT NULL)", name="refund"),
    CheckConstraint("refund_amount > 0", name="refund_amount"),
    schema="billing",
    comment="Corrections of issued bills that a person requested.",
)

waivers = Table(
    "waivers",
    metadata,
    key("waiver_key", "Surrogate key."),
    Column(
        "subscription_key", ForeignKey("core.subscriptions.subscription_key"), nullable=False, comment="Subscription."
    ),
    text("period", "Billing period, YYYY-MM."),
    text("finding", "Finding that does not hold the bill any more."),
    json("facts", "What was found (bill_findings.facts); other facts hold the bill again."),
    text("reason", "Why, as the person said."),
    text("waived_by", "Who waived it."),
    instant("waived_at", "When."),
    UniqueConstraint("subscription_key", "period", "finding", "facts"),
    schema="billing",
    comment="Findings that a person waived with a reason. Written once, never changed.",
)
