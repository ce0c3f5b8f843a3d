"""Issued bills audited again: what was right when they were issued should still be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from include.domain.lifecycles import FINAL_BILL_STATES
from include.domain.words.billing import FINDINGS, Finding
from include.warehouse.engine import audits, statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

#: Bills of periods that ended within this time are audited every day.
AUDITED = timedelta(days=100)


class FailedAudit(NamedTuple):
    """An issued bill that breaks a claim of the audits."""

    bill_id: str
    claim: str
    sentence: str

    def __str__(self) -> str:
        return f"Issued bill {self.bill_id}: {FINDINGS[self.claim].title} ({self.claim}). {self.sentence}"


def audit_issued_bills(warehouse: Engine, at: datetime) -> list[FailedAudit]:
    """Run every audit over the issued bills of recent periods; what a person waived before issue is left out."""
    with warehouse.connect() as connection:
        periods = connection.execute(
            statement("operations/audits/list_periods"), {"ended_after": at - AUDITED}
        ).mappings()
        found = [
            (claim, row)
            for period in periods.all()
            for claim, audit in audits().items()
            for row in connection.execute(audit, {**period, "states": list(FINAL_BILL_STATES), "subscriptions": None})
        ]
        keys = {"bill_keys": [row.bill_key for _, row in found]}
        waived = connection.execute(statement("operations/audits/list_waived"), keys).all()
        found = [(claim, row) for claim, row in found if (row.bill_key, claim, row.facts) not in waived]
        named = connection.execute(
            statement("operations/audits/name_bills"), {"bill_keys": [row.bill_key for _, row in found]}
        )
        ids = {row.bill_key: row.bill_id for row in named}
    return [FailedAudit(ids[row.bill_key], claim, Finding(claim, row.facts).sentence) for claim, row in found]
