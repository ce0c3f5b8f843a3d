"""The page of one subscription: its health, what to do next, where its usage went, and what happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException, Request

from include.domain.errors import InvalidInputError
from include.domain.marketplace.agreement import PARTS
from include.domain.periods import floor_to_hour
from include.domain.words.subscriptions import say_happened, say_health
from include.reporting.pages.site import Site, render
from include.reporting.pages.work_queue import NextStep, list_work
from include.reporting.rows import read_rows
from include.reporting.subscriptions import find_chain

if TYPE_CHECKING:
    from fastapi.responses import HTMLResponse
    from sqlalchemy import Connection

_CHART_HOURS = 7 * 24
_TIMELINE_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the timeline; see say_happened."""

    kind: str
    at: datetime
    facts: dict[str, Any]

    @property
    def sentence(self) -> str:
        """What happened."""
        return say_happened(self.kind, self.facts)


def add_to(site: Site) -> None:
    """Add the page."""

    @site.page("/subscriptions/{subscription_id}", "subscription", view="Subscriptions")
    def show_subscription(request: Request, subscription_id: str) -> HTMLResponse:
        now = datetime.now(UTC)  # a page shows the present; nothing is computed from it that lasts
        with site.reading() as connection:
            try:
                chain = find_chain(connection, subscription_id)
            except InvalidInputError as error:
                raise HTTPException(404, str(error)) from None
            hours_end = floor_to_hour(now)
            window = {"hours_start": hours_end - timedelta(hours=_CHART_HOURS), "hours_end": hours_end}
            key = {"subscription_key": chain.subscription_key}
            [health] = read_rows(connection, "subscriptions/find_health", key)
            facts: dict[str, Any] = {
                "health": health["health"],
                "why": say_health(health["health"], health),
                "draft": next(iter(read_rows(connection, "subscriptions/find_draft", key)), None),
                "licences": read_rows(connection, "subscriptions/list_licences", key),
                "hours": read_rows(connection, "today/list_hours", key | window),
                "work": list_work(connection, now, subscription_id=subscription_id),
                "timeline": list_timeline(connection, chain.subscription_key),
            }
        return render(
            request,
            "subscription.html",
            chain=chain,
            it=chain.subscription,
            zone_name=chain.subscription["time_zone"],
            now=now,
            parts=[part for part in PARTS if any(period[part] for period in chain.periods)],
            steps=next_steps(chain.subscription, chain.periods),
            **facts,
        )


def list_timeline(connection: Connection, subscription_key: int) -> list[Happening]:
    """What happened to a subscription, the newest first; the last 200 entries."""
    asked = {"subscription_key": subscription_key, "at_most": _TIMELINE_SHOWN}
    return [Happening(**row) for row in read_rows(connection, "subscriptions/list_timeline", asked)]


def next_steps(subscription: dict[str, Any], periods: list[dict[str, Any]]) -> list[NextStep]:
    """What a person may do with a subscription in its state."""
    mine: dict[str, object] = {"subscription": subscription["subscription_id"]}
    steps = []
    if subscription["state"] == "active":
        steps.append(NextStep("Agree on other terms", form="private_offer", query=mine))
    issued = [period for period in periods if period["bill_state"] in ("issued", "reconciled")]
    if issued:
        steps.append(
            NextStep("Correct the last bill", form="bill_correction", query=mine | {"bill": issued[-1]["bill_id"]})
        )
    if subscription["state"] == "active":
        steps.append(NextStep("Change its console's credential", form="console_credential", query=mine))
        steps.append(NextStep("End it", form="subscription_release", query=mine))
    if subscription["state"] == "failed":
        steps.append(
            NextStep("Onboard again", form="subscription_onboarding", query={"account_id": subscription["account_id"]})
        )
    return steps
