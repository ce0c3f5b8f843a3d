"""The pages of the ledger: what was reported to marketplaces, and the raw evidence of each attempt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from fastapi import HTTPException, Path, Query, Request
from pydantic import Field

from include.catalog.loader import load_channel
from include.domain.billing_cycles import CYCLE_ZONE, billing_cycle
from include.domain.errors import InvalidInputError
from include.domain.lifecycles import PUSH_RECORD
from include.domain.periods import BillingPeriod
from include.domain.words.pushes import OPEN_POINTS, REASONS
from include.reporting.pages.site import ListQuery, Site, render
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi.responses import HTMLResponse
    from sqlalchemy import Connection

    from include.domain.money import Decimal

_MONTHS_SHOWN = 18
_ATTEMPTS_SHOWN = 50
#: Records of a month with one outcome are counted to this; where there are more, the page says so.
COUNTED = 10_000
_EVER = {"starts": datetime(2000, 1, 1, tzinfo=UTC), "ends": datetime(3000, 1, 1, tzinfo=UTC)}


class LedgerQuery(ListQuery):
    """What the address may hold; the period is a month, empty for all if something is searched, else the newest."""

    period: str = Field("", max_length=50)
    outcome: str = Field("", max_length=50)


class Price(NamedTuple):
    """What a record is worth, before discounts; `priced_by` is bill, plan (about) or none."""

    record_key: int
    amount: Decimal | None
    currency: str | None
    priced_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is reported of an instance's hour; see marketplace.push_records."""

    record_key: int
    channel: str
    subscription_id: str
    environment_name: str
    marketplace_instance_id: str
    hour_start: datetime
    quantity: int
    outcome: str
    reason: str | None
    their_code: str | None
    cut_off: datetime
    is_partial: bool
    decided_at: datetime | None

    @property
    def why(self) -> str | None:
        """Why it has its outcome, in words; None where there is nothing to say."""
        return REASONS[self.reason].say({}) if self.reason in REASONS else None

    @property
    def shown_from(self) -> datetime | None:
        """About when the marketplace's bill has it; None where that is not documented, or it will not be there."""
        if self.outcome in {"missed", "refused", "carried"}:
            return None
        try:
            return load_channel(self.channel).shown_from(self.hour_start)
        except InvalidInputError:  # a channel that the catalogue does not have any more
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDetail(Record):
    """All of a record."""

    account_id: str
    order_id: str | None
    product_code: str
    dimension: str
    item_key: str
    unit_seconds: int
    carried_in: int
    units: int
    window_start: datetime
    window_end: datetime
    entered_at: datetime

    @property
    def meaning(self) -> str:
        """What its outcome means."""
        return PUSH_RECORD.meaning[self.outcome]

    def open_point(self, price: Price | None) -> str | None:
        """What a person has to know and do; None where nothing is to be done."""
        if self.outcome not in OPEN_POINTS:
            return None
        facts = {name: getattr(self, name) for name in ("record_key", "quantity", "subscription_id", "hour_start")}
        worth = price._asdict() if price else {"priced_by": "none", "amount": None, "currency": None}
        more = {"marketplace_instance_id": self.marketplace_instance_id, "their_code": self.their_code}
        return OPEN_POINTS[self.outcome].say(facts | more | worth)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that had the record; what has not come is None."""

    attempt_key: int
    begun_at: datetime
    ended_at: datetime | None
    result: str | None
    request: str
    answer: dict[str, Any] | None
    request_id: str | None
    duration_ms: int | None
    match_count: int

    @property
    def answer_text(self) -> str | None:
        """What came back, as text."""
        return None if self.answer is None else json.dumps(self.answer, indent=2, ensure_ascii=False)


class Decision(NamedTuple):
    """What a person decided about a record."""

    decision: str
    decided_by: str
    reason: str
    decided_at: datetime


def add_to(site: Site) -> None:
    """Add the list and the page of one record."""

    @site.page("/reconciliation/ledger", "ledger", view="Reconciliation")
    def show_ledger(request: Request, asked: Annotated[LedgerQuery, Query()]) -> HTMLResponse:
        with site.reading() as connection:
            newest = connection.execute(statement("reporting/ledger/find_newest_hour")).scalar()
            month = _month_of(asked, newest)
            named = _named(connection, asked) | (_EVER if month is None else _window_of(month))
            counts = _count_records(connection, named)
            rows = _list_records(connection, named, asked)
            prices = list_prices(connection, [row.record_key for row in rows])
        return render(
            request,
            "ledger.html",
            filters=asked,
            month=month,
            months=_months_until(newest),
            outcomes=PUSH_RECORD.states,
            counts={outcome: min(count, COUNTED) for outcome, count in counts.items()},
            uncounted={outcome for outcome, count in counts.items() if count > COUNTED},
            match_count=sum(min(n, COUNTED) for name, n in counts.items() if asked.outcome in {"", name}),
            rows=rows,
            prices=prices,
            zone=CYCLE_ZONE,
            now=datetime.now(UTC),
        )

    @site.page("/reconciliation/ledger/{record_key}", "record", view="Reconciliation")
    def show_record(request: Request, record_key: Annotated[int, Path(ge=1, lt=2**63)]) -> HTMLResponse:
        key = {"record_key": record_key}
        with site.reading() as connection:
            found = connection.execute(statement("reporting/ledger/find_record"), key).mappings().one_or_none()
            if found is None:
                raise HTTPException(404, f"There is no record {record_key}.")
            record = RecordDetail(**found)
            attempts = connection.execute(
                statement("reporting/ledger/list_attempts"), key | {"at_most": _ATTEMPTS_SHOWN}
            ).mappings()
            decisions = connection.execute(statement("reporting/ledger/list_decisions"), key).mappings()
            price = list_prices(connection, [record_key]).get(record_key)
            return render(
                request,
                "record.html",
                record=record,
                price=price,
                attempts=[Attempt(**row) for row in attempts],
                decisions=[Decision(**row) for row in decisions],
                zone=CYCLE_ZONE,
            )


def list_prices(connection: Connection, record_keys: Sequence[int]) -> dict[int, Price]:
    """What these records are worth, by their key."""
    rows = connection.execute(statement("reporting/ledger/list_prices"), {"record_keys": list(record_keys)}).mappings()
    return {row["record_key"]: Price(**row) for row in rows}


def _month_of(asked: LedgerQuery, newest: datetime | None) -> BillingPeriod | None:
    """The month that is shown; None for all, which only a search may ask for."""
    if asked.period not in {"", "all"}:
        return billing_cycle(asked.period)
    if asked.search.strip():
        return None
    return BillingPeriod.containing(newest or datetime.now(UTC), CYCLE_ZONE)


def _window_of(month: BillingPeriod) -> dict[str, Any]:
    return {"starts": month.window.start, "ends": month.window.end}


def _months_until(newest: datetime | None) -> list[str]:
    months: list[BillingPeriod] = [] if newest is None else [BillingPeriod.containing(newest, CYCLE_ZONE)]
    while months and len(months) < _MONTHS_SHOWN:
        months.append(months[-1].previous)
    return [month.name for month in months]


def _named(connection: Connection, asked: LedgerQuery) -> dict[str, Any]:
    """What is searched for, as keys; everything where nothing is."""
    search = asked.search.strip()
    if not search:
        return {"is_named": False, "subscription_keys": [], "record_keys": []}
    found = connection.execute(statement("reporting/ledger/find_named"), {"search": search}).mappings().one()
    return {"is_named": True, **found}


def _count_records(connection: Connection, named: dict[str, Any]) -> dict[str, int]:
    facts = named | {"outcomes": list(PUSH_RECORD.states), "at_most": COUNTED + 1}
    rows = connection.execute(statement("reporting/ledger/count_records"), facts)
    return {row.outcome: row.record_count for row in rows if row.record_count}


def _list_records(connection: Connection, named: dict[str, Any], asked: LedgerQuery) -> list[Record]:
    window = asked.window
    facts = named | {name: window[name] for name in ("page_size", "skipped")}
    facts |= {"outcome": asked.outcome or None, "outcomes": list(PUSH_RECORD.states)}
    return [Record(**row) for row in connection.execute(statement("reporting/ledger/list_records"), facts).mappings()]
