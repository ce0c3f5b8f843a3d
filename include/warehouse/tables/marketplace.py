"""Schema marketplace: the inbox of what the Marketplace said, and what it made of each subscription."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table
from sqlalchemy import text as sql

from include.domain.lifecycles import EVENT, MARKETPLACE_INSTANCE
from include.warehouse.tables.base import big, instant, integer, json, key, metadata, text

#: The ways in: an HTTP call of the Marketplace, its list of what it could not deliver, and an operator's form.
SOURCES = ("callback", "notification", "operator")

inbox = Table(
    "inbox",
    metadata,
    key("event_key", "Surrogate key, in the order of arrival."),
    instant("received_at", "When it was stored, by the database's clock.", server_default=sql("clock_timestamp()")),
    text(
        "source",
        "callback, notification (fetched after it could not be delivered) or operator (entered by hand). The role that "
        "stores callbacks cannot choose it.",
        server_default="callback",
    ),
    text("request_id", "Id of a fetched notification; null for others.", nullable=True, unique=True),
    text("action", "What it says, like renewInstance; empty when it does not say."),
    text("query", "The query as it came, still encoded, without the token's value."),
    json("parameters", "Its decoded parameters by name, unknown ones included; without the token."),
    text(
        "instance_id",
        "Subscription that it belongs to: orderBizId of createInstance, instanceId of others; empty when it names "
        "none.",
    ),
    text("state", "received, applied, repeated or parked.", server_default=EVENT.begins),
    text("reason", "Why it is parked, as a key of include/domain/words/marketplace.py.", nullable=True),
    json("facts", "What the reason's sentence says.", server_default=sql("'{}'::jsonb")),
    integer("tries", "How often it was tried to apply it.", server_default="0"),
    instant("next_try_at", "Not before this instant is it tried again; null when at once.", nullable=True),
    instant("decided_at", "When it was applied, found repeated or parked.", nullable=True),
    CheckConstraint(f"source IN {SOURCES}", name="source"),
    CheckConstraint(EVENT.constraint(), name="state"),
    CheckConstraint("(state = 'parked') = (reason IS NOT NULL)", name="reason"),
    CheckConstraint("(source = 'notification') = (request_id IS NOT NULL)", name="request_id"),
    Index("inbox_waiting", "instance_id", "event_key", postgresql_where=sql("state = 'received'")),
    Index("inbox_parked", "event_key", postgresql_where=sql("state = 'parked'")),
    Index("inbox_by_instance", "instance_id", "event_key"),
    schema="marketplace",
    comment="Everything that the Marketplace said, one row per call, stored before it is answered.",
)

event_decisions = Table(
    "event_decisions",
    metadata,
    Column("event_key", ForeignKey("marketplace.inbox.event_key"), primary_key=True, comment="Event."),
    big("decision_no", "Counts the event's decisions from 1.", primary_key=True),
    text("decision", "entered (by a form) or replayed (a parked event is tried again)."),
    text("decided_by", "Airflow user, or user of the computer, who decided."),
    text("reason", "Why, in that person's words."),
    instant("decided_at", "When, by the database's clock.", server_default=sql("clock_timestamp()")),
    CheckConstraint("decision IN ('entered', 'replayed')", name="decision"),
    schema="marketplace",
    comment="What people did with events.",
)

refused_callbacks = Table(
    "refused_callbacks",
    metadata,
    instant("hour_start", "UTC hour.", primary_key=True),
    text("reason", "Why: token (403), unreadable (400), size (414) or rate (429).", primary_key=True),
    big("callbacks", "Calls that were refused and not stored."),
    instant("last_at", "The last of them."),
    schema="marketplace",
    comment="Calls that were refused, counted by the hour; nothing of their content is stored.",
)

instances = Table(
    "instances",
    metadata,
    text(
        "instance_id",
        "Id that callbacks name: orderBizId of its createInstance, which is our answer to it.",
        primary_key=True,
    ),
    text("order_id", "Order that created it."),
    text("account_id", "Buyer (aliUid), as its createInstance says; null when it does not.", nullable=True),
    text("product_code", "Product, as its createInstance says; null when it does not.", nullable=True),
    text("sku_id", "What was bought, or upgraded to."),
    text("state", "active (deployment included), frozen or released."),
    instant("expires_at", "End of its term; null for one that runs until it is released.", nullable=True),
    json("applied", "Action and order of each renewal and upgrade that had its effect."),
    text(
        "marketplace_instance_id", "Id by which the Marketplace meters it; null until it is onboarded.", nullable=True
    ),
    text("onboarding_run", "Run of subscription_onboarding that was started for it; null without.", nullable=True),
    instant("created_at", "When its createInstance was received."),
    instant("changed_at", "When the last event that changed it was received."),
    instant(
        "followed_at",
        "Value of changed_at that core.subscriptions has followed; null while it is not onboarded.",
        nullable=True,
    ),
    CheckConstraint(MARKETPLACE_INSTANCE.constraint(), name="state"),
    Index("instances_by_order", "order_id"),
    Index("instances_to_follow", "instance_id", postgresql_where=sql("followed_at IS DISTINCT FROM changed_at")),
    schema="marketplace",
    comment="Subscriptions as the Marketplace's events left them.",
)

FINDINGS = (
    "release_lost",
    "expiry_lost",
    "renewal_lost",
    "runs_there",
    "unknown_there",
    "order_refunded",
    "expiry_differs",
    "status_unknown",
)

findings = Table(
    "findings",
    metadata,
    key("finding_key", "Surrogate key."),
    text("order_id", "Order of the subscription."),
    text("kind", f"{', '.join(FINDINGS[:-1])} or {FINDINGS[-1]}."),
    json("facts", "What its sentence says."),
    instant("opened_at", "Logical time of the comparison that found it: its age counts from here."),
    instant("last_seen_at", "Logical time of the last comparison that found it."),
    instant("resolved_at", "Logical time of the comparison that found it over; null while it is open.", nullable=True),
    CheckConstraint(f"kind IN {FINDINGS}", name="kind"),
    CheckConstraint("resolved_at >= opened_at", name="life"),
    Index("findings_open", "order_id", "kind", unique=True, postgresql_where=sql("resolved_at IS NULL")),
    schema="marketplace",
    comment="Subscriptions of which the Marketplace says something else than its events made of them.",
)
