"""Publishes price plans: from a file's value to rows that rating joins.

What is published never changes. Publishing the same plan again does nothing; a file that says otherwise about a
published version, or leaves one out, is a conflict; a new version starts after the published ones and after everything
that issued bills were made of.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.exc import DataError

from include.domain.errors import ConflictError, InvalidInputError
from include.domain.price_fields import whole_aku_seconds
from include.domain.price_plans import PlanVersion, PricePlan, price_scale, scaled_price
from include.warehouse.engine import USAGE, locked, statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Engine


class PublishedPlan(NamedTuple):
    """What publishing did: the plan's name, and how many versions were new."""

    name: str
    new_version_count: int


def publish_price_plans(warehouse: Engine, plans: Iterable[PricePlan]) -> list[PublishedPlan]:
    """Publish all of them, or none, never while bills are issued: a bill has a version, or it is refused.

    Raises:
        ConflictError: when a plan says otherwise about what is published or billed already.
    """
    with warehouse.begin() as connection, locked(connection, *USAGE):
        return [publish_price_plan(connection, plan) for plan in plans]


def published_plan(warehouse: Engine, name: str) -> PricePlan | None:
    """The plan of that name as it is published, or None."""
    with warehouse.connect() as connection:
        stored = connection.execute(statement("billing/prices/find_plan"), {"name": name}).one_or_none()
        if stored is None:
            return None
        rows = connection.execute(statement("billing/prices/list_versions"), {"plan_key": stored.plan_key}).all()
    versions = [PlanVersion.model_validate(row.source) for row in rows]
    return PricePlan(name=name, currency=stored.currency, time_zone=stored.time_zone, versions=versions)


def publish_price_plan(connection: Connection, plan: PricePlan) -> PublishedPlan:
    """Publish one plan within the caller's transaction, which holds the lock `USAGE` where others may issue bills.

    Raises:
        ConflictError: when the plan says otherwise about what is published or billed already.
        InvalidInputError: when the warehouse does not know the plan's time zone.
    """
    with locked(connection, "publish", plan.name):
        _refuse_unknown_zone(connection, plan)
        connection.execute(
            statement("billing/prices/insert_plan"),
            {"name": plan.name, "currency": plan.currency, "time_zone": plan.time_zone},
        )
        stored = connection.execute(statement("billing/prices/find_plan"), {"name": plan.name}).one()
        _refuse_other_basis(plan, stored.currency, stored.time_zone)
        rows = connection.execute(statement("billing/prices/list_versions"), {"plan_key": stored.plan_key}).all()
        published = [PlanVersion.model_validate(row.source) for row in rows]
        _refuse_rewriting(plan, published)
        new = [version for version in plan.versions if version not in published]
        _refuse_between(plan.name, new, published)
        for version in new:
            _refuse_issued(connection, plan.name, stored.plan_key, version)
            _insert_version(connection, stored.plan_key, version)
    return PublishedPlan(plan.name, len(new))


def _refuse_unknown_zone(connection: Connection, plan: PricePlan) -> None:
    """PostgreSQL has a list of zones of its own, by which months are cut; a published plan never changes."""
    try:
        with connection.begin_nested():
            connection.execute(statement("billing/prices/try_time_zone"), {"time_zone": plan.time_zone})
    except DataError:
        rule = "is not known to the warehouse's PostgreSQL"
        remedy = "Use the zone's main name, like Asia/Shanghai, or renew the server's time zone data."
        raise InvalidInputError(f"Price plan {plan.name}, time_zone", plan.time_zone, rule, remedy) from None


def _refuse_other_basis(plan: PricePlan, currency: str, zone: str) -> None:
    for field, given, stored in (("currency", plan.currency, currency), ("time_zone", plan.time_zone, zone)):
        if given != stored:
            raise ConflictError(
                f"Price plan {plan.name} is published with {field} {stored}, the file says {given}. "
                f"Keep {stored}, or give the plan a new name."
            )


def _refuse_rewriting(plan: PricePlan, published: list[PlanVersion]) -> None:
    given = {version.effective_from: version for version in plan.versions}
    for version in published:
        at = version.effective_from.isoformat()
        if version.effective_from not in given:
            raise ConflictError(
                f"Price plan {plan.name} has a published version effective from {at} that the file leaves out. "
                "Put it back: what is published stays."
            )
        if given[version.effective_from] != version:
            raise ConflictError(
                f"Price plan {plan.name}, version effective from {at}, is published and the file says otherwise. "
                "A published version never changes: restore it, and add a version with a later effective_from."
            )


def _refuse_between(name: str, new: list[PlanVersion], published: list[PlanVersion]) -> None:
    """A new version goes before all that are published, or after them."""
    if not published:
        return
    first, last = published[0].effective_from, published[-1].effective_from
    for version in new:
        if first < version.effective_from < last:
            raise ConflictError(
                f"Price plan {name} has a new version effective from {version.effective_from.isoformat()}, but its "
                f"prices are published until {last.isoformat()}. Let the new version start then or later."
            )


def _refuse_issued(connection: Connection, name: str, plan_key: int, version: PlanVersion) -> None:
    """A version never reaches into a period that is issued, for any subscription and by any offer."""
    starts = version.effective_from
    reached = connection.execute(
        statement("billing/prices/find_issued_bills_of_version"), {"plan_key": plan_key, "starts": starts}
    ).one()
    if reached.bill_count:
        raise ConflictError(
            f"Price plan {name} has a new version effective from {starts.isoformat()}, but it would price again what "
            f"{reached.bill_count} issued bill(s) are made of, like {reached.bill_id}: its prices are billed until "
            f"{reached.billed_until.isoformat()}. Let the new version start then or later, and correct bills "
            "(`bill_correction`, cause price) for the time before."
        )


def _insert_version(connection: Connection, plan_key: int, version: PlanVersion) -> None:
    digits, licence, package = version.rounding.digits, version.licence, version.package_size
    version_key = connection.execute(
        statement("billing/prices/insert_version"),
        {
            "plan_key": plan_key,
            "effective_from": version.effective_from,
            "hour_measure": version.hour_measure,
            "charge_every": version.charge_every,
            "rounding_digits": digits,
            "rounding_mode": version.rounding.mode,
            "model": version.model,
            "flat_fee_at_zero": version.flat_fee_at_zero,
            "package_aku_seconds": package and whole_aku_seconds(package),
            "included_aku_seconds": whole_aku_seconds(version.included),
            "minimum_charge": version.minimum_charge,
            "maximum_charge": version.maximum_charge,
            "is_prorated": version.prorate,
            "discount_percent": version.discount_percent,
            "tax_rate": version.tax_rate,
            "tax_is_inclusive": version.tax_inclusive,
            "licence_price_per_aku_month": licence and licence.price_per_aku_month,
            "overage_price": licence and licence.overage_price,
            "source": json.dumps(version.model_dump(mode="json")),
        },
    ).scalar_one()
    tiers = [
        {
            "version_key": version_key,
            "tier": number,
            "up_to": tier.up_to,
            "up_to_aku_seconds": tier.up_to and whole_aku_seconds(tier.up_to),
            "unit_price": tier.unit_price,
            "flat_fee": tier.flat_fee,
            "price_scale": price_scale(tier.unit_price, digits),
            "scaled_price": scaled_price(tier.unit_price, digits),
        }
        for number, tier in enumerate(version.usage_tiers, start=1)
    ]
    connection.execute(statement("billing/prices/insert_tier"), tiers)
    fees = [
        {
            "version_key": version_key,
            "fee_no": number,
            "name": one.name,
            "amount": one.amount,
            "is_prorated": one.prorate,
        }
        for number, one in enumerate(version.fees, start=1)
    ]
    if fees:
        connection.execute(statement("billing/prices/insert_fee"), fees)
