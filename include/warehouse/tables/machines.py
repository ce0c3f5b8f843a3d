"""Schema metering, continued: machines with the paid image, and what disagrees with metered instances."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table
from sqlalchemy import text as sql

from include.warehouse.tables.base import big, instant, integer, key, metadata, text

FINDINGS = ("machine_without_instance", "instance_without_machines", "unregistered_environment")

machine_listings = Table(
    "machine_listings",
    metadata,
    Column(
        "account_id", ForeignKey("core.buyers.account_id"), primary_key=True, comment="Buyer whose machines they are."
    ),
    text("region", "Cloud region that was queried.", primary_key=True),
    instant("attempted_at", "When it was last queried."),
    text("failure", "Why the last try failed and what to do, as a sentence; null when it did not.", nullable=True),
    instant("listed_at", "When the last whole listing was taken; a failed one is never an empty one.", nullable=True),
    integer("machines", "Running machines with the paid image in the last whole listing.", nullable=True),
    schema="operations",
    comment="When a buyer's machines in a region were last listed.",
)

machines = Table(
    "machines",
    metadata,
    key("machine_key", "Surrogate key."),
    text("machine_id", "ECS instance id.", unique=True),
    Column("account_id", ForeignKey("core.buyers.account_id"), nullable=False, comment="Buyer that runs it."),
    text("region", "Cloud region."),
    text("image_id", "Image that it runs: a paid one."),
    text("instance_type", "Its size, as the cloud names it.", nullable=True),
    text("service_instance_tag", "Compute Nest service instance that its tags name.", nullable=True),
    text("environment_tag", "Environment that its tags name.", nullable=True),
    text("instance_tag", "Kafka instance that its tags name.", nullable=True),
    Column(
        "environment_key",
        ForeignKey("core.environments.environment_key"),
        nullable=True,
        comment="Environment that it belongs to; null while none is registered for it.",
    ),
    instant("created_at", "When the cloud says it was created."),
    instant("first_seen_at", "First listing that showed it running."),
    instant("last_seen_at", "Last listing that showed it running."),
    Index("machines_by_place", "account_id", "region"),
    schema="operations",
    comment="Machines that ran the paid image, started by anyone.",
)

machine_discrepancies = Table(
    "machine_discrepancies",
    metadata,
    key("discrepancy_key", "Surrogate key."),
    text("kind", "machine_without_instance, instance_without_machines or unregistered_environment."),
    Column("account_id", ForeignKey("core.buyers.account_id"), nullable=False, comment="Buyer."),
    text("region", "Cloud region."),
    text(
        "environment_id",
        "Environment; for unregistered ones what the machines' tags name (service instance, else environment), or "
        "empty.",
    ),
    text("instance_id", "Kafka instance; empty when the machines' tags name none, and for unregistered environments."),
    Column(
        "environment_key",
        ForeignKey("core.environments.environment_key"),
        nullable=True,
        comment="Environment; null for unregistered ones.",
    ),
    integer("machines", "Different machines concerned; 0 for an instance without machines.", server_default="0"),
    big(
        "machine_hours",
        "Machine hours in question: hours in which each machine was seen; for an instance without machines the hours "
        "in which none was.",
        server_default="0",
    ),
    instant("first_seen_at", "First listing that disagreed."),
    instant("last_seen_at", "Last listing that disagreed."),
    text("state", "open, or resolved (it is no longer so).", server_default="open"),
    instant("opened_at", "Logical time of the run that found it."),
    instant("resolved_at", "Logical time of the run that found it gone.", nullable=True),
    CheckConstraint(f"kind IN {FINDINGS}", name="kind"),
    CheckConstraint("state IN ('open', 'resolved') AND (state = 'resolved') = (resolved_at IS NOT NULL)", name="state"),
    Index(
        "machine_discrepancies_one_open",
        "kind",
        "account_id",
        "region",
        "environment_id",
        "instance_id",
        unique=True,
        postgresql_where=sql("state = 'open'"),
    ),
    schema="operations",
    comment="What disagrees between running machines with the paid image and metered instances.",
)

machine_sightings = Table(
    "machine_sightings",
    metadata,
    instant("hour_start", "Start of the UTC hour.", primary_key=True),
    Column("machine_key", ForeignKey("operations.machines.machine_key"), primary_key=True, comment="Machine."),
    instant("observed_at", "Last listing of that hour that showed it running."),
    instant(
        "compared_at", "Logical time of the run that compared it; null until a poll after it exists.", nullable=True
    ),
    Column(
        "discrepancy_key",
        ForeignKey("operations.machine_discrepancies.discrepancy_key"),
        nullable=True,
        comment="Discrepancy that it belongs to; null when an instance accounts for it.",
    ),
    Index("machine_sightings_pending", "machine_key", postgresql_where=sql("compared_at IS NULL")),
    Index("machine_sightings_in_question", "discrepancy_key", postgresql_where=sql("discrepancy_key IS NOT NULL")),
    schema="operations",
    comment="One machine with the paid image, seen running in one UTC hour.",
)
