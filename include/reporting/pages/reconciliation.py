"""The page of reconciliation: how far our bills and the Marketplace's agree, by period, subscription and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query, Request
from pydantic import Field

from include.domain.billing_cycles import CYCLE_ZONE, billing_cycle, final_at
from include.domain.money import ZERO
from include.domain.words.reconciliation import HYPOTHESES, main_cause, say_causes, say_verdict
from include.reporting.money_ladder import find_ladders, list_agreements
from include.reporting.pages.findings import list_findings
from include.reporting.pages.site import ListQuery, Site, render
from include.reporting.rows import read_rows

if TYPE_CHECKING:
    from datetime import date

    from fastapi.responses import HTMLResponse
    from sqlalchemy import Connection

    from include.domain.money import Decimal

_PERIODS_SHOWN = 36
_FIRST_FINDINGS = 20
_FAILURES_SHOWN = 20
#: Verdicts in the order in which subscriptions are listed.
VERDICTS = ("differs", "missing_here", "missing_there", "unknown", "differs_by_rounding", "agrees")


class ReconciliationQuery(ListQuery):
    """What the address may hold; the period is a month, empty for the newest that was compared."""

    period: str = Field("", max_length=50)
    verdict: str = Field("", max_length=50)
    subscription: str = Field("", max_length=200)


@dataclass(frozen=True, slots=True)
class Period:
    """A period: how many subscriptions have which verdict. `provisional_count` are those that are not final."""

    period: str
    subscription_count: int
    agreeing_count: int
    rounding_count: int
    differing_count: int
    unknown_count: int
    provisional_count: int
    finding_count: int

    @property
    def is_compared(self) -> bool:
        """Whether anything of it was compared."""
        return self.unknown_count < self.subscription_count


@dataclass(frozen=True, slots=True)
class Fetches:
    """What was got of the Marketplace's bills of a cycle.

    Attributes:
        buyer_count: buyers that have a bill of ours.
        fetched_count: buyers whose bill of the month was got, and `hourly_count` that of the hours.
        fetched_from: the oldest of them is of this instant.
        checked_at: when the last subscription was compared.
    """

    buyer_count: int
    fetched_count: int
    fetched_from: datetime | None
    hourly_count: int
    checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class FailedFetch:
    """A buyer's Marketplace bill that could not be got at the last try; fetched_at is when an earlier one was."""

    account_id: str
    failure: str
    attempted_at: datetime
    fetched_at: datetime | None
    is_hourly: bool
    match_count: int


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """One subscription of the period: our bill and the Marketplace's, with the verdict; `unknown` is not compared."""

    subscription_id: str
    environment_name: str
    account_id: str
    payment: str
    bill_key: int | None
    bill_id: str | None
    bill_state: str | None
    our_amount: Decimal | None
    marketplace_amount: Decimal | None
    difference: Decimal | None
    currency: str
    verdict: str
    facts: dict[str, Any] | None
    is_final: bool | None
    checked_at: datetime | None
    match_count: int

    @property
    def sentence(self) -> str | None:
        """The verdict in words, where it is not that both agree."""
        return say_verdict(self.verdict, self.facts) if self.facts and self.verdict != "agrees" else None

    @property
    def hypothesis(self) -> str | None:
        """What may explain most of its hours that differ; None where no hypothesis fits."""
        cause = main_cause((self.facts or {}).get("hour_causes") or {})
        return HYPOTHESES[cause].say({}) if cause in HYPOTHESES else None


@dataclass(frozen=True, slots=True)
class DayRow:
    """What a day's hours come to, the Marketplace's minus ours, in one currency; causes of those that do not agree."""

    day: date
    currency: str
    difference: Decimal = ZERO
    hours: int = 0
    subscription_count: int = 0
    causes: dict[str, int] | None = None

    @property
    def sentence(self) -> str:
        """How many hours do not agree for which cause."""
        return say_causes(self.causes or {})


def add_to(site: Site) -> None:
    """Add the page."""

    @site.page("/reconciliation", "reconciliation", view="Reconciliation")
    def show_reconciliation(request: Request, asked: Annotated[ReconciliationQuery, Query()]) -> HTMLResponse:
        now = datetime.now(UTC)  # a page shows the present; nothing is computed from it that lasts
        with site.reading() as connection:
            periods = list_periods(connection)
            newest = next((each.period for each in periods if each.is_compared), None) or (
                periods[0].period if periods else None
            )
            chosen = asked.period or newest
            facts: dict[str, Any] = {"periods": periods, "chosen": chosen}
            if chosen is not None:
                facts |= _period_facts(connection, chosen, asked)
        return render(
            request, "reconciliation.html", filters=asked, now=now, zone=CYCLE_ZONE, verdicts=VERDICTS, **facts
        )


def _period_facts(connection: Connection, period: str, asked: ReconciliationQuery) -> dict[str, Any]:
    cycle = billing_cycle(period)
    rows = list_subscriptions(connection, period, asked)
    agreements = list_agreements(connection, [row.bill_key for row in rows if row.bill_key is not None])
    first = cycle.local_start.date()
    days = list_days(connection, period, asked.subscription)
    month = [first + timedelta(days=n) for n in range((cycle.local_end.date() - first).days)]
    by_day = {(each.currency, each.day): each for each in days}
    return {
        "final_at": final_at(cycle),
        "fetches": Fetches(**read_rows(connection, "reconciliation/find_fetches", {"period": period})[0]),
        "failures": [
            FailedFetch(**row)
            for row in read_rows(
                connection, "reconciliation/list_failed_fetches", {"period": period, "at_most": _FAILURES_SHOWN}
            )
        ],
        "ladders": find_ladders(connection, period),
        "rows": rows,
        "agreements": {key: agreement for key, (_currency, agreement) in agreements.items()},
        "findings": list_findings(
            connection, {"search": None, "page_size": _FIRST_FINDINGS, "skipped": 0}, with_closed=False
        ),
        "days": days,
        "charts": {
            currency: [by_day.get((currency, day)) or DayRow(day, currency) for day in month]
            for currency in sorted({each.currency for each in days})
        },
    }


def list_periods(connection: Connection) -> list[Period]:
    """The newest periods with a bill or a charge, newest first."""
    return [Period(**row) for row in read_rows(connection, "reconciliation/list_periods", {"at_most": _PERIODS_SHOWN})]


def list_subscriptions(connection: Connection, period: str, asked: ReconciliationQuery) -> list[SubscriptionRow]:
    """One page of the period's subscriptions that the query keeps, those that differ first."""
    facts = asked.window | {"period": period, "verdict": asked.verdict or None}
    return [SubscriptionRow(**row) for row in read_rows(connection, "reconciliation/list_subscriptions", facts)]


def list_days(connection: Connection, period: str, subscription_id: str) -> list[DayRow]:
    """The days with hours that do not agree, of one subscription or, where none is named, of all."""
    facts = {"period": period, "zone": CYCLE_ZONE, "subscription_id": subscription_id.strip() or None}
    return [DayRow(**row) for row in read_rows(connection, "reconciliation/list_days", facts)]
