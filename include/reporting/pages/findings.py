"""The page of findings: what the Marketplace's final bill does not confirm, with owner, age and amount."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query, Request

from include.domain.billing_cycles import CYCLE_ZONE
from include.domain.words.reconciliation import FINDING_OWNERS, say_finding
from include.reporting.pages.site import ListQuery, Site, render
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from fastapi.responses import HTMLResponse
    from sqlalchemy import Connection

    from include.domain.money import Decimal


class FindingQuery(ListQuery):
    """What the address of the page may hold."""

    closed: bool = False


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What the Marketplace's final bill does not confirm; see reconciliation.findings."""

    finding_key: int
    period: str
    account_id: str
    charged_id: str
    subscription_id: str | None
    environment_name: str | None
    kind: str
    difference: Decimal
    currency: str
    facts: dict[str, Any]
    opened_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None
    closed_as: str | None
    closed_by: str | None
    reason: str | None
    match_count: int

    @property
    def owner(self) -> str:
        """Who clears it."""
        return FINDING_OWNERS[self.kind]

    @property
    def sentence(self) -> str:
        """What it is, and what to do."""
        return say_finding(self.kind, self.facts)


def add_to(site: Site) -> None:
    """Add the page."""

    @site.page("/reconciliation/findings", "findings", view="Reconciliation")
    def show_findings(request: Request, asked: Annotated[FindingQuery, Query()]) -> HTMLResponse:
        with site.reading() as connection:
            rows = list_findings(connection, asked.window, with_closed=asked.closed)
        return render(request, "findings.html", filters=asked, now=datetime.now(UTC), zone=CYCLE_ZONE, rows=rows)


def list_findings(connection: Connection, window: dict[str, Any], *, with_closed: bool) -> list[FindingRow]:
    """One page of the open findings, the oldest first; then the closed ones where wanted."""
    found = connection.execute(
        statement("reporting/reconciliation/list_findings"), window | {"with_closed": with_closed}
    )
    return [FindingRow(**row) for row in found.mappings()]
