"""What the Marketplace's final bill does not confirm, as work for people: each has an owner and an age.

The comparison opens a finding and closes it when both sides agree: because a correction of our bill was issued, or
because the Marketplace's final bill, or ours, is another one now. A person can close it by an explanation. That holds
for the difference that was explained; another one is a finding again. What is provisional is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.domain.billing_cycles import billing_cycle
from include.domain.errors import ConflictError, InvalidInputError, NoUserError
from include.domain.findings import Finding
from include.domain.form_fields import read_numbers, read_reason
from include.warehouse.engine import run_steps, statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row

_STEPS = (
    "reconciliation/findings/create_findings",
    "reconciliation/findings/close_findings",
    "reconciliation/findings/open_findings",
)
_LARGEST_KEY = 2**63


def update_findings(connection: Connection, window: Mapping[str, Any], at: datetime, by: str) -> None:
    """Open, prolong and close the findings of a period by its verdicts, in the transaction that stored them."""
    run_steps(connection, _STEPS, {**window, "at": at, "by": by})


def list_findings(warehouse: Engine, period: str | None = None, *, with_closed: bool = False) -> list[Finding]:
    """The open findings of one period or of all, the oldest first; with the closed ones where wanted.

    Raises:
        InvalidInputError: when the period is not a month.
    """
    if period is not None:
        billing_cycle(period)
    facts = {"period": period, "with_closed": with_closed}
    with warehouse.connect() as connection:
        rows = connection.execute(statement("reconciliation/findings/list_findings"), facts).mappings()
        return [Finding(**row) for row in rows]


def explain_findings(
    warehouse: Engine, findings: Sequence[int] | str | None, by: str | None, reason: str | None, at: datetime
) -> str:
    """Close open findings by an explanation, all of them or none; says what was done.

    The same explanation of the same person again changes nothing.

    Args:
        warehouse: where findings are.
        findings: their numbers, or text with them.
        by: the person.
        reason: the explanation.
        at: when.

    Raises:
        InvalidInputError: when a number is no finding's, or the person or the reason is missing.
        ConflictError: when a finding is closed already.
    """
    person = (by or "").strip()
    if not person:
        raise NoUserError
    why = read_reason(reason, "what explains the difference")
    numbers = read_numbers(findings, "Findings") if isinstance(findings, str) else findings or ()
    keys = sorted(set(numbers))
    if not keys:
        raise InvalidInputError("Findings", None, "are missing", "Write their numbers, like 12, 13.")
    with warehouse.begin() as connection:
        possible = {"finding_keys": [key for key in keys if 0 < key < _LARGEST_KEY]}
        found = connection.execute(statement("reconciliation/findings/lock_findings"), possible).all()
        _require_known(keys, found)
        for row in found:
            if row.closed_at is not None and (row.closed_as, row.closed_by, row.reason) != ("explanation", person, why):
                how = row.closed_as.replace("_", " ")
                raise ConflictError(f"Finding {row.finding_key} was closed by {row.closed_by} ({how}).")
        opened = [row.finding_key for row in found if row.closed_at is None]
        explained = {"finding_keys": opened, "by": person, "reason": why, "at": at}
        connection.execute(statement("reconciliation/findings/explain_findings"), explained)
    return f"{len(keys)} finding{'' if len(keys) == 1 else 's'} explained."


def _require_known(keys: Sequence[int], found: Sequence[Row[Any]]) -> None:
    known = {row.finding_key for row in found}
    if unknown := [key for key in keys if key not in known]:
        remedy = "See `akubill reconciliation findings` for the numbers."
        raise InvalidInputError("Findings", unknown[0], "is the number of no finding", remedy)
