"""Rates a billing period: from hourly usage to lines and taxes, for any number of subscriptions, by SQL over sets.

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

    from sqlalchemy import Connection, Row

    from include.domain.periods import BillingPeriod

#: Where the subscriptions' periods are cut: into billing.rating_segments.
_SPLITTING = (
    "billing/rating/create_billable_subscriptions",
    "billing/rating/create_tiers",
    "billing/rating/create_cuts",
    "billing/rating/insert_segments",
)
#: The only statements that read hours.
_SUMMING = ("billing/rating/sum_segments", "billing/rating/count_hours")
_COUNTING = ("billing/rating/create_cumulative_quantities",)
#: What each segment costs, and then what is taken off it or added to it.
_CHARGING = (
    "billing/rating/create_tier_usage",
    "billing/rating/create_charges",
    "billing/rating/add_free_usage",
    "billing/rating/add_usage",
    "billing/rating/add_flat_fees",
    "billing/rating/add_fees",
    "billing/rating/add_discounts",
)
_LIMITING = ("billing/rating/add_minimum_or_maximum",)
_WRITING = (
    "billing/rating/create_unnumbered_lines",
    "billing/rating/add_licences",
    "billing/rating/add_zero_usage",
    "billing/rating/add_charges",
    "billing/rating/create_lines",
    "billing/rating/create_taxes",
    "billing/rating/delete_segments",
)
#: What these make, in their order; each is a temporary table.
_TABLES = (
    "billable_subscriptions",
    "rated_tiers",
    "segment_cuts",
    "segment_totals",
    "sequential_totals",
    "cumulative_quantities",
    "tier_usage",
    "rated_charges",
    "unnumbered_lines",
    "rated_lines",
    "rated_taxes",
)


def rate(
    connection: Connection,
    period: BillingPeriod,
    *,
    subscriptions: Sequence[int],
    known_at: datetime | None = None,
    unpriced: dict[str, str] | None = None,
) -> None:
    """Rate the period's usage into rated_lines and rated_taxes, which replace those of an earlier call.

    Hours are those of metering.subscription_hours, or of billing.rating_hours where the caller put a row there.

    Args:
        connection: an open transaction; nothing of it is committed here.
        period: months of the plans' time zone.
        subscriptions: keys to rate, whatever bills they have.
        known_at: leaves out private offers entered later; without, all count.
        unpriced: takes the subscriptions that cannot be rated, by id, each with a sentence on why; they have no lines
            then, and all others do. Without it, the first of them is raised.

    Raises:
        ConfigurationError: when a subscription's price plan is not published.
        InvalidInputError: when no version of a plan is in force for some usage, or it is too large to rate.
    """
    parameters = split_periods(connection, period, subscriptions=subscriptions, known_at=known_at)
    sum_hours(connection, parameters)
    charge_segments(connection, parameters, unpriced)


def split_periods(
    connection: Connection, period: BillingPeriod, *, subscriptions: Sequence[int], known_at: datetime | None
) -> dict[str, Any]:
    """Rating, first: which subscriptions, and the segments of their periods. Returns the further steps' parameters."""
    parameters = {
        **window_of(period),
        "time_zone": period.zone_name,
        "subscriptions": list(subscriptions),
        "known_at": known_at,
        "has_other_hours": connection.scalar(text("SELECT EXISTS (SELECT FROM billing.rating_hours)")),
    }
    use_memory(connection)
    connection.execute(text(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{table}' for table in _TABLES)}"))
    run_steps(connection, _SPLITTING, parameters)
    return parameters


def sum_hours(connection: Connection, parameters: dict[str, Any]) -> None:
    """Rating, second: what the segments' hours add up to."""
    run_steps(connection, _SUMMING, parameters)


def charge_segments(connection: Connection, parameters: dict[str, Any], unpriced: dict[str, str] | None = None) -> None:
    """Rating, last: what the segments' sums cost, line by line."""
    run_steps(connection, _COUNTING, parameters)
    _leave_out_unpriced(connection, unpriced)
    run_steps(connection, _CHARGING, parameters)
    for kind in ("maximum", "minimum"):
        run_steps(connection, _LIMITING, {**parameters, "bound_kind": kind})
    run_steps(connection, _WRITING, parameters)


def window_of(period: BillingPeriod) -> dict[str, Any]:
    """The period's bounds as statements name them."""
    return {"period_start": period.window.start, "period_end": period.window.end}


def use_memory(connection: Connection) -> None:
    """Let this transaction group a million hours in memory, by hash; it is a few statements a month.

    Working tables have no statistics, and what earlier ratings deleted from them looks like rows until it is vacuumed;
    PostgreSQL would then sort all hours to merge them with segments, of which there are few.
    """
    for setting, value in (("work_mem", "256MB"), ("enable_mergejoin", "off")):
        connection.execute(text("SELECT set_config(:setting, :value, TRUE)"), {"setting": setting, "value": value})


def _leave_out_unpriced(connection: Connection, left_out: dict[str, str] | None) -> None:
    """Take what cannot be priced out of this transaction's tables and name it, or refuse it if no caller takes it."""
    rows = connection.execute(statement("billing/rating/find_unpriced_usage")).all()
    for row in rows:
        if left_out is None:
            raise _unpriced(row)
        left_out[row.subscription_id] = str(_unpriced(row))
    if not rows:
        return
    for table in ("cumulative_quantities", "sequential_totals", "segment_totals", "billable_subscriptions"):
        connection.execute(
            text(f"DELETE FROM {table} WHERE subscription_key = ANY(:keys)"),  # noqa: S608 (one of the names above)
            {"keys": [row.subscription_key for row in rows]},
        )


def _unpriced(row: Row[Any]) -> ConfigurationError | InvalidInputError:
    if row.plan_is_missing:
        return ConfigurationError(
            f"Subscription {row.subscription_id} has the price plan {row.price_plan}, which is not "
            "published. Publish it with `akubill plan publish FILE`."
        )
    if row.is_too_large:
        return InvalidInputError(
            f"Usage of subscription {row.subscription_id} in some hour",
            row.at.isoformat(),
            f"is too large to be rated exactly by the price plan {row.price_plan}",
            "Check the usage; if it is right, publish a version with fewer places in its price.",
        )
    return InvalidInputError(
        f"Usage of subscription {row.subscription_id}",
        row.at.isoformat(),
        f"has no price: the price plan {row.price_plan} has no version in force then",
        "Publish a version that is effective at that time.",
    )
