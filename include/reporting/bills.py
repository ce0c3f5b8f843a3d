"""Bills as people read them: plain queries into frozen values. It writes nothing and decides no amount."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from include.domain.lifecycles import BILL
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection

    from include.domain.money import Decimal

_Row = TypeVar("_Row")
PAGE_SIZE = 100
STATES = tuple(state for state in BILL.states if state != "void")


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
    """The bills of one period in one currency."""

    period: str
    currency: str
    bill_count: int
    note_count: int
    aku_seconds: int
    total: Decimal
    issued_count: int
    held_count: int
    agreeing_count: int
    differing_count: int


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """Something of reconciliation that no bill shows: missing_here, unknown_instance or not_fetched."""

    period: str
    account_id: str
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class BillRow:
    """A bill or note in a list. `verdict` is None where the Marketplace's bill was not compared yet, and for notes."""

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
    match_count: int


@dataclass(frozen=True, slots=True)
class Bill:
    """A document's header, with whom it is for. Instants are UTC; `time_zone` is the price plan's.

    Attributes:
        document: bill, credit_note or debit_note.
        corrects_bill_id: for a note, the bill that it corrects.
        forecast_total: for a draft of a running period, the total expected at its end.
    """

    bill_key: int
    bill_id: str
    document: str
    corrects_bill_id: str | None
    period: str
    period_start: datetime
    period_end: datetime
    price_plan: str
    time_zone: str
    currency: str
    state: str
    aku_seconds: int
    subtotal: Decimal
    tax: Decimal
    tax_included: Decimal
    total: Decimal
    forecast_total: Decimal | None
    fingerprint: str
    drafted_at: datetime
    issued_at: datetime | None
    reconciled_at: datetime | None
    subscription_key: int
    subscription_id: str
    environment_name: str
    account_id: str
    region: str
    department: str
    product: str
    payment: str
    network: str
    marketplace_instance_id: str | None
    order_id: str | None


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a document; what rounding took is `exact_amount - amount`. A correction names what it corrects."""

    line_no: int
    kind: str
    tier: int | None
    description: str
    line_start: datetime
    line_end: datetime
    aku_seconds: int
    quantity: Decimal
    unit: str
    unit_price: Decimal
    exact_amount: Decimal
    amount: Decimal
    corrects_bill_id: str | None
    corrects_line_no: int | None
    reason: str | None

    @property
    def rounded_off(self) -> Decimal:
        """What rounding took from the line; negative where it added."""
        return self.exact_amount - self.amount


@dataclass(frozen=True, slots=True)
class Tax:
    """Tax of a document at one rate; a correction names the bill whose tax it corrects."""

    tax_rate: Decimal
    is_inclusive: bool
    base: Decimal
    amount: Decimal
    corrects_bill_id: str | None


@dataclass(frozen=True, slots=True)
class OtherDocument:
    """A note or a later bill with lines that correct this bill, and the sum of those lines."""

    bill_id: str
    document: str
    state: str
    issued_at: datetime | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Event:
    """A change of a bill's state: who, when, why."""

    at: datetime
    from_state: str | None
    to_state: str
    who: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class WaivedFinding:
    """A finding that a person waived."""

    finding: str
    sentence: str
    reason: str
    waived_by: str
    waived_at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a bill is held."""

    finding: str
    sentence: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The Marketplace's side; all of the verdict is None where nothing was compared."""

    verdict: str | None
    sentence: str | None
    our_amount: Decimal | None
    marketplace_amount: Decimal | None
    difference: Decimal | None
    currency: str | None
    is_final: bool | None
    checked_at: datetime | None
    fetched_at: datetime | None
    failure: str | None
    attempted_at: datetime | None


@dataclass(frozen=True, slots=True)
class UsageDay:
    """Usage of one instance in one day of the plan's wall clock."""

    used_on: date
    instance_id: str
    instance_name: str
    aku_seconds: int


@dataclass(frozen=True, slots=True)
class UsageHour:
    """Usage of all instances in one hour of the plan's wall clock."""

    used_on: date
    hour_of_day: int
    aku_seconds: int
    estimated_aku_seconds: int


@dataclass(frozen=True, slots=True)
class BillDetail:
    """All that the page of one bill shows."""

    bill: Bill
    lines: Sequence[BillLine]
    taxes: Sequence[Tax]
    findings: Sequence[Finding]
    waivers: Sequence[WaivedFinding]
    documents: Sequence[OtherDocument]
    events: Sequence[Event]
    reconciliation: Reconciliation
    days: Sequence[UsageDay]
    hours: Sequence[UsageHour]


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


def find_bill(connection: Connection, bill_id: str) -> BillDetail | None:
    """The document of that id with everything that explains it, or None."""
    header = connection.execute(statement("reporting/pages/find_bill"), {"bill_id": bill_id}).mappings().one_or_none()
    if header is None:
        return None
    bill = Bill(**header)

    def rows(name: str, row_type: Callable[..., _Row], **parameters: object) -> list[_Row]:
        found = connection.execute(statement(name), parameters).mappings()
        return [row_type(**row) for row in found]

    compared = {"subscription_key": bill.subscription_key, "period": bill.period}
    window = {
        "subscription_key": bill.subscription_key,
        "period_start": bill.period_start,
        "period_end": bill.period_end,
        "time_zone": bill.time_zone,
    }
    return BillDetail(
        bill=bill,
        lines=rows("reporting/pages/list_bill_lines", BillLine, bill_key=bill.bill_key),
        taxes=rows("reporting/pages/list_bill_taxes", Tax, bill_key=bill.bill_key),
        findings=rows("reporting/pages/list_bill_findings", Finding, bill_key=bill.bill_key),
        waivers=rows("reporting/pages/list_bill_waivers", WaivedFinding, **compared),
        documents=rows("reporting/pages/list_bill_documents", OtherDocument, bill_key=bill.bill_key),
        events=rows("reporting/pages/list_bill_events", Event, bill_id=bill_id),
        reconciliation=rows("reporting/pages/find_reconciliation", Reconciliation, **compared)[0],
        days=rows("reporting/documents/list_usage_days", UsageDay, **window),
        hours=rows("reporting/documents/list_usage_hours", UsageHour, **window),
    )
