"""Carries out what a person asks to be corrected: refuses what cannot be, enters it once, and delivers it.

One transaction on one snapshot, under the usage lock, which is held while bills are issued: two people at once take
turns, a kill leaves nothing, and a note says what its period was rated by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from include.billing.corrections.compute import Difference, compute_corrections
from include.billing.corrections.issue import draft_note, finish_corrections
from include.billing.corrections.refunds import record_agreement, refuse_refund, refuse_too_large_refund
from include.billing.corrections.terms import enter_terms
from include.billing.corrections.waiting import refuse_what_else_waits
from include.billing.evidence.events import BillEvent, record
from include.domain.errors import ConflictError, InvalidInputError
from include.domain.lifecycles import FINAL_BILL_STATES
from include.domain.periods import BillingPeriod
from include.domain.words.billing import LATE_USAGE
from include.warehouse.engine import USAGE, alone_on_snapshot, statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row

    from include.billing.corrections.requests import Correction
    from include.domain.money import Decimal


class CorrectionResult(NamedTuple):
    """What became of a request.

    Attributes:
        state: pending, applied, or withdrawn since.
        document_id: the note, or the bill that has it; None while it waits.
        total: tax included, what all that was pending for the bill comes to; None where it was asked for before.
        is_new: whether it was entered this time.
    """

    correction_id: str
    bill_id: str
    delivery: str
    state: str
    document_id: str | None
    currency: str
    total: Decimal | None
    is_new: bool

    def describe(self) -> str:
        """The same in words."""
        again = "" if self.is_new else " (asked for before: nothing was done again)"
        if self.state == "withdrawn":
            what = "was withdrawn: to ask for it once more, give another reason"
        elif self.document_id is not None:
            what = f"is on document {self.document_id}"
        else:
            what = "waits for the subscription's next bill"
        said = f"Correction {self.correction_id} of bill {self.bill_id} {what}{again}."
        if self.total is None:
            return said
        return f"{said} In all that comes to {self.total:f} {self.currency}, tax included."


def correct_bill(warehouse: Engine, asked: Correction, at: datetime) -> CorrectionResult:
    """Correct an issued bill as asked; the same request of the same run again is done once.

    Args:
        warehouse: where bills are.
        asked: as `read_correction` made it.
        at: when it is asked for, which dates the note.

    Raises:
        InvalidInputError: when the bill, the line or the plan is unknown or of something else, or a refund too large.
        ConflictError: when the bill is not issued, nothing is to be corrected, there is no next bill, or a note would
            have what else waits without the person saying so.
    """
    with alone_on_snapshot(warehouse, USAGE) as connection:
        known = _find_request(connection, asked)
        if known is not None:
            return known
        bill = _find_bill(connection, asked)
        _refuse_earlier_date(bill, at)
        _refuse_undeliverable(bill, asked)
        refuse_refund(connection, bill, asked)
        refuse_what_else_waits(connection, bill, asked)
        offer_key = enter_terms(connection, bill, asked, at) if asked.terms.has_any else None
        _insert_request(connection, bill, asked, offer_key, at)
        difference = compute_corrections(connection, {"root_key": bill.bill_key})
        _refuse_nothing(bill, asked, difference)
        document = _deliver(connection, bill, asked, difference, at)
        state = "pending" if document is None else "applied"
        return CorrectionResult(
            asked.correction_id,
            bill.bill_id,
            asked.delivery,
            state,
            document,
            bill.currency,
            difference.total,
            is_new=True,
        )


class ListedCorrection(NamedTuple):
    """A correction that was asked for, or late usage that waits without a request, which has no id and no person."""

    correction_id: str | None
    bill_id: str
    subscription_id: str
    cause: str
    delivery: str | None
    state: str
    document_id: str | None
    reason: str
    requested_by: str | None
    requested_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    withdrawal_reason: str | None


def list_corrections(warehouse: Engine, state: str | None = None) -> list[ListedCorrection]:
    """What was asked for, and late usage that waits without anybody asking, by time; in that state, or all."""
    with warehouse.connect() as connection:
        rows = connection.execute(statement("billing/corrections/list_requests"), {"state": state}).mappings().all()
    found = (dict(row) for row in rows)
    reasoned = ({**row, "reason": row["reason"] or LATE_USAGE.say(row)} for row in found)
    return [ListedCorrection(*(row[name] for name in ListedCorrection._fields)) for row in reasoned]


def _find_request(connection: Connection, asked: Correction) -> CorrectionResult | None:
    row = connection.execute(
        statement("billing/corrections/find_request"), {"correction_id": asked.correction_id}
    ).one_or_none()
    return None if row is None else CorrectionResult(**row._mapping, total=None, is_new=False)  # noqa: SLF001 (SQLAlchemy's)


def _find_bill(connection: Connection, asked: Correction) -> Row[Any]:
    bill = connection.execute(statement("billing/corrections/find_bill"), {"bill_id": asked.bill_id}).one_or_none()
    if bill is None:
        raise InvalidInputError("Bill", asked.bill_id, "does not exist", "See `akubill bills list` for the bills.")
    if bill.subscription_id != asked.subscription_id:
        rule = f"is a bill of subscription {bill.subscription_id}, not of {asked.subscription_id}"
        raise InvalidInputError("Bill", asked.bill_id, rule, "Check both ids.")
    if bill.state not in FINAL_BILL_STATES:
        raise ConflictError(
            f"Bill {bill.bill_id} is {bill.state}, and only issued bills are corrected. Change what it is made of "
            "(usage, an offer) and close its period again."
        )
    return bill


def _refuse_earlier_date(bill: Row[Any], at: datetime) -> None:
    if at < bill.issued_at:
        raise ConflictError(
            f"Bill {bill.bill_id} was issued at {bill.issued_at:%Y-%m-%dT%H:%M:%SZ}, and a correction cannot be dated "
            f"before that, at {at:%Y-%m-%dT%H:%M:%SZ}. Ask for it as of now."
        )


def _refuse_undeliverable(bill: Row[Any], asked: Correction) -> None:
    if asked.delivery == "next_bill" and not bill.has_next_bill:
        raise ConflictError(
            f"Subscription {bill.subscription_id} is {bill.subscription_state} and has no next bill. Choose a note."
        )
    if asked.delivery == "next_bill" and bill.next_currency not in {None, bill.currency}:
        raise ConflictError(
            f"Bill {bill.bill_id} is in {bill.currency}, and subscription {bill.subscription_id} has its next bill in "
            f"{bill.next_currency}. Choose a note."
        )
    # An end that came late may change fees where nothing was used after it. And a note may have only what waits, which
    # no next bill has where the subscription has ended since.
    if asked.cause == "late_usage" and not bill.has_waiting and not bill.ends_before:
        raise ConflictError(
            f"Bill {bill.bill_id} has no late usage: nothing about its hours became known after it was issued. "
            "Import the usage first (`usage_import`), or choose another cause."
        )


def _insert_request(
    connection: Connection, bill: Row[Any], asked: Correction, offer_key: int | None, at: datetime
) -> None:
    parameters = {
        "correction_id": asked.correction_id,
        "bill_key": bill.bill_key,
        "cause": asked.cause,
        "delivery": asked.delivery,
        "reason": asked.reason,
        "offer_key": offer_key,
        "refund_amount": None if asked.refund is None else asked.refund.amount,
        "refund_line_no": None if asked.refund is None else asked.refund.line_no,
        "requested_by": asked.by,
        "requested_at": at,
    }
    connection.execute(statement("billing/corrections/insert_request"), parameters)


def _refuse_nothing(bill: Row[Any], asked: Correction, difference: Difference) -> None:
    if not difference.line_count and not difference.tax_count:
        raise ConflictError(
            f"There is nothing to correct: rated again for the cause {asked.cause}, bill {bill.bill_id} and what "
            "corrected it since are as they should be."
        )


def _deliver(
    connection: Connection, bill: Row[Any], asked: Correction, difference: Difference, at: datetime
) -> str | None:
    """Issue the note that was asked for, and return its id.

    What waits for the next bill is drafted as a note too, and undone: what it would give back must not be too much.
    """
    with connection.begin_nested() as step:
        note = draft_note(connection, bill.bill_key, BillingPeriod(bill.period, bill.time_zone), difference, at)
        refuse_too_large_refund(connection, bill, asked, note.bill_key)
        if asked.delivery == "next_bill":
            step.rollback()
            return None
    connection.execute(statement("billing/corrections/issue_note"), {"bill_key": note.bill_key, "at": at})
    record(connection, note.bill_id, BillEvent("draft", "issued", asked.by, asked.reason, None, at))
    if asked.refunds_may_exceed:
        record_agreement(connection, bill, asked, at)
    if finish_corrections(connection, at):
        connection.execute(statement("billing/bills/record_changed_holds"), {"who": asked.by, "at": at})
    return note.bill_id
