"""Subscriptions and their environments as operators read them: state, last answer, open gaps, rejections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from include.reporting.bills import PAGE_SIZE
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from include.reporting.bills import Filters

#: Polls older than this are not looked for; an environment without one counts as silent.
POLLS_KEPT_IN_SIGHT = timedelta(days=2)
#: A console is asked every five minutes; three missed polls are worth a look.
STALE_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """One subscription with its environment; what is None is not known (yet)."""

    subscription_id: str
    environment_name: str
    environment_id: str | None
    environment_state: str | None
    account_id: str
    region: str
    department: str
    product: str
    payment: str
    state: str
    state_reason: str | None
    polled_at: datetime | None
    poll_ok: bool | None
    poll_cause: str | None
    answered_at: datetime | None
    instance_count: int | None
    aku: int
    gap_count: int
    rejection_count: int
    match_count: int

    def health(self, now: datetime) -> str:
        """not_polled, answering, failing (the last poll failed) or silent (no poll for too long)."""
        if self.environment_state != "metered":
            return "not_polled"
        if self.polled_at is None or now - self.polled_at > STALE_AFTER:
            return "silent"
        return "answering" if self.poll_ok else "failing"


def list_environments(connection: Connection, now: datetime, filters: Filters) -> list[EnvironmentRow]:
    """One page of the subscriptions that the filters keep (state and search), by buyer and name."""
    parameters = {
        "search": filters.search,
        "state": filters.state,
        "polls_since": now - POLLS_KEPT_IN_SIGHT,
        "page_size": PAGE_SIZE,
        "skipped": (filters.page - 1) * PAGE_SIZE,
    }
    rows = connection.execute(statement("reporting/list_environments"), parameters).mappings()
    return [EnvironmentRow(**row) for row in rows]
