"""Rates a billing period: from hourly usage to lines and taxes, for one subscription or all, by SQL over sets.

Nothing is stored: the result lies in temporary tables of the caller's transaction, from where a draft, a correction or
a forecast takes it.

    rated_lines  subscription_key, line_no, kind, tier, name, description, line_start, line_end, aku_seconds, quantity,
                 unit, unit_price, exact_amount, amount, version_key, tax_rate, tax_is_inclusive
    rated_taxes  subscription_key, tax_rate, is_inclusive, base, amount
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.domain.errors import ConfigurationError, InvalidInputError
from include.warehouse.engine import run_steps, statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.periods import BillingPeriod

#: What rating makes, in its order; each is a temporary table.
_TABLES = (
    "billable_subscriptions",
    "rated_tiers",
    "segment_totals",
    "sequential_totals",
    "cumulative_quantities",
    "rated_charges",
    "rated_lines",
    "rated_taxes",
)


def rate(
    connection: Connection,
    period: BillingPeriod,
    *,
    subscriptions: Sequence[int] | None = None,
    known_at: datetime | None = None,
) -> None:
    """Rate the period's usage into rated_lines and rated_taxes, which replace those of an earlier call.

    Hours are those of metering.subscription_hours, or of billing.rating_hours where the caller put a row there.

    Args:
        connection: an open transaction; nothing of it is committed here.
        period: months of the plans' time zone.
        subscriptions: keys to rate, whatever bills they have; without, all whose bill of the period is not final.
        known_at: leaves out private offers entered later; without, all count.

    Raises:
        ConfigurationError: when a subscription's price plan is not published.
        InvalidInputError: when no version of a plan is in force for some usage, or it is too large to rate.
    """
    parameters = split_periods(connection, period, subscriptions=subscriptions, known_at=known_at)
    sum_hours(connection, parameters)
    charge_segments(connection, parameters)


def split_periods(
    connection: Connection, period: BillingPeriod, *, subscriptions: Sequence[int] | None, known_at: datetime | None
) -> dict[str, Any]:
    """Rating, first: which subscriptions, and the parts of their periods. Returns what the further steps are told."""
    parameters = {
        **window_of(period),
        "time_zone": period.zone_name,
        "subscriptions": None if subscriptions is None else list(subscriptions),
        "known_at": known_at,
        "has_other_hours": connection.scalar(text("SELECT EXISTS (SELECT FROM billing.rating_hours)")),
    }
    use_memory(connection)
    connection.execute(text(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{table}' for table in _TABLES)}"))
    run_steps(
        connection,
        (
            "billing/rating/create_billable_subscriptions",
            "billing/rating/create_tiers",
            "billing/rating/create_segments",
        ),
        parameters,
    )
    return parameters


def sum_hours(connection: Connection, parameters: dict[str, Any]) -> None:
    """Rating, second: the only statements that read hours."""
    run_steps(connection, ("billing/rating/sum_segments", "billing/rating/count_hours"), parameters)


def charge_segments(connection: Connection, parameters: dict[str, Any]) -> None:
    """Rating, last: what the parts' sums cost, line by line."""
    run_steps(connection, ("billing/rating/create_cumulative_quantities",), parameters)
    _refuse_unpriced(connection)
    run_steps(connection, ("billing/rating/create_charges", "billing/rating/add_discounts"), parameters)
    for kind in ("maximum", "minimum"):
        run_steps(connection, ("billing/rating/add_minimum_or_maximum",), {**parameters, "bound_kind": kind})
    run_steps(connection, ("billing/rating/create_lines", "billing/rating/create_taxes"), parameters)
    connection.execute(text("DELETE FROM billing.rating_segments"))


def window_of(period: BillingPeriod) -> dict[str, Any]:
    """The period's bounds as statements name them."""
    return {"period_start": period.window.start, "period_end": period.window.end}


def use_memory(connection: Connection) -> None:
    """Let this transaction group a million hours in memory, by hash; it is a few statements a month.

    Working tables have no statistics, and what earlier ratings deleted from them looks like rows until it is vacuumed;
    PostgreSQL would then sort all hours to merge them with parts, of which there are few.
    """
    for setting, value in (("work_mem", "256MB"), ("enable_mergejoin", "off")):
        connection.execute(text("SELECT set_config(:setting, :value, TRUE)"), {"setting": setting, "value": value})


def _refuse_unpriced(connection: Connection) -> None:
    unpriced = connection.execute(statement("billing/rating/find_unpriced_usage")).first()
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
