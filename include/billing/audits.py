"""Runs the audits: SQL files in warehouse/audits, each a claim about bills, each returning the bills that break it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.billing.rating import window_of
from include.warehouse.engine import audits, statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.periods import BillingPeriod


def audit_drafts(connection: Connection, period: BillingPeriod, at: datetime) -> int:
    """Store a finding for each draft and each claim that does not hold for it; how many there are."""
    findings = [
        {"bill_key": row.bill_key, "finding": claim, "sentence": row.sentence, "found_at": at}
        for claim, audit in audits().items()
        for row in connection.execute(audit, {**window_of(period), "states": ["draft"]})
    ]
    if findings:
        connection.execute(statement("billing/insert_finding"), findings)
    return len(findings)
