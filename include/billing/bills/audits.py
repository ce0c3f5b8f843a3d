"""Runs the audits of a period's drafts: what they find holds a bill, unless a person waived exactly what was found.

An audit is a SQL file in warehouse/audits, a claim about bills that returns the bills that break it; besides, a bill's
amount is held against the subscription's own earlier ones (unusual.py).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from include.billing.bills.unusual import find_unusual
from include.billing.rating.rate import window_of
from include.domain.words.billing import Finding
from include.warehouse.engine import audits, statement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.periods import BillingPeriod


def audit_drafts(
    connection: Connection, period: BillingPeriod, at: datetime, subscription_key: int | None = None
) -> int:
    """Store a finding for each draft and each claim that does not hold for it; how many were found.

    Args:
        connection: the transaction that made the drafts.
        period: the drafts' period.
        at: logical time of the run.
        subscription_key: audits only this one's draft.
    """
    chosen = {**window_of(period), "subscription_key": subscription_key}
    drafts = set(connection.execute(statement("billing/bills/list_drafts"), chosen).scalars())
    findings = [(bill_key, finding) for bill_key, finding in _findings(connection, period) if bill_key in drafts]
    for bill_key, finding in findings:
        hold_for(connection, bill_key, finding, at)
    return len(findings) + hold_rejected(connection, window_of(period), at)


def hold_for(connection: Connection, bill_key: int, finding: Finding, at: datetime) -> None:
    """Store what was found about a draft or held bill, in place of what this audit found about it before."""
    found = {"bill_key": bill_key, "finding": finding.finding, "facts": json.dumps(finding.facts), "found_at": at}
    connection.execute(statement("billing/bills/insert_finding"), found)


def hold_rejected(connection: Connection, window: dict[str, Any], at: datetime) -> int:
    """Store a finding for each draft or held bill of the window that a person rejected as it is; how many are new."""
    return connection.execute(statement("billing/bills/hold_rejected_drafts"), {**window, "at": at}).rowcount


def _findings(connection: Connection, period: BillingPeriod) -> Iterator[tuple[int, Finding]]:
    for claim, audit in audits().items():
        for row in connection.execute(audit, {**window_of(period), "states": ["draft"]}):
            yield row.bill_key, Finding(claim, row.facts)
    for unusual in find_unusual(connection, period):
        yield unusual.bill_key, Finding("amount_is_usual", unusual.facts)
