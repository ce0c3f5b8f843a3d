"""Compares our bills with the Marketplace's hour by hour, where its bill has hours, by the rules for files of hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from include.warehouse.engine import run_steps, statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from include.domain.periods import BillingPeriod

#: The two sides into one working table, of which the verdicts are made.
_COMPARING = (
    "reconciliation/hours/count_charged_hours",
    "reconciliation/hours/insert_marketplace_amounts",
    "reconciliation/hours/insert_our_amounts",
    "reconciliation/hours/delete_unrated_amounts",
    "reconciliation/hours/create_judged_hours",
    "reconciliation/hours/delete_amounts",
    "reconciliation/hours/store_verdicts",
    "reconciliation/hours/explain_months",
)


class OurHours(Protocol):
    """Puts what we charge by the hour into our_hours of the transaction; billing's create_hour_amounts is the one."""

    def __call__(self, connection: Connection, period: BillingPeriod, subscriptions: Sequence[int]) -> None:
        """Of these subscriptions' period."""


def compare_hours(
    connection: Connection, period: BillingPeriod, window: Mapping[str, Any], our_hours: OurHours | None
) -> None:
    """Store the verdicts on the period's hours, and what they say of each month into compared_bills.

    Args:
        connection: the transaction that has compared_bills.
        period: the period.
        window: the facts that its statements name.
        our_hours: what we charge by the hour; None where months alone are compared.
    """
    connection.execute(statement("reconciliation/hours/delete_verdicts"), {"period": period.name})
    if our_hours is None:
        return
    keys = connection.execute(statement("reconciliation/hours/list_compared_bills")).scalars().all()
    our_hours(connection, period, keys)
    run_steps(connection, _COMPARING, window)
