"""Bills as a list: plain queries into frozen values. It writes nothing and decides no amount."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.domain.lifecycles import BILL
from include.domain.words.reconciliation import OPEN_POINTS
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from include.domain.money import Decimal

PAGE_SIZE = 100
STATES = BILL.states


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader asked for; None keeps everything. `page` counts from 1."""

    period: str | None = None
    state: str | None = None
    verdict: str | None = None
    search: str | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class PeriodTotal:
    """The bills of one period in one currency; void ones are counted apart, and add nothing."""

    period: str
    currency: str
    bill_count: int
    note_count: int
    aku_seconds: int
    total: Decimal
    issued_count: int
    held_count: int
    void_count: int
    agreeing_count: int
    differing_count: int


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """Something of reconciliation that no bill shows: missing_here, unknown_instance or not_fetched."""

    period: str
    account_id: str
    kind: str
    facts: dict[str, Any]

    @property
    def sentence(self) -> str:
        """What it is, and what to do."""
        return OPEN_POINTS[self.kind].say(self.facts)


@dataclass(frozen=True, slots=True)
class BillRow:
    """A bill or note in a list.

    Attributes:
        verdict: on the bill as it was issued; None where the Marketplace's bill was not compared yet, and for notes.
        corrected_amount: what issued documents correct of it, before tax; None: nothing.
        is_waiting: whether late usage or a correction of it waits for a document.
    """

    bill_id: str
    document: str
    period: str
    state: str
    currency: str
    aku_seconds: int
    total: Decimal
    subscription_id: str
    environment_name: str
    account_id: str
    region: str
    department: str
    product: str
    payment: str
    verdict: str | None
    is_final: bool
    corrected_amount: Decimal | None
    is_waiting: bool
    match_count: int


def list_periods(connection: Connection) -> list[str]:
    """Periods that have bills, newest first."""
    return list(connection.execute(statement("reporting/pages/list_periods")).scalars())


def sum_bills(connection: Connection, period: str | None) -> list[PeriodTotal]:
    """Totals per period and currency, newest first."""
    rows = connection.execute(statement("reporting/pages/sum_bills"), {"period": period}).mappings()
    return [PeriodTotal(**row) for row in rows]


def list_open_points(connection: Connection, period: str | None) -> list[OpenPoint]:
    """What the Marketplace charges without a bill here, and its bills that could not be fetched; the first 20."""
    rows = connection.execute(
        statement("reporting/pages/list_open_points"), {"period": period, "at_most": 20}
    ).mappings()
    return [OpenPoint(**row) for row in rows]


def list_bills(connection: Connection, filters: Filters) -> list[BillRow]:
    """One page of the bills that the filters keep."""
    parameters = {
        "period": filters.period,
        "state": filters.state,
        "verdict": filters.verdict,
        "search": filters.search,
        "page_size": PAGE_SIZE,
        "skipped": (filters.page - 1) * PAGE_SIZE,
    }
    return [
        BillRow(**row) for row in connection.execute(statement("reporting/pages/list_bills"), parameters).mappings()
    ]
