"""The list of subscriptions: health, last answer of the console, open gaps, rejections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import Query, Request
from pydantic import Field

from include.catalog.loader import load_product
from include.domain.lifecycles import SUBSCRIPTION
from include.domain.usage import TOLERANCE
from include.domain.words.subscriptions import HEALTH
from include.reporting.pages.site import ListQuery, Site, render
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from fastapi.responses import HTMLResponse
    from sqlalchemy import Connection


class SubscriptionQuery(ListQuery):
    """What the address of the page may hold."""

    state: str = Field("", max_length=50)
    health: str = Field("", max_length=50)
    region: str = Field("", max_length=50)


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
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
    health: str
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

    def console(self, now: datetime) -> str:
        """not_polled, answering, failing (the last poll failed) or silent (no poll for too long)."""
        if self.environment_state != "metered":
            return "not_polled"
        if self.polled_at is None or now - self.polled_at > TOLERANCE:
            return "silent"
        return "failing" if self.is_failing else "answering"


def add_to(site: Site) -> None:
    """Add the page."""

    @site.page("/subscriptions", "subscriptions", view="Subscriptions")
    def show_subscriptions(request: Request, asked: Annotated[SubscriptionQuery, Query()]) -> HTMLResponse:
        now = datetime.now(UTC)  # a page shows the present; nothing is computed from it that lasts
        with site.reading() as connection:
            rows = list_subscriptions(connection, asked)
        product = load_product()
        return render(
            request,
            "subscriptions.html",
            rows=rows,
            now=now,
            zone_name=product.seller_time_zone,
            filters=asked,
            states=SUBSCRIPTION.states,
            healths=tuple(HEALTH),
            regions=product.regions,
        )


def list_subscriptions(connection: Connection, asked: SubscriptionQuery) -> list[SubscriptionRow]:
    """One page of the subscriptions that the query keeps, by buyer and name."""
    parameters = asked.window | {name: getattr(asked, name) or None for name in ("state", "health", "region")}
    rows = connection.execute(statement("reporting/subscriptions/list_subscriptions"), parameters).mappings()
    return [SubscriptionRow(**row) for row in rows]
