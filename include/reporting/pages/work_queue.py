"""What waits for a person, from every room: a queue on the page Today, and a part of a subscription's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.channels import LATE_AFTER
from include.domain.usage import REJECTIONS_SHOWN
from include.domain.words.work import TITLES, owner_of, say_work
from include.reporting.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.money import Decimal


class NextStep(NamedTuple):
    """Where something is done: the form of a DAG with its fields filled in, the page of a bill, or else the ledger.

    Attributes:
        form: the DAG; None without one.
        bill_id: the bill; None without one.
        query: fields of the form, or what the ledger is asked for.
    """

    label: str
    form: str | None = None
    bill_id: str | None = None
    query: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One thing that waits; see reporting.work_queue."""

    kind: str
    cause: str | None
    since: datetime | None
    subscription_id: str | None
    environment_name: str | None
    account_id: str | None
    owner: str | None
    amount: Decimal | None
    currency: str | None
    facts: dict[str, Any]
    match_count: int

    @property
    def title(self) -> str:
        """Its kind, for people."""
        return TITLES[self.kind]

    @property
    def acts(self) -> str:
        """Who acts: billing or operations."""
        return owner_of(self.kind, self.cause, self.owner)

    @property
    def sentence(self) -> str:
        """What waits, why, and what to do."""
        return say_work(self.kind, self.cause, self.facts)

    @property
    def next_step(self) -> NextStep | None:
        """Where it is done; None where that is outside, or depends on what a person finds."""
        facts = self.facts
        window = {"from": self.since and f"{self.since:%Y-%m-%dT%H:%M:%SZ}", "to": facts.get("last_end")}
        outcome = "pending" if self.cause == "late" else self.cause
        steps = {
            "held_bill": NextStep("Open the bill", bill_id=facts.get("bill_id")),
            "gap": NextStep(
                "Waive the gap", form="gap_waiver", query={"environment": facts.get("environment_id"), **window}
            ),
            "push": NextStep("See the records", query={"search": self.subscription_id, "outcome": outcome}),
            "difference": NextStep(
                "Explain it", form="difference_explanation", query={"findings": facts.get("finding_key")}
            ),
            "bill_not_fetched": NextStep("Fetch again", form="reconciliation", query={"period": facts.get("period")}),
            "parked_event": NextStep(
                "Try again", form="marketplace_event_replay", query={"event": facts.get("event_key")}
            ),
            "marketplace_state": NextStep("Enter the event", form="marketplace_event_entry"),
            "onboarding": NextStep("Onboard again", form="subscription_onboarding"),
        }
        return steps.get(self.kind)


def bounds(now: datetime) -> dict[str, datetime]:
    """What reporting.work_queue is asked with at an instant; what is never closed stays as long as a rejection does."""
    return {"recent_from": now - REJECTIONS_SHOWN, "late_before": now - LATE_AFTER}


def list_work(
    connection: Connection,
    now: datetime,
    *,
    kind: str | None = None,
    subscription_id: str | None = None,
    page_size: int = 50,
    skipped: int = 0,
) -> list[WorkItem]:
    """A page of the queue, the most money first, then the oldest; of one kind or subscription where wanted."""
    asked = {"kind": kind, "subscription_id": subscription_id, "page_size": page_size, "skipped": skipped}
    return [WorkItem(**row) for row in read_rows(connection, "today/list_work", bounds(now) | asked)]


class Count(NamedTuple):
    """How many of a kind wait, and what they are worth where they have an amount."""

    kind: str
    currency: str | None
    item_count: int
    amount: Decimal


def count_work(connection: Connection, now: datetime) -> list[Count]:
    """The queue by kind and currency."""
    return [Count(**row) for row in read_rows(connection, "today/count_work", bounds(now))]
