"""Runs the audits of drafts: what they find holds a bill, unless a person waived exactly what was found.

An audit is a SQL file in warehouse/audits, a claim about bills that returns the bills that break it; besides, a bill's
amount is held against the subscription's own earlier ones (unusual.py).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from include.billing.bills.unusual import find_unusual
from include.billing.rating.rate import window_of
from include.domain.words.billing import Finding
from include.warehouse.engine import audits, statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.periods import BillingPeriod


def audit_drafts(connection: Connection, period: BillingPeriod, at: datetime, subscriptions: Sequence[int]) -> int:
    """Store a finding for each draft and each claim that does not hold for it; how many were found.

    Args:
        connection: the transaction that made the drafts.
        period: the drafts' period.
        at: logical time of the run.
        subscriptions: whose drafts.
    """
    findings = list(_findings(connection, period, subscriptions))
    for bill_key, finding in findings:
        hold_for(connection, bill_key, finding, at)
    return len(findings) + hold_rejected(connection, period, at, subscriptions)


def hold_for(connection: Connection, bill_key: int, finding: Finding, at: datetime) -> None:
    """Store what was found about a draft or held bill, in place of what this audit found about it before."""
    found = {"bill_key": bill_key, "finding": finding.finding, "facts": json.dumps(finding.facts), "found_at": at}
    connection.execute(statement("billing/bills/insert_finding"), found)


def hold_rejected(connection: Connection, period: BillingPeriod, at: datetime, subscriptions: Sequence[int]) -> int:
    """Store a finding for each of their drafts and held bills that a person rejected as it is; how many are new."""
    chosen = {**window_of(period), "subscriptions": list(subscriptions), "at": at}
    return connection.execute(statement("billing/bills/hold_rejected_drafts"), chosen).rowcount


def _findings(
    connection: Connection, period: BillingPeriod, subscriptions: Sequence[int]
) -> Iterator[tuple[int, Finding]]:
    drafts = {**window_of(period), "states": ["draft"], "subscriptions": list(subscriptions)}
    for claim, audit in audits().items():
        for row in connection.execute(audit, drafts):
            yield row.bill_key, Finding(claim, row.facts)
    for unusual in find_unusual(connection, period, subscriptions):
        yield unusual.bill_key, Finding("amount_is_usual", unusual.facts)
