"""The header of a bill or note, as the view `billing.documents` has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from include.domain.money import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHeader:
    """A bill or note. Instants are UTC; `time_zone` is the price plan's, amounts are in `currency`.

    Attributes:
        document: bill, credit_note or debit_note.
        corrects_bill_id: for a note, the bill that it corrects.
        filed_in: the month whose files have it, YYYY-MM; None for a note that is not issued.
        is_issued: whether it was issued, so that it never changes.
        forecast_total: for a draft of a running period, the total expected at its end.
    """

    bill_key: int
    bill_id: str
    document: str
    corrects_bill_id: str | None
    subscription_key: int
    subscription_id: str
    period: str
    period_start: datetime
    period_end: datetime
    filed_in: str | None
    price_plan: str
    time_zone: str
    currency: str
    state: str
    is_issued: bool
    aku_seconds: int
    subtotal: Decimal
    tax: Decimal
    tax_included: Decimal
    total: Decimal
    forecast_total: Decimal | None
    fingerprint: str
    fingerprint_form: int
    drafted_at: datetime
    issued_at: datetime | None
    reconciled_at: datetime | None

    @property
    def dated(self) -> datetime:
        """The instant that the document carries: of its issue, or of the draft."""
        return self.issued_at or self.drafted_at
