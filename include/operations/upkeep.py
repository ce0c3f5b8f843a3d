"""Upkeep of the warehouse: partitions ahead of time, what is older than its retention out, issued bills audited again.

Whether a month of polls and readings may go is decided in the database (metering.drop_month), for every caller.
Usage, gaps and bills are never dropped. See docs/concepts/retention.md.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from include.domain.errors import ConflictError
from include.domain.lifecycles import FINAL_BILL_STATES
from include.warehouse.engine import audits, ensure_partitions, statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

#: Three months ahead: a stopped upkeep has time to be noticed.
AHEAD = timedelta(days=92)
#: A year of disputes, and a month for its last bill.
RETENTION = timedelta(days=400)
#: Bills of periods that ended within this time are audited every day.
AUDITED = timedelta(days=100)


@dataclass(frozen=True, slots=True)
class UpkeepResult:
    """Which months of polls and readings were dropped, and why old ones stay; months as YYYY-MM."""

    dropped: list[str]
    refused: dict[str, str]

    def counts(self) -> dict[str, object]:
        """The same as plain values, for XCom."""
        return asdict(self)


class FailedAudit(NamedTuple):
    """An issued bill that breaks a claim of the audits."""

    bill_id: str
    claim: str
    sentence: str

    def __str__(self) -> str:
        return f"Issued bill {self.bill_id} breaks the claim {self.claim}: {self.sentence}"


def make_partitions(warehouse: Engine, at: datetime, ahead: timedelta = AHEAD) -> None:
    """Make the monthly partitions from `at` on, so that no poll has to."""
    with warehouse.begin() as connection:
        ensure_partitions(connection, at, at + ahead)


def drop_old_months(warehouse: Engine, at: datetime, retention: timedelta = RETENTION) -> UpkeepResult:
    """Drop what may go of the months that are older than the retention, oldest first, a transaction for each.

    Args:
        warehouse: where polls and readings are.
        at: logical time of the run.
        retention: how long a month stays after its end; the database refuses less than 35 days.
    """
    with warehouse.connect() as connection:
        months = connection.execute(statement("operations/upkeep/list_months")).scalars().all()
    dropped: list[str] = []
    refused: dict[str, str] = {}
    for month in months:
        month_end = (month + timedelta(days=31)).replace(day=1)
        if month_end > (at - retention).date():
            break
        facts = {"month": month, "at": at, "retention": retention}
        with warehouse.begin() as connection:
            reason = connection.execute(statement("operations/upkeep/ask_month"), facts).scalar()
            if reason is None:
                connection.execute(statement("operations/upkeep/drop_month"), facts)
                dropped.append(f"{month:%Y-%m}")
            else:
                refused[f"{month:%Y-%m}"] = reason
    return UpkeepResult(dropped, refused)


def delete_old_sightings(warehouse: Engine, at: datetime, retention: timedelta = RETENTION) -> int:
    """Forget in which hours machines were seen before the retention, but those of open findings; how many."""
    with warehouse.begin() as connection:
        facts = {"at": at, "retention": retention}
        return connection.execute(statement("operations/machines/delete_old_sightings"), facts).rowcount


def audit_issued_bills(warehouse: Engine, at: datetime) -> list[FailedAudit]:
    """Run every audit over the issued bills of recent periods; what was right when they were issued should still be."""
    with warehouse.connect() as connection:
        periods = connection.execute(
            statement("operations/upkeep/list_periods"), {"ended_after": at - AUDITED}
        ).mappings()
        found = [
            (claim, row)
            for period in periods.all()
            for claim, audit in audits().items()
            for row in connection.execute(audit, {**period, "states": list(FINAL_BILL_STATES)})
        ]
        named = connection.execute(
            statement("operations/upkeep/name_bills"), {"bill_keys": [row.bill_key for _, row in found]}
        )
        ids = {row.bill_key: row.bill_id for row in named}
    return [FailedAudit(ids[row.bill_key], claim, row.sentence) for claim, row in found]


def report_upkeep(retained: UpkeepResult, broken: list[str], waiting: list[str]) -> None:
    """Print what was done and what waits.

    Raises:
        ConflictError: when an issued bill breaks a claim, or a month that is old enough stays; all of it in words.
    """
    print(f"Dropped polls and readings of: {', '.join(retained.dropped) or 'no month'}.")  # noqa: T201 (a task's log)
    print("Waiting for people:", *(waiting or ["nothing."]), sep="\n")  # noqa: T201
    stays = [f"Polls and readings of {month} stay: {reason}." for month, reason in retained.refused.items()]
    if broken or stays:
        raise ConflictError("\n".join([*broken, *stays]))
