"""Subscriptions and their environments as operators read them: state, last answer, open gaps, rejections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import Query, Request
from pydantic import Field

from include.catalog.loader import load_product
from include.domain.usage import TOLERANCE
from include.reporting.pages.site import ListQuery, Site, render
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from fastapi.responses import HTMLResponse
    from sqlalchemy import Connection


class EnvironmentQuery(ListQuery):
    """What the address of the page may hold."""

    state: str = Field("", max_length=50)


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
    answered_at: datetime | None
    failed_at: datetime | None
    failure_cause: str | None
    failing_since: datetime | None
    failed_runs: int | None
    instance_count: int | None
    aku: int
    gap_count: int
    rejection_count: int
    match_count: int

    @property
    def polled_at(self) -> datetime | None:
        """When the console was asked last, with or without an answer."""
        return max((at for at in (self.answered_at, self.failed_at) if at is not None), default=None)

    @property
    def is_failing(self) -> bool:
        """Whether the last poll failed."""
        return self.failed_at is not None and self.failed_at == self.polled_at

    def health(self, now: datetime) -> str:
        """not_polled, answering, failing (the last poll failed) or silent (no poll for too long)."""
        if self.environment_state != "metered":
            return "not_polled"
        if self.polled_at is None or now - self.polled_at > TOLERANCE:
            return "silent"
        return "failing" if self.is_failing else "answering"


def add_to(site: Site) -> None:
    """Add the page."""

    @site.page("/environments", "environments", view="Environments")
    def show_environments(request: Request, asked: Annotated[EnvironmentQuery, Query()]) -> HTMLResponse:
        now = datetime.now(UTC)  # a page shows the present; nothing is computed from it that lasts
        with site.reading() as connection:
            rows = list_environments(connection, asked)
        zone_name = load_product().seller_time_zone
        return render(request, "environments.html", rows=rows, now=now, zone_name=zone_name, filters=asked)


def list_environments(connection: Connection, asked: EnvironmentQuery) -> list[EnvironmentRow]:
    """One page of the subscriptions that the query keeps (state and search), by buyer and name."""
    parameters = asked.window | {"state": asked.state or None}
    rows = connection.execute(statement("reporting/pages/list_environments"), parameters).mappings()
    return [EnvironmentRow(**row) for row in rows]
