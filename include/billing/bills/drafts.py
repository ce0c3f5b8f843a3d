"""Makes the drafts of a billing period: rates its usage and writes bills, lines and taxes, in the caller's transaction.

A draft is a function of the warehouse: made again it replaces the earlier drafts and held bills of exactly this period,
and leaves issued ones alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from include.billing.corrections.compute import add_corrections
from include.billing.evidence.fingerprints import fingerprint, printed_products
from include.billing.rating.rate import rate, window_of
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.periods import BillingPeriod


def renew_licences(connection: Connection, period: BillingPeriod, before: datetime) -> list[int]:
    """Enter all terms of licences that renew by themselves and start before an instant; their keys."""
    terms = {"time_zone": period.zone_name, "renew_before": before}
    entered: list[int] = []
    while renewed := connection.execute(statement("billing/prices/renew_licences"), terms).scalars().all():
        entered += renewed
    return entered


def draft_bills(
    connection: Connection,
    period: BillingPeriod,
    at: datetime,
    subscription_key: int | None = None,
    *,
    unpriced: dict[str, str] | None = None,
) -> int:
    """Draft the bill of every subscription that lives in the period, or has usage in it; how many there are.

    Args:
        connection: an open transaction; nothing of it is committed here.
        period: subscriptions of plans with months of another time zone are left out.
        at: logical time of the run.
        subscription_key: drafts only this one's, whose bill must not be final.
        unpriced: takes the subscriptions that cannot be rated, for this period or for one that is corrected, by id,
            each with a sentence on why; they get no draft then. Without it, the first of them is raised.

    Raises:
        ConfigurationError: when a subscription's price plan is not published.
        InvalidInputError: when no version of a plan is in force for some usage, or it is too large to rate.
    """
    window = window_of(period)
    if subscription_key is None:
        _join_whole_sets(connection)
    rate(
        connection,
        period,
        subscriptions=None if subscription_key is None else [subscription_key],
        unpriced=unpriced,
    )
    connection.execute(statement("billing/bills/delete_drafts"), {**window, "subscription_key": subscription_key})
    drafted = connection.execute(
        statement("billing/bills/insert_drafts"),
        {**window, "period": period.name, "products": printed_products(), "drafted_at": at},
    ).rowcount
    connection.execute(statement("billing/bills/insert_lines"), window)
    connection.execute(statement("billing/bills/insert_taxes"), window)
    for left_out in add_corrections(connection, period, subscription_key, unpriced):
        connection.execute(statement("billing/bills/delete_drafts"), {**window, "subscription_key": left_out})
        drafted -= 1
    connection.execute(statement("billing/bills/sum_drafts"), window)
    fingerprint(connection, period, ["draft"])
    connection.execute(statement("billing/evidence/store_fingerprints"))
    return drafted


def _join_whole_sets(connection: Connection) -> None:
    """Let the rest of this transaction join by hash or merge, not row by row.

    PostgreSQL has no statistics of the drafts that this very transaction writes, takes them for a handful, and would
    read a month of hours again for each.
    """
    connection.execute(text("SELECT set_config('enable_nestloop', 'off', TRUE)"))
