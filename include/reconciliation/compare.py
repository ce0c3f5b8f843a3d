"""Compares our bills with the Marketplace's, and reconciles those that its final bill confirms.

One verdict per subscription and billing period:

    agrees                to the cent
    differs_by_rounding   |difference| < 0.01 × hours charged: each side truncates every charged hour by less than 0.01
    differs               by more than that, or in another currency
    missing_here          the Marketplace charges, we have no bill
    missing_there         we have a bill, the Marketplace charges nothing

A verdict is final when the charges were fetched after the Marketplace's bill was. A buyer whose bill was never fetched
has no verdict. Billing periods are compared with billing cycles of the same name, so price plans whose usage goes
through the Marketplace use its time zone, UTC+8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.domain.billing_cycles import billing_cycle, final_at, last_ended_cycle, oldest_kept_cycle
from include.domain.words.reconciliation import CONFIRMED, say_verdict
from include.reconciliation.findings import list_findings, update_findings
from include.reconciliation.hours.compare_stored import compare_hours
from include.warehouse.engine import locked, run_steps, statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from include.domain.money import Decimal
    from include.reconciliation.hours.compare_stored import OurHours

#: The two sides beside each other, in the temporary table compared_bills, of which store_verdicts makes verdicts.
_COMPARING = ("reconciliation/create_comparison", "reconciliation/delete_verdicts")


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a comparison of one period gave.

    Attributes:
        period: the billing period, YYYY-MM.
        verdicts: how many subscriptions got each verdict.
        reconciled: ids of bills that became reconciled.
        open_points: what a person has to do, in words: the open findings of the period.
    """

    period: str
    verdicts: dict[str, int]
    reconciled: list[str]
    open_points: list[str]

    @property
    def summary(self) -> str:
        """The counts in words."""
        counts = ", ".join(f"{count} {verdict.replace('_', ' ')}" for verdict, count in sorted(self.verdicts.items()))
        return f"{counts or 'nothing to compare'}; {len(self.reconciled)} newly reconciled"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The stored verdict on a subscription's period; an amount is None where that side has nothing."""

    period: str
    subscription_id: str
    environment_name: str
    our_amount: Decimal | None
    marketplace_amount: Decimal | None
    difference: Decimal
    currency: str
    verdict: str
    is_final: bool
    facts: dict[str, Any]

    @property
    def sentence(self) -> str:
        """The verdict in words, with what its hours say."""
        return say_verdict(self.verdict, self.facts)


def list_verdicts(warehouse: Engine, period: str | None = None) -> list[Verdict]:
    """Stored verdicts, of one period if given, the newest period first.

    Raises:
        InvalidInputError: when the period is not a month.
    """
    if period is not None:
        billing_cycle(period)
    with warehouse.connect() as connection:
        rows = connection.execute(statement("reconciliation/list_verdicts"), {"period": period}).mappings()
        return [Verdict(**row) for row in rows]


def find_cycles(warehouse: Engine, at: datetime, period: str | None = None) -> list[str]:
    """The billing cycles to reconcile at that instant, oldest first.

    The given one, or else the last that ended and every earlier one that BSS still answers for and that has an issued
    bill not reconciled yet.

    Raises:
        InvalidInputError: when the given period is not a month.
    """
    if period is not None:
        return [billing_cycle(period).name]
    last = last_ended_cycle(at).name
    window = {"oldest_cycle": oldest_kept_cycle(at).name, "last_cycle": last}
    with warehouse.connect() as connection:
        due = connection.execute(statement("reconciliation/find_due_cycles"), window).scalars().all()
    return sorted({*due, last})


def reconcile_period(
    warehouse: Engine, period: str, at: datetime, by: str = "reconciliation", *, our_hours: OurHours | None = None
) -> Reconciled:
    """Store the verdicts of a period from the charges that were fetched, and mark the confirmed bills as reconciled.

    A month that the Marketplace's bill has hours of is compared by the hour, too; the hours explain its verdict.

    Args:
        warehouse: where both bills are.
        period: YYYY-MM.
        at: logical time of the run.
        by: the run or the person, for the bills' story.
        our_hours: gives what we charge by the hour; without it, months alone are compared.

    Raises:
        InvalidInputError: when the period is not a month.
    """
    cycle = billing_cycle(period)
    window = {
        "period": period,
        "period_start": cycle.window.start,
        "period_end": cycle.window.end,
        "final_at": final_at(cycle),
    }
    with warehouse.begin() as connection, locked(connection, "reconciliation", period):
        run_steps(connection, _COMPARING, window)
        compare_hours(connection, cycle, window, our_hours)
        verdicts = connection.execute(
            statement("reconciliation/store_verdicts"), {"period": period, "checked_at": at}
        ).all()
        reconciling = {"period": period, "reconciled_at": at, "who": by, "reason": CONFIRMED}
        reconciled = connection.execute(statement("reconciliation/reconcile_bills"), reconciling).scalars().all()
        update_findings(connection, window, at, by)
    return Reconciled(
        period,
        {row.verdict: row.verdict_count for row in verdicts},
        sorted(reconciled),
        [finding.say(at) for finding in list_findings(warehouse, period)],
    )
