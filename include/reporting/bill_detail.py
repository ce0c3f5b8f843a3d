"""One bill with all that explains it: plain queries into frozen values. It writes nothing and decides no amount."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from include.domain.money import ZERO, Decimal
from include.domain.words import billing as words
from include.domain.words.reconciliation import VERDICTS_NOW, say_verdict
from include.reporting.document_header import DocumentHeader
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill(DocumentHeader):
    """A document with its subscription as it is now, and what became of it; see BillRow."""

    environment_name: str
    account_id: str
    region: str
    department: str
    product: str
    payment: str
    network: str
    marketplace_instance_id: str | None
    order_id: str | None
    corrected_amount: Decimal | None
    is_waiting: bool


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
    findings: list[dict[str, Any]] | None
    is_rejection: bool

    @property
    def why(self) -> str | None:
        """The person's reason, or what holds the bill."""
        return words.event_reason(self.reason, self.findings, is_rejection=self.is_rejection)


@dataclass(frozen=True, slots=True)
class _Found:
    finding: str
    facts: dict[str, Any]

    @property
    def in_words(self) -> words.Finding:
        """Its title and its sentence."""
        return words.Finding(self.finding, self.facts)


@dataclass(frozen=True, slots=True)
class WaivedFinding(_Found):
    """A finding that a person waived."""

    reason: str
    waived_by: str
    waived_at: datetime


@dataclass(frozen=True, slots=True)
class Finding(_Found):
    """Why a bill is held."""

    found_at: datetime


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The Marketplace's side; all of the verdict is None where nothing was compared.

    Attributes:
        corrected: what issued documents correct of the bill, before tax.
        refunded: what the Marketplace gave back; it is part of its amount.
        remaining: what is left of the bill; None where nothing was corrected and nothing given back.
        verdict_now: of what remains; None with it. May be `refund`.
    """

    verdict: str | None
    facts: dict[str, Any] | None
    our_amount: Decimal | None
    marketplace_amount: Decimal | None
    difference: Decimal | None
    currency: str | None
    is_final: bool | None
    checked_at: datetime | None
    corrected: Decimal
    refunded: Decimal
    remaining: Decimal | None
    verdict_now: str | None
    fetched_at: datetime | None
    failure: str | None
    attempted_at: datetime | None

    @property
    def sentence(self) -> str | None:
        """The verdict in words."""
        return say_verdict(self.verdict, self.facts) if self.verdict and self.facts else None

    @property
    def difference_now(self) -> Decimal:
        """The Marketplace's amount minus what remains."""
        return (self.marketplace_amount or ZERO) - (self.remaining or ZERO)

    @property
    def sentence_now(self) -> str:
        """The verdict on what remains in words."""
        apart = self.difference_now
        cause = "currency" if (self.facts or {}).get("cause") == "currency" else "more" if apart > 0 else "less"
        facts = {"cause": cause, "distance": str(abs(apart)), "refunded": str(-self.refunded)}
        return VERDICTS_NOW[self.verdict_now or "agrees"].say({**facts, "currency": self.currency})


@dataclass(frozen=True, slots=True)
class Waiting:
    """A correction or late usage that is on no document yet.

    Attributes:
        correction_id: None for late usage that was found, all of it in one.
        has_next_bill: whether a bill is still to come that will have it; otherwise a person has to ask for a note.
    """

    correction_id: str | None
    cause: str
    has_next_bill: bool
    requested_by: str | None
    requested_at: datetime
    reason: str | None
    late_hour_count: int | None

    @property
    def sentence(self) -> str:
        """What waits, in words."""
        if self.late_hour_count is not None:
            return words.LATE_USAGE.say({"late_hour_count": self.late_hour_count})
        return self.reason or ""


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
    waiting: Sequence[Waiting]
    events: Sequence[Event]
    reconciliation: Reconciliation
    days: Sequence[UsageDay]
    hours: Sequence[UsageHour]


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
        waiting=rows("reporting/pages/list_bill_waiting", Waiting, bill_key=bill.bill_key),
        events=rows("reporting/pages/list_bill_events", Event, bill_id=bill_id),
        reconciliation=rows("reporting/pages/find_reconciliation", Reconciliation, **compared)[0],
        days=rows("reporting/documents/list_usage_days", UsageDay, **window),
        hours=rows("reporting/documents/list_usage_hours", UsageHour, **window),
    )
