"""What a person decides about a bill: approve, reject, waive a finding, void, restore. The answer stays with the bill.

A held bill waits as one *hold*: an event of its story that carries the fingerprint of the very draft that waits. An
answer names that fingerprint. Approving makes the draft again from what the warehouse has now, and issues it only
if that gives the same draft and nothing was found that the person did not see; otherwise it is held again, to be shown
again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from include.billing.bills.audits import hold_for, hold_rejected
from include.billing.bills.blocks import bill_locked, subscription_alone
from include.billing.bills.close import draft_and_audit, issue
from include.billing.bills.four_eyes import refuse_makers, who_made
from include.billing.evidence.events import BillEvent, record
from include.billing.rating.rate import window_of
from include.domain.errors import ConflictError, InvalidInputError
from include.domain.periods import BillingPeriod
from include.domain.words.billing import FINDINGS, Finding
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row

    from include.billing.bills.answers import Answer
    from include.domain.money import Decimal

_CHANGED = "is_what_was_shown"


class DraftChangedError(ConflictError):
    """The bill is another than the person was shown; nothing was changed."""


class Hold(NamedTuple):
    """A held bill that waits for a person's answer; `hold_key` is another one whenever it waits for something new."""

    hold_key: int
    bill_id: str
    fingerprint: str


class Line(NamedTuple):
    """A line as a reviewer sees it."""

    line_no: int
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal


class BillInReview(NamedTuple):
    """A bill as a person decides on it, with the columns of billing/review_find_bill."""

    row: Row[Any]
    lines: list[Line]
    findings: list[Finding]


class ReviewResult(NamedTuple):
    """What became of the bill, and a sentence that says so."""

    bill_id: str
    state: str
    sentence: str


def list_holds(warehouse: Engine, *, period: str | None = None, bill_id: str | None = None) -> list[Hold]:
    """What waits for a person's answer: in a period, of one bill, or in all."""
    with warehouse.connect() as connection:
        asked = {"period": period, "bill_id": bill_id}
        return [Hold(*row) for row in connection.execute(statement("billing/bills/list_holds"), asked)]


def show_bill(warehouse: Engine, bill_id: str) -> BillInReview:
    """The bill with its lines and findings.

    Raises:
        InvalidInputError: when there is no such bill.
    """
    with warehouse.connect() as connection:
        return _show(connection, bill_id)


def list_makers(warehouse: Engine, bill: BillInReview, four_eyes_above: Decimal | None) -> dict[str, str]:
    """Who may not approve the bill, with what each did for it; empty where one person is enough."""
    with warehouse.connect() as connection:
        return who_made(connection, bill.row, four_eyes_above)


def approve(warehouse: Engine, answer: Answer, at: datetime, *, four_eyes_above: Decimal | None = None) -> ReviewResult:
    """Waive all findings of a held bill, and issue exactly the draft that was shown.

    Args:
        warehouse: where the bill is.
        answer: the person's.
        at: when it was given.
        four_eyes_above: see `who_made`.

    Raises:
        InvalidInputError: when there is no such bill.
        ConflictError: when it is not held, or the person made it what it is.
        DraftChangedError: when the draft that was shown was replaced by another one in the meantime.
    """
    key, period = _whose(warehouse, answer.bill_id)
    with subscription_alone(warehouse, key) as connection:
        shown = _shown(connection, answer)
        refuse_makers(connection, shown.row, answer.by, four_eyes_above)
        draft_and_audit(connection, period, at, answer.by, [key])
        now = _show(connection, answer.bill_id)
        is_same = now.row.fingerprint == shown.row.fingerprint
        if is_same and all(found in shown.findings for found in now.findings):
            _waive(connection, now, answer, at)
            chosen = {**window_of(period), "subscriptions": [key]}
            connection.execute(statement("billing/bills/delete_waived_findings"), chosen)
        elif not is_same:
            _hold_changed(connection, shown, now, at)
        issue(connection, period, at, answer.by, [key], reason=answer.reason)
        return _answered(connection, answer, "issued as it was shown")


def reject(warehouse: Engine, answer: Answer, at: datetime) -> ReviewResult:
    """Leave a held bill held, with the person's reason in its story; it is asked about again once it changes.

    Until then the rejection is a finding of this very draft, which holds it in any case. Approving the draft
    after all, or waiving that finding, takes the rejection back.

    Raises:
        InvalidInputError, ConflictError, DraftChangedError: as `approve`.
    """
    key, period = _whose(warehouse, answer.bill_id)
    with warehouse.begin() as connection, bill_locked(connection, key):
        shown = _shown(connection, answer)
        step = BillEvent("held", "held", answer.by, answer.reason, None, at)
        record(connection, answer.bill_id, step, rejected=shown.row.fingerprint)
        hold_rejected(connection, period, at, [key])
        sentence = (
            f"Bill {shown.row.bill_id} is rejected and stays held. Correct what it is made of (usage, price, "
            "subscription) and close the period again, or void it. It is not issued as it is, unless somebody approves "
            "it after all."
        )
        return ReviewResult(shown.row.bill_id, "held", sentence)


def waive(
    warehouse: Engine, answer: Answer, finding: str, at: datetime, *, four_eyes_above: Decimal | None = None
) -> ReviewResult:
    """Waive one finding of a held bill, make the draft again, and issue it if nothing else holds it.

    Raises:
        InvalidInputError: when there is no such bill, or it is not held for that finding.
        ConflictError, DraftChangedError: as `approve`.
    """
    key, period = _whose(warehouse, answer.bill_id)
    with subscription_alone(warehouse, key) as connection:
        shown = _shown(connection, answer)
        names = [found.finding for found in shown.findings]
        if finding not in names:
            rule = f"is not what holds bill {answer.bill_id}, which is {', '.join(names) or 'nothing'}"
            raise InvalidInputError("Finding", finding, rule, "Name one of these.")
        refuse_makers(connection, shown.row, answer.by, four_eyes_above)
        _waive(connection, shown, answer, at, finding)
        title = FINDINGS[finding].title
        step = BillEvent("held", "held", answer.by, f'Waived "{title}": {answer.reason}', None, at)
        record(connection, answer.bill_id, step)
        draft_and_audit(connection, period, at, answer.by, [key])
        issue(connection, period, at, answer.by, [key], reason=answer.reason)
        return _answered(connection, answer, f'issued, since nothing but "{title}" held it')


def void(warehouse: Engine, answer: Answer, at: datetime) -> ReviewResult:
    """Void a draft or held bill: closing its period does not bill that subscription, until it is restored.

    Raises:
        InvalidInputError: when there is no such bill.
        ConflictError: when it is issued, or void already.
    """
    return _set_state(warehouse, answer, at, ("draft", "held"), "void")


def restore(warehouse: Engine, answer: Answer, at: datetime) -> ReviewResult:
    """Bring a void bill back to a draft, which the next close of its period makes again.

    Raises:
        InvalidInputError: when there is no such bill.
        ConflictError: when it is not void.
    """
    return _set_state(warehouse, answer, at, ("void",), "draft")


def _set_state(warehouse: Engine, answer: Answer, at: datetime, allowed: tuple[str, ...], state: str) -> ReviewResult:
    key, period = _whose(warehouse, answer.bill_id)
    with warehouse.begin() as connection, bill_locked(connection, key):
        bill = _show(connection, answer.bill_id).row
        if bill.state not in allowed:
            raise ConflictError(
                f"Bill {bill.bill_id} is {bill.state}; only {' and '.join(allowed)} ones can become {state}. "
                "An issued bill is corrected by an adjustment or a credit note."
            )
        connection.execute(statement("billing/bills/set_state"), {"bill_key": bill.bill_key, "state": state})
        record(connection, bill.bill_id, BillEvent(bill.state, state, answer.by, answer.reason, None, at))
    done = {"void": "is void. It stays so when its period is closed again; `akubill bills restore` undoes it."}
    draft = f"is a draft again. Close {period.name} to have it made again, audited and issued."
    return ReviewResult(answer.bill_id, state, f"Bill {answer.bill_id} {done.get(state, draft)}")


def _whose(warehouse: Engine, bill_id: str) -> tuple[int, BillingPeriod]:
    """The subscription's key and the period of a bill."""
    row = show_bill(warehouse, bill_id).row
    if row.document != "bill":
        document = row.document.replace("_", " ")
        raise ConflictError(f"{bill_id} is a {document}, which is issued at once: there is nothing to decide.")
    return row.subscription_key, BillingPeriod(row.period, row.time_zone)


def _shown(connection: Connection, answer: Answer) -> BillInReview:
    """The held bill, if it is the one that the person looked at."""
    bill = _show(connection, answer.bill_id)
    if bill.row.state != "held":
        raise ConflictError(f"Bill {answer.bill_id} is {bill.row.state}, not held: there is nothing to decide.")
    if not answer.fingerprint or not bill.row.fingerprint.startswith(answer.fingerprint):
        raise DraftChangedError(
            f"Bill {answer.bill_id} was made again since it was shown: its fingerprint is {bill.row.fingerprint}, not "
            f"{answer.fingerprint or 'none'}. Look at it again, then answer with that fingerprint."
        )
    return bill


def _show(connection: Connection, bill_id: str) -> BillInReview:
    row = connection.execute(statement("billing/bills/find_bill"), {"bill_id": bill_id}).one_or_none()
    if row is None:
        raise InvalidInputError("Bill", bill_id, "does not exist", "See `akubill bills list` for the bills.")
    key = {"bill_key": row.bill_key}
    return BillInReview(
        row,
        [Line(*line) for line in connection.execute(statement("billing/bills/list_lines"), key)],
        [Finding(*found) for found in connection.execute(statement("billing/bills/list_findings"), key)],
    )


def _waive(
    connection: Connection, bill: BillInReview, answer: Answer, at: datetime, finding: str | None = None
) -> None:
    waived = {"bill_key": bill.row.bill_key, "finding": finding, "reason": answer.reason, "who": answer.by, "at": at}
    connection.execute(statement("billing/bills/insert_waivers"), waived)


def _hold_changed(connection: Connection, shown: BillInReview, now: BillInReview, at: datetime) -> None:
    """What a person approved is not what would be issued: hold it for that, also where nothing else does."""
    change = "total" if now.row.total != shown.row.total else "lines" if now.lines != shown.lines else "inputs"
    facts = {
        "change": change,
        "shown_total": f"{shown.row.total:f}",
        "total": f"{now.row.total:f}",
        "currency": now.row.currency,
    }
    hold_for(connection, now.row.bill_key, Finding(_CHANGED, facts), at)


def _answered(connection: Connection, answer: Answer, issued: str) -> ReviewResult:
    now = _show(connection, answer.bill_id)
    if now.row.state == "issued":
        return ReviewResult(answer.bill_id, "issued", f"Bill {answer.bill_id} is {issued}.")
    found = "\n".join(finding.sentence for finding in now.findings)
    return ReviewResult(answer.bill_id, now.row.state, f"Bill {answer.bill_id} is not issued; it is held:\n{found}")
