"""The pages of bills: the list, and one bill with all that explains it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import HTTPException, Path, Query, Request
from pydantic import Field

from include.domain.errors import InvalidInputError
from include.domain.lifecycles import BILL
from include.domain.periods import time_zone
from include.domain.words.reconciliation import OPEN_POINTS
from include.reporting import bill_detail, charts
from include.reporting.bill_difference import find_difference
from include.reporting.document_data import read_document
from include.reporting.documents import print_document
from include.reporting.line_files import write_lines
from include.reporting.pages.site import ListQuery, Site, download, render
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from fastapi.responses import HTMLResponse, Response
    from sqlalchemy import Connection

    from include.domain.money import Decimal
    from include.reporting.document_data import PrintedDocument


class BillQuery(ListQuery):
    """What the address of the list may hold; the period is a month or `all`, empty for the newest."""

    period: str = Field("", max_length=50)
    state: str = Field("", max_length=50)
    verdict: str = Field("", max_length=50)


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


def add_to(site: Site) -> None:
    """Add the list and the page of one bill."""

    @site.page("/bills", "bills", view="Bills")
    def show_bills(request: Request, asked: Annotated[BillQuery, Query()]) -> HTMLResponse:
        with site.reading() as connection:
            periods = list_periods(connection)
            period = None if asked.period == "all" else asked.period or next(iter(periods), None)
            facts: dict[str, Any] = {
                "periods": periods,
                "totals": sum_bills(connection, period),
                "rows": list_bills(connection, period, asked),
                "points": list_open_points(connection, period),
            }
        return render(request, "bills.html", period=period, filters=asked, bill_states=BILL.states, **facts)

    @site.page("/bills/{bill_id}/{language}.pdf", "bill_pdf", view="Bills")
    def print_bill(bill_id: str, language: Annotated[str, Path(pattern="^(en|zh)$")]) -> Response:
        with site.reading() as connection:
            printed = _issued(connection, bill_id)
        return download(print_document(printed, language), "application/pdf", f"{bill_id}-{language}.pdf")

    @site.page("/bills/{bill_id}/lines.csv", "bill_csv", view="Bills")
    def write_bill(bill_id: str) -> Response:
        with site.reading() as connection:
            _issued(connection, bill_id)
            file = write_lines(connection, bill_id=bill_id)
        return download(file.content, "text/csv; charset=utf-8", f"{bill_id}.csv")

    @site.page("/bills/{bill_id}", "bill", view="Bills")
    def show_bill(request: Request, bill_id: str) -> HTMLResponse:
        with site.reading() as connection:
            detail = bill_detail.find_bill(connection, bill_id)
            difference = find_difference(connection, detail.bill) if detail and detail.bill.document == "bill" else None
        if detail is None:
            raise HTTPException(404, f"There is no bill {bill_id}.")
        zone = time_zone(detail.bill.time_zone)
        first = detail.bill.period_start.astimezone(zone).date()
        days = (detail.bill.period_end.astimezone(zone).date() - first).days
        return render(
            request,
            "bill.html",
            detail=detail,
            difference=difference,
            explains_lines=site.explain is not None,
            daily=charts.daily_table(first, days, detail.days),
            calendar=charts.hour_calendar(first, days, detail.hours),
        )


def _issued(connection: Connection, bill_id: str) -> PrintedDocument:
    """The document, if it was issued: only then is it one that may be handed on."""
    try:
        printed = read_document(connection, bill_id)
    except InvalidInputError:
        raise HTTPException(404, f"There is no bill {bill_id}.") from None
    if not printed.header.is_issued:
        raise HTTPException(404, f"Bill {bill_id} is not issued yet, so there is no file of it.")
    return printed


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


def list_bills(connection: Connection, period: str | None, asked: BillQuery) -> list[BillRow]:
    """One page of the bills of a period, or of all, that have what is asked for."""
    facts = asked.window | {"period": period, "state": asked.state or None, "verdict": asked.verdict or None}
    return [BillRow(**row) for row in connection.execute(statement("reporting/pages/list_bills"), facts).mappings()]
