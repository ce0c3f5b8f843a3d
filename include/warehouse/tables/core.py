"""Schema core: who subscribed to what."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table
from sqlalchemy import text as sql

from include.domain.lifecycles import ENVIRONMENT, SUBSCRIPTION
from include.warehouse.tables.base import big, decimal, flag, instant, integer, json, key, metadata, text

_LIVE = sql("state NOT IN ('failed', 'released')")

buyers = Table(
    "buyers",
    metadata,
    text("account_id", "Cloud account that subscribed (aliUid).", primary_key=True),
    text("site", "Site of the cloud the account belongs to: china or international."),
    instant("registered_at", "When the buyer was first entered."),
    schema="core",
    comment="Cloud accounts that subscribed.",
)

subscriptions = Table(
    "subscriptions",
    metadata,
    key("subscription_key", "Surrogate key."),
    text("subscription_id", "Public id, derived from product, account, region and environment name.", unique=True),
    text("product", "Product of the catalogue."),
    Column("account_id", ForeignKey("core.buyers.account_id"), nullable=False, comment="Buyer."),
    text("region", "Cloud region of the environment."),
    text("network", "VPC of the environment."),
    text("department", "Business department the subscription is for; empty when the buyer has only one."),
    text("contact", "Whom to write to about it, as the operator entered it last.", nullable=True),
    text("environment_name", "Name of the environment, unique per buyer and region."),
    text("payment", "payg (pay as you go) or prepaid (licence)."),
    text("price_plan", "Name of the price plan that its usage is priced by."),
    text("state", "requested, ordered, deployed, active, failed or released."),
    text("state_reason", "Why it is in this state, as a sentence; for failed ones what to do.", nullable=True),
    integer("attempt", "Counts from 1; a re-run after a failure starts the next one."),
    text("service_instance_id", "Compute Nest service instance of the current attempt.", nullable=True),
    text("marketplace_instance_id", "Marketplace instance of the current attempt.", nullable=True, unique=True),
    text("order_id", "Marketplace order of the current attempt.", nullable=True, unique=True),
    json("request", "The onboarding request as it was given; no secrets."),
    instant("requested_at", "When onboarding was first requested."),
    instant("started_at", "From when the subscription counts; history before onboarding can be imported from here on."),
    instant("metering_started_at", "From when consoles are polled for it.", nullable=True),
    instant("expires_at", "End of the term that the Marketplace sold; null when it has none.", nullable=True),
    instant("ended_at", "When it was released.", nullable=True),
    CheckConstraint("payment IN ('payg', 'prepaid')", name="payment"),
    CheckConstraint(SUBSCRIPTION.constraint(), name="state"),
    CheckConstraint("attempt >= 1", name="attempt"),
    Index("subscriptions_one_per_environment_name", "account_id", "region", "environment_name", unique=True),
    Index(
        "subscriptions_one_per_network_and_department",
        "account_id",
        "region",
        "network",
        "department",
        unique=True,
        postgresql_where=_LIVE,
    ),
    schema="core",
    comment="One activation of the product by a buyer.",
)

freezes = Table(
    "freezes",
    metadata,
    Column(
        "subscription_key",
        ForeignKey("core.subscriptions.subscription_key"),
        primary_key=True,
        comment="Subscription.",
    ),
    instant("frozen_from", "End of the hour that contains the expiry; on the hour.", primary_key=True),
    instant("frozen_until", "When it was renewed or resumed; null while it is frozen.", nullable=True),
    Index("freezes_that_last", "subscription_key", unique=True, postgresql_where=sql("frozen_until IS NULL")),
    CheckConstraint("frozen_until >= frozen_from", name="window"),
    schema="core",
    comment="Time in which a subscription had expired and was not renewed: it is neither metered nor billed.",
)

environments = Table(
    "environments",
    metadata,
    key("environment_key", "Surrogate key."),
    text("environment_id", "Id that the console knows itself by (X-automq-environment-id).", unique=True),
    Column(
        "subscription_key",
        ForeignKey("core.subscriptions.subscription_key"),
        nullable=False,
        unique=True,
        comment="Subscription; each has exactly one environment.",
    ),
    text("console_url", "Base URL of the environment console."),
    text("state", "registered, verified (the console answered), metered (polled), or released."),
    integer("shard", "Which of the fixed number of polling shards asks it."),
    instant("registered_at", "When it was registered."),
    instant("verified_at", "When its console first answered.", nullable=True),
    CheckConstraint(ENVIRONMENT.constraint(), name="state"),
    schema="core",
    comment="The deployment of one subscription: one console, one network.",
)

environment_credentials = Table(
    "environment_credentials",
    metadata,
    Column(
        "environment_key", ForeignKey("core.environments.environment_key"), primary_key=True, comment="Environment."
    ),
    text("access_key_id", "Access key id of the console."),
    Column("secret_ciphertext", LargeBinary, nullable=False, comment="Console secret, encrypted by the vault's key."),
    instant("stored_at", "When this credential was stored."),
    schema="core",
    comment="Credentials of consoles. Not readable by analysts.",
)

licences = Table(
    "licences",
    metadata,
    key("licence_key", "Surrogate key."),
    Column(
        "subscription_key", ForeignKey("core.subscriptions.subscription_key"), nullable=False, comment="Subscription."
    ),
    instant("term_start", "Start of the term (inclusive)."),
    instant("term_end", "End of the term (exclusive)."),
    integer("term_months", "Length of the term in calendar months of the plan's time zone."),
    integer("capacity_aku", "Licensed capacity in AKU."),
    decimal("price", "Price of the whole term, from the terms in force at its start (billing.version_at)."),
    text("currency", "ISO 4217 code."),
    flag("auto_renew", "Whether the next term follows by itself."),
    Column(
        "renews_licence_key",
        ForeignKey("core.licences.licence_key"),
        nullable=True,
        unique=True,
        comment="Term that this one renews; null for a first term. Each term is renewed once.",
    ),
    Index("licences_by_subscription", "subscription_key", "term_start"),
    CheckConstraint("term_start < term_end", name="term"),
    CheckConstraint("capacity_aku > 0", name="capacity"),
    CheckConstraint("price >= 0", name="price"),
    schema="core",
    comment="Prepaid licences, one row per term.",
)

onboarding_steps = Table(
    "onboarding_steps",
    metadata,
    Column(
        "subscription_key",
        ForeignKey("core.subscriptions.subscription_key"),
        primary_key=True,
        comment="Subscription.",
    ),
    integer("attempt", "Attempt of the subscription.", primary_key=True),
    text("step", "Name of the step, as the DAG's task.", primary_key=True),
    text("outcome", "started (a call may be under way), done or failed."),
    text("detail", "What happened, as a sentence; no secrets.", nullable=True),
    json("result", "Ids the step yielded.", server_default=sql("'{}'::jsonb")),
    instant("recorded_at", "When it was recorded."),
    big("tries", "How often the step was begun.", server_default="1"),
    CheckConstraint("outcome IN ('started', 'done', 'failed')", name="outcome"),
    schema="core",
    comment="What onboarding did, step by step; the ledger for calls that cannot be repeated blindly.",
)
