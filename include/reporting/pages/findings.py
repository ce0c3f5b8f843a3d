"""The page of findings: what the Marketplace's final bill does not confirm, with owner, age and amount."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query, Request

from include.domain.billing_cycles import CYCLE_ZONE
from include.domain.findings import Finding
from include.reporting.pages.site import ListQuery, Site, render
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from fastapi.responses import HTMLResponse
    from sqlalchemy import Connection


class FindingQuery(ListQuery):
    """What the address of the page may hold."""

    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow(Finding):
    """A finding in a list."""

    subscription_id: str | None
    match_count: int


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
