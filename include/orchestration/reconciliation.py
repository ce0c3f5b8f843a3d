"""Fetching and comparing of the Marketplace's bills, with Airflow's connections, and the hours that billing gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.orchestration import connections, work

if TYPE_CHECKING:
    from datetime import datetime

    from include.alibaba.bss import Bss
    from include.reconciliation.compare import Reconciled


def fetch_cycle(cycle: str, at: datetime) -> dict[str, str]:
    """Fetch a billing cycle's charges of all buyers, of the month and of its hours.

    Yields by account id why a bill could not be fetched, and what to do.
    """
    from include.reconciliation.charges import fetch_charges
    from include.reconciliation.hours.fetch import fetch_hourly_charges

    warehouse = connections.warehouse()
    by_month = fetch_charges(warehouse, cycle, at, _bills_of).failures
    by_hour = fetch_hourly_charges(warehouse, cycle, at, _bills_of).failures
    return by_hour | by_month


def compare_cycle(cycle: str, at: datetime, by: str) -> Reconciled:
    """Compare our bills of a cycle with what was fetched."""
    from include.billing.evidence.hour_amounts import create_hour_amounts
    from include.reconciliation.compare import reconcile_period

    return reconcile_period(connections.warehouse(), cycle, at, by, our_hours=create_hour_amounts)


def say_days_of(period: str) -> str:
    """The days of a period on which hours differ, in words."""
    from include.reconciliation.hours.days import list_days, say_days

    return say_days(list_days(connections.warehouse(), period))


def name_open_findings(at: datetime) -> list[str]:
    """All open findings in words, the oldest first, those of months that this run did not compare included."""
    from include.reconciliation.findings import list_findings

    return [finding.say(at) for finding in list_findings(connections.warehouse())]


def explain_findings_of_run() -> str:
    """Close what the run's form names, in the name of the Airflow user who triggered it; says what was done.

    Raises:
        InvalidInputError: when the form is wrong, or the run has no triggering user.
        ConflictError: when a finding is closed already.
    """
    from include.reconciliation.findings import explain_findings

    form, warehouse = work.form(), connections.warehouse()
    at = work.database_instant(warehouse)
    return explain_findings(warehouse, form["findings"], work.triggering_user(), form["reason"], at)


def _bills_of(account_id: str) -> Bss:
    from include.alibaba.bss import Bss

    return Bss(connections.buyer_access(account_id))
