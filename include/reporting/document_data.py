"""A bill or note as it is printed: read from the warehouse, then put into words, all of them text.

`read_document` reads plain rows; `page_of` turns them into the one value that the Typst template lays out. Names,
reasons and descriptions come from people: they are handed over as data and never become markup.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.domain.errors import InvalidInputError
from include.domain.money import Decimal, round_amount
from include.domain.periods import time_zone
from include.domain.usage import SECONDS_PER_HOUR
from include.reporting.bill_detail import Tax, UsageDay
from include.reporting.charts import daily_chart
from include.reporting.document_header import DocumentHeader
from include.reporting.presentation import region_name, zone_label
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from include.domain.products import Product
    from include.reporting.charts import DailyChart
    from include.reporting.document_words import Words


@dataclass(frozen=True, slots=True)
class Line:
    """A line as printed."""

    line_no: int
    kind: str
    tier: int | None
    name: str | None
    description: str
    line_start: datetime
    line_end: datetime
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal
    corrects_bill_id: str | None
    corrects_line_no: int | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(DocumentHeader):
    """A bill or note with whom it is for, as it is printed."""

    environment_name: str
    environment_id: str | None
    account_id: str
    contact: str | None
    region: str
    department: str
    product: str
    payment: str
    marketplace_instance_id: str | None
    order_id: str | None
    region_name: str | None
    seller: dict[str, Any] | None
    instance_names: dict[str, str] | None

    def product_as_printed(self, product: Product) -> Product:
        """The product as it was when the document was drafted; as the catalogue has it where that was not kept."""
        return product.model_copy(update=self.seller or {})


@dataclass(frozen=True, slots=True)
class PrintedDocument:
    """A document with everything that is printed on it."""

    header: Document
    lines: Sequence[Line]
    taxes: Sequence[Tax]
    days: Sequence[UsageDay]


def read_document(connection: Connection, bill_id: str) -> PrintedDocument:
    """The document of that id.

    Raises:
        InvalidInputError: when there is none.
    """
    header = (
        connection.execute(statement("reporting/documents/find_document"), {"bill_id": bill_id})
        .mappings()
        .one_or_none()
    )
    if header is None:
        raise InvalidInputError("Bill", bill_id, "is not known", "Look it up with `akubill bills list`.")
    document = Document(**header)
    key = {"bill_key": document.bill_key}
    window = {
        "subscription_key": document.subscription_key,
        "period_start": document.period_start,
        "period_end": document.period_end,
        "time_zone": document.time_zone,
    }
    rows = connection.execute
    return PrintedDocument(
        header=document,
        lines=[Line(**row) for row in rows(statement("reporting/documents/list_lines"), key).mappings()],
        taxes=[Tax(**row) for row in rows(statement("reporting/pages/list_bill_taxes"), key).mappings()],
        days=[
            _as_printed(UsageDay(**row), document)
            for row in (
                rows(statement("reporting/documents/list_usage_days"), window).mappings()
                if _has_usage(document)
                else ()
            )
        ],
    )


def _as_printed(day: UsageDay, document: Document) -> UsageDay:
    return replace(day, instance_name=(document.instance_names or {}).get(day.instance_id, day.instance_name))


def page_of(printed: PrintedDocument, product: Product, words: Words) -> dict[str, Any]:
    """What the template lays out: text, flags, and the chart's geometry."""
    bill, texts = printed.header, words.texts
    labels = {name: label.format(currency=bill.currency) if name == "amount" else label
              for name, label in texts["labels"].items()}  # fmt: skip
    return {
        "language": words.language,
        "title": texts["documents"][bill.document],
        "mark": None if bill.is_issued else texts["marks"][bill.state],
        "not_payable": None if bill.is_issued else texts["not_payable"],
        "state": None if bill.is_issued else texts["states"][bill.state],
        "seller": product.seller,
        "product": product.title,
        "labels": labels,
        "bill_id": bill.bill_id,
        "fingerprint": bill.fingerprint,
        "buyer": _buyer(bill, labels),
        "facts": _facts(bill, words, labels),
        "service": _service(bill, words, labels),
        "lines": [_line(line, bill, words) for line in printed.lines],
        "subtotal": words.amount(bill.subtotal, bill.currency),
        "taxes": [_tax(tax, bill, words) for tax in printed.taxes],
        "total_label": labels["credit"] if bill.document == "credit_note" else labels["total"],
        "total": words.money(abs(bill.total) if bill.document == "credit_note" else bill.total, bill.currency),
        "note": texts["note_sentences"].get(bill.document, "").format(bill=bill.corrects_bill_id),
        "sentences": [
            texts["credited_by" if bill.document == "credit_note" else "collected_by"][product.collected_by].format(
                marketplace=product.marketplace, seller=product.seller
            ),
            texts["zone"].format(zone=zone_label(bill.time_zone, bill.period_start)),
            texts["questions"].format(contact=product.contact),
        ],
        "chart": _chart(printed, words) if _has_usage(bill) and printed.days else None,
        "chart_title": texts["chart"],
        "no_usage": texts["no_usage"] if _has_usage(bill) and not printed.days else None,
    }


def _has_usage(bill: Document) -> bool:
    return bill.document == "bill"


def _buyer(bill: Document, labels: Mapping[str, str]) -> list[list[str]]:
    rows = (("account", bill.account_id), ("contact", bill.contact), ("department", bill.department))
    return [[labels[name], text] for name, text in rows if text]


def _service(bill: Document, words: Words, labels: Mapping[str, str]) -> list[list[str]]:
    environment = f"{bill.environment_name} ({bill.environment_id})" if bill.environment_id else bill.environment_name
    region = words.texts["regions"].get(bill.region) or bill.region_name or region_name(bill.product, bill.region)
    rows = (
        ("subscription", bill.subscription_id),
        ("environment", environment),
        ("region", f"{region}, {bill.region}" if words.language == "en" else f"{region} {bill.region}"),
        ("marketplace_instance", bill.marketplace_instance_id),
        ("order", bill.order_id),
    )
    return [[labels[name], text] for name, text in rows if text]


def _facts(bill: Document, words: Words, labels: Mapping[str, str]) -> list[list[str]]:
    first, last = _days(bill.period_start, bill.period_end, bill.time_zone)
    rows = (
        ("number", bill.bill_id),
        ("period", f"{words.day(first)} – {words.day(last)}"),
        ("issued" if bill.is_issued else "drafted", words.instant(bill.dated, bill.time_zone)),
        ("corrects", bill.corrects_bill_id),
        ("price_plan", f"{bill.price_plan} ({words.texts['payments'][bill.payment]})"),
    )
    return [[labels[name], text] for name, text in rows if text]


def _line(line: Line, bill: Document, words: Words) -> dict[str, Any]:
    texts, details = words.texts, []
    if line.corrects_bill_id:
        sentence = texts["correction" if line.corrects_line_no else "correction_without_line"]
        details.append(sentence.format(bill=line.corrects_bill_id, line=line.corrects_line_no))
    if line.reason:
        details.append(texts["reason"].format(reason=line.reason))
    # A correction of a price leaves the quantity as it was: nothing × the price would explain no amount.
    has_quantity = bool(line.quantity or not line.corrects_bill_id)
    return {
        "number": str(line.line_no),
        "description": _description(line, bill, words),
        "details": details,
        "quantity": words.number(line.quantity) if has_quantity else "",
        "unit": texts["units"].get(line.unit, line.unit) if has_quantity else "",
        "unit_price": words.amount(line.unit_price, bill.currency) if has_quantity else "",
        "amount": words.amount(line.amount, bill.currency),
    }


def _description(line: Line, bill: Document, words: Words) -> str:
    """The bill's own words in English, ours by kind in another language."""
    template = words.texts["lines"].get(line.kind)
    if template is None:
        return line.description
    first, last = _days(line.line_start, line.line_end, bill.time_zone)
    tier = words.texts["lines"]["tier"].format(tier=line.tier) if line.tier else ""
    return str(
        template.format(
            start=first.isoformat(),
            end=last.isoformat(),
            tier=tier,
            name=line.name or line.description,
            quantity=words.number(line.quantity),
        )
    )


def _tax(tax: Tax, bill: Document, words: Words) -> list[str]:
    template = words.texts["tax_inclusive" if tax.is_inclusive else "tax"]
    label = template.format(rate=words.percent(tax.tax_rate), base=words.amount(tax.base, bill.currency))
    if tax.corrects_bill_id:
        label += words.texts["tax_correction"].format(bill=tax.corrects_bill_id)
    return [label, words.amount(tax.amount, bill.currency)]


def _days(start: datetime, end: datetime, zone_name: str) -> tuple[date, date]:
    """The first and last day of a window on the wall clock of that zone."""
    zone = time_zone(zone_name)
    return start.astimezone(zone).date(), (end.astimezone(zone) - timedelta(microseconds=1)).date()


def _chart(printed: PrintedDocument, words: Words) -> dict[str, Any]:
    bill = printed.header
    first, last = _days(bill.period_start, bill.period_end, bill.time_zone)
    chart: DailyChart = daily_chart(first, (last - first).days + 1, printed.days)
    names = [series.name for series in chart.series]
    hidden = len({day.instance_id for day in printed.days}) - len(names)
    if hidden > 0:
        names[-1] = words.texts["others"].format(count=hidden + 1)
    return {
        "width": chart.width,
        "height": chart.height,
        "left": chart.plot_left,
        "bottom": chart.plot_bottom,
        "boxes": [[box.x, box.y, box.width, box.height, box.shade] for box in chart.boxes],
        "grid": [[label.x, label.y, label.text] for label in chart.grid],
        "days": [[label.x, label.y, label.text] for label in chart.days],
        "series": [
            [series.shade, name, words.number(_aku_hours(series.aku_seconds), 2)]
            for series, name in zip(chart.series, names, strict=True)
        ],
    }


def _aku_hours(aku_seconds: int) -> Decimal:
    return round_amount(Decimal(aku_seconds) / SECONDS_PER_HOUR, 6, "half_even")
