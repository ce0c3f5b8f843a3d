"""Runs the audits of a period's drafts: what they find holds a bill, unless a person waived it in these very words.

An audit is a SQL file in warehouse/audits, a claim about bills that returns the bills that break it; besides, a bill's
amount is held against the subscription's own earlier ones (unusual.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.billing.bills.unusual import find_unusual
from include.billing.rating.rate import window_of
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
    findings = [
        {"bill_key": bill_key, "finding": claim, "sentence": sentence, "content": content, "found_at": at}
        for claim, bill_key, sentence, content in _findings(connection, period)
        if bill_key in drafts
    ]
    if findings:
        connection.execute(statement("billing/bills/insert_finding"), findings)
    return len(findings) + hold_rejected(connection, window_of(period), at)


def hold_rejected(connection: Connection, window: dict[str, Any], at: datetime) -> int:
    """Store a finding for each draft or held bill of the window that a person rejected as it is; how many are new."""
    return connection.execute(statement("billing/bills/hold_rejected_drafts"), {**window, "at": at}).rowcount


def _findings(connection: Connection, period: BillingPeriod) -> Iterator[tuple[str, int, str, str]]:
    """Claim, bill, sentence and content; an audit whose sentence says all that it found has no content."""
    for claim, audit in audits().items():
        for row in connection.execute(audit, {**window_of(period), "states": ["draft"]}):
            yield claim, row.bill_key, row.sentence, getattr(row, "content", "")
    for unusual in find_unusual(connection, period):
        yield "amount_is_usual", unusual.bill_key, unusual.sentence, ""
