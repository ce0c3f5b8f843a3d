"""How long polls, readings and sightings of machines are kept; usage, gaps and bills are never dropped.

Whether a month of polls and readings may go is decided in the database (metering.drop_month), for every caller.
See docs/concepts/retention.md.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

#: A year of disputes, and a month for its last bill.
RETENTION = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class DroppedMonths:
    """Which months of polls and readings were dropped, and why old ones stay; months as YYYY-MM."""

    dropped: list[str]
    refused: dict[str, str]

    def counts(self) -> dict[str, object]:
        """The same as plain values, for XCom."""
        return asdict(self)


def drop_old_months(warehouse: Engine, at: datetime, retention: timedelta = RETENTION) -> DroppedMonths:
    """Drop what may go of the months that are older than the retention, oldest first, a transaction for each.

    Args:
        warehouse: where polls and readings are.
        at: logical time of the run.
        retention: how long a month stays after its end; the database refuses less than 35 days.
    """
    with warehouse.connect() as connection:
        months = connection.execute(statement("operations/retention/list_months")).scalars().all()
    dropped: list[str] = []
    refused: dict[str, str] = {}
    for month in months:
        month_end = (month + timedelta(days=31)).replace(day=1)
        if month_end > (at - retention).date():
            break
        facts = {"month": month, "at": at, "retention": retention}
        with warehouse.begin() as connection:
            reason = connection.execute(statement("operations/retention/ask_month"), facts).scalar()
            if reason is None:
                connection.execute(statement("operations/retention/drop_month"), facts)
                dropped.append(f"{month:%Y-%m}")
            else:
                refused[f"{month:%Y-%m}"] = reason
    return DroppedMonths(dropped, refused)


def delete_old_sightings(warehouse: Engine, at: datetime, retention: timedelta = RETENTION) -> int:
    """Forget in which hours machines were seen before the retention, but those of open findings; how many."""
    with warehouse.begin() as connection:
        facts = {"at": at, "retention": retention}
        return connection.execute(statement("operations/retention/delete_old_sightings"), facts).rowcount
