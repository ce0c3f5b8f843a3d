"""What each hour of a period costs, as rating charges it, for the comparison with the Marketplace's hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.billing.rating.rate import split_periods, window_of
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from include.domain.periods import BillingPeriod


def create_hour_amounts(connection: Connection, period: BillingPeriod, subscriptions: Sequence[int]) -> None:
    """Put the hours of subscriptions into our_hours of the caller's transaction, by the usage that is known today.

    Amounts are before tax and less the discount, by the prices that were known when the bill of the period was drafted.
    A subscription with usage that has no price has no hours there.

        our_hours  subscription_key, hour_start, amount, currency, peak_amount, started_hour_amount, uncovered_amount

    Args:
        connection: an open transaction; nothing of it is committed here.
        period: months of the plans' time zone.
        subscriptions: keys of subscriptions.
    """
    connection.execute(statement("billing/evidence/create_hour_amounts"))
    window = window_of(period)
    asked = {**window, "subscriptions": list(subscriptions)}
    for row in connection.execute(statement("billing/evidence/list_drafting_instants"), asked).all():
        split_periods(connection, period, subscriptions=row.subscription_keys, known_at=row.drafted_at)
        connection.execute(
            statement("billing/evidence/insert_hour_amounts"), {**window, "subscriptions": row.subscription_keys}
        )
        connection.execute(statement("billing/rating/delete_segments"))
