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
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.periods import BillingPeriod


def renew_licences(
    connection: Connection, period: BillingPeriod, before: datetime, subscriptions: Sequence[int]
) -> list[int]:
    """Enter all terms of their licences that renew by themselves and start before an instant; keys of these terms."""
    terms = {"time_zone": period.zone_name, "renew_before": before, "subscriptions": list(subscriptions)}
    entered: list[int] = []
    while renewed := connection.execute(statement("billing/prices/renew_licences"), terms).scalars().all():
        entered += renewed
    return entered


def draft_bills(
    connection: Connection,
    period: BillingPeriod,
    at: datetime,
    subscriptions: Sequence[int],
    *,
    unpriced: dict[str, str] | None = None,
) -> int:
    """Draft the bills of those subscriptions that live in the period, or have usage in it; how many there are.

    Args:
        connection: an open transaction; nothing of it is committed here.
        period: months of the time zone of their plans.
        at: logical time of the run.
        subscriptions: keys; none of them has a final bill of the period.
        unpriced: takes the subscriptions that cannot be rated, for this period or for one that is corrected, by id,
            each with a sentence on why; they get no draft then. Without it, the first of them is raised.

    Raises:
        ConfigurationError: when a subscription's price plan is not published.
        InvalidInputError: when no version of a plan is in force for some usage, or it is too large to rate.
    """
    chosen = {**window_of(period), "subscriptions": list(subscriptions)}
    if len(subscriptions) > 1:
        _join_whole_sets(connection)
    rate(connection, period, subscriptions=subscriptions, unpriced=unpriced)
    connection.execute(statement("billing/bills/delete_drafts"), chosen)
    drafts = connection.execute(
        statement("billing/bills/insert_drafts"),
        {**window_of(period), "period": period.name, "products": printed_products(), "drafted_at": at},
    ).scalars()
    bill_keys = list(drafts)
    connection.execute(statement("billing/bills/insert_lines"), chosen)
    connection.execute(statement("billing/bills/insert_taxes"), chosen)
    left_out = add_corrections(connection, period, subscriptions, unpriced)
    connection.execute(statement("billing/bills/delete_drafts"), {**chosen, "subscriptions": left_out})
    connection.execute(statement("billing/bills/sum_drafts"), chosen)
    fingerprint(connection, period, bill_keys)
    connection.execute(statement("billing/evidence/store_fingerprints"))
    return len(bill_keys) - len(left_out)


def _join_whole_sets(connection: Connection) -> None:
    """Let the rest of this transaction join by hash or merge, not row by row.

    PostgreSQL has no statistics of the drafts that this very transaction writes, takes them for a handful, and would
    read a month of hours again for each.
    """
    connection.execute(text("SELECT set_config('enable_nestloop', 'off', TRUE)"))
