"""What waits for a person, from every room: a queue on the page Today, and a part of a subscription's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.channels import LATE_AFTER
from include.domain.words.work import TITLES, owner_of, say_work
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.money import Decimal

#: Rejections and missed records are never closed; they stay in the queue for so long.
RECENT = timedelta(days=7)


class NextStep(NamedTuple):
    """Where the work is done: a DAG's form with its fields, or (without a DAG) the page of a bill."""

    label: str
    dag_id: str | None
    form: dict[str, object]
    bill_id: str | None = None


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
        steps = {
            "held_bill": lambda: NextStep("Open the bill", None, {}, facts["bill_id"]),
            "gap": lambda: NextStep(
                "Waive the gap",
                "gap_waiver",
                {"environment": facts["environment_id"], "from": _text(self.since), "to": facts["last_end"]},
            ),
            "push": lambda: NextStep("Decide", "metering_push_decision", {"records": facts["first_record"]}),
            "difference": lambda: NextStep("Explain it", "difference_explanation", {"findings": facts["finding_key"]}),
            "bill_not_fetched": lambda: NextStep("Fetch again", "reconciliation", {"period": facts["period"]}),
            "parked_event": lambda: NextStep("Try again", "marketplace_event_replay", {"event": facts["event_key"]}),
            "marketplace_state": lambda: NextStep("Enter the event", "marketplace_event_entry", {}),
            "onboarding": lambda: NextStep("Onboard again", "subscription_onboarding", {}),
        }
        make = steps.get(self.kind)
        return make() if make else None


def bounds(now: datetime) -> dict[str, datetime]:
    """What reporting.work_queue is asked with at an instant."""
    return {"recent_from": now - RECENT, "late_before": now - LATE_AFTER}


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
    rows = connection.execute(statement("reporting/today/list_work"), bounds(now) | asked).mappings()
    return [WorkItem(**row) for row in rows]


class Count(NamedTuple):
    """How many of a kind wait, and what they are worth where they have an amount."""

    kind: str
    currency: str | None
    item_count: int
    amount: Decimal


def count_work(connection: Connection, now: datetime) -> list[Count]:
    """The queue by kind and currency."""
    return [Count(*row) for row in connection.execute(statement("reporting/today/count_work"), bounds(now))]


def _text(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
