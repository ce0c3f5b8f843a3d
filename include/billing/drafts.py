"""Makes the drafts of a billing period: rates its usage and writes bills and lines, in the caller's transaction.

A draft is a function of the warehouse: made again it replaces the earlier drafts and held bills of exactly this period,
and leaves issued ones alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.domain.errors import ConfigurationError, InvalidInputError
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.periods import BillingPeriod


def draft_bills(connection: Connection, period: BillingPeriod, at: datetime) -> int:
    """Draft the bill of every subscription that lives in the period, or has usage in it; how many there are.

    Args:
        connection: an open transaction; nothing of it is committed here.
        period: months of another time zone than the plans' can not be drafted.
        at: logical time of the run.

    Raises:
        ConfigurationError: when a subscription's price plan is not published, or has periods of another time zone.
        InvalidInputError: when no version of a plan is in force for some usage, or it is too large to rate.
    """
    window = window_of(period)
    _refuse_other_zones(connection, period)
    rate(connection, period)
    _refuse_unpriced(connection, period)
    connection.execute(statement("billing/delete_drafts"), window)
    drafted = connection.execute(
        statement("billing/insert_drafts"), {**window, "period": period.name, "drafted_at": at}
    ).rowcount
    connection.execute(statement("billing/insert_lines"), window)
    connection.execute(statement("billing/sum_drafts"), window)
    fingerprint(connection, period, ["draft"])
    connection.execute(statement("billing/store_fingerprints"))
    return drafted


def rate(connection: Connection, period: BillingPeriod) -> None:
    """Rate the period's usage into the temporary table rated_usage of this transaction."""
    window = window_of(period)
    use_memory(connection)
    connection.execute(statement("billing/list_billable"), {**window, "time_zone": period.zone_name})
    connection.execute(text("ANALYZE billable_subscriptions"))
    connection.execute(statement("billing/rate_usage"), window)


def fingerprint(connection: Connection, period: BillingPeriod, states: list[str]) -> None:
    """Compute the fingerprints of the period's bills into the temporary table bill_fingerprints of this transaction."""
    connection.execute(statement("billing/compute_fingerprints"), {**window_of(period), "states": states})


def window_of(period: BillingPeriod) -> dict[str, Any]:
    """The period's bounds as statements name them."""
    return {"period_start": period.window.start, "period_end": period.window.end}


def use_memory(connection: Connection) -> None:
    """Let this transaction group a million hours in memory; it is a few statements a month."""
    connection.execute(text("SELECT set_config('work_mem', '256MB', TRUE)"))


def _refuse_other_zones(connection: Connection, period: BillingPeriod) -> None:
    other = connection.execute(statement("billing/find_other_zones"), {"time_zone": period.zone_name}).first()
    if other is not None:
        raise ConfigurationError(
            f"Subscription {other.subscription_id} has the price plan {other.price_plan}, whose billing periods are "
            f"months of {other.time_zone}, but months of {period.zone_name} are being closed. "
            f"Give it a plan whose time_zone is {period.zone_name}."
        )


def _refuse_unpriced(connection: Connection, period: BillingPeriod) -> None:
    unpriced = connection.execute(statement("billing/find_unpriced_usage"), window_of(period)).first()
    if unpriced is None:
        return
    if unpriced.plan_is_missing:
        raise ConfigurationError(
            f"Subscription {unpriced.subscription_id} has the price plan {unpriced.price_plan}, which is not "
            "published. Publish it with `akubill plan publish FILE`."
        )
    if unpriced.is_too_large:
        raise InvalidInputError(
            f"Usage of subscription {unpriced.subscription_id} in some hour",
            unpriced.at.isoformat(),
            f"is too large to be rated exactly by the price plan {unpriced.price_plan}",
            "Check the usage; if it is right, publish a version with fewer places in its price.",
        )
    raise InvalidInputError(
        f"Usage of subscription {unpriced.subscription_id}",
        unpriced.at.isoformat(),
        f"has no price: the price plan {unpriced.price_plan} has no version in force then",
        "Publish a version that is effective at that time.",
    )
