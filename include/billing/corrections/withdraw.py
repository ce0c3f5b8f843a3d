"""Takes back a correction that waits: what it entered no longer counts, and no draft has it any longer.

Only what no issued document has can be taken back. Its private offers stay in the warehouse as what was once entered;
the function that finds the offers in force leaves those of withdrawn corrections out. Drafts and held bills that have
the correction lose it in the same transaction, and a held one is shown again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from include.billing.corrections.compute import compute_corrections, insert_corrections, sum_documents
from include.billing.corrections.issue import store_fingerprints
from include.billing.corrections.refunds import left_with_what_waits, refuse_less_than_is_refunded
from include.domain.errors import ConflictError, InvalidInputError
from include.domain.form_fields import read_name, read_reason
from include.domain.periods import BillingPeriod
from include.warehouse.engine import USAGE, alone_on_snapshot, statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row


class Withdrawal(NamedTuple):
    """Which correction a person takes back, and why."""

    correction_id: str
    reason: str
    by: str


class WithdrawnCorrection(NamedTuple):
    """What became of it.

    Attributes:
        bill_ids: drafts and held bills that had it and lost it.
        late_usage_waits: whether it asked for late usage, which waits on: usage is not taken back.
        is_new: whether it was withdrawn this time.
    """

    correction_id: str
    bill_id: str
    bill_ids: tuple[str, ...]
    late_usage_waits: bool
    is_new: bool

    def describe(self) -> str:
        """The same in words."""
        first = f"Correction {self.correction_id} of bill {self.bill_id} is withdrawn"
        if not self.is_new:
            return f"{first} (it was before: nothing was done again)."
        said = [f"{first}: no document will have it."]
        if self.bill_ids:
            said.append(f"Taken off {', '.join(self.bill_ids)}: close that period again to have it audited and issued.")
        if self.late_usage_waits:
            said.append("The late usage itself still waits, and goes on the next bill without the reason given here.")
        return " ".join(said)


def read_withdrawal(*, correction: str | None, reason: str | None, by: str | None) -> Withdrawal:
    """What a form or a command line asks to be taken back.

    Raises:
        InvalidInputError: when something is missing or wrong, in words.
    """
    return Withdrawal(
        read_name(correction, "Correction", "Give its id, like cor-…: `akubill corrections list` shows it."),
        read_reason(reason, "why it is taken back"),
        read_name(by, "Person", "A correction is withdrawn by a person: log in and try again."),
    )


def withdraw_correction(warehouse: Engine, asked: Withdrawal, at: datetime) -> WithdrawnCorrection:
    """Take back a correction that waits; the same person with the same reason again does it once.

    Under the lock that is held while bills are issued: either a document has the correction, or it is withdrawn.

    Args:
        warehouse: where corrections are.
        asked: as `read_withdrawal` made it.
        at: when it is taken back.

    Raises:
        InvalidInputError: when there is no such correction.
        ConflictError: when a document has it, somebody withdrew it, another correction starts from it, or more would be
            refunded than the bill costs without it.
    """
    with alone_on_snapshot(warehouse, USAGE) as connection:
        found = _find(connection, asked.correction_id)
        if found.state == "withdrawn":
            _refuse_another_withdrawal(found, asked)
            return WithdrawnCorrection(found.correction_id, found.bill_id, (), late_usage_waits=False, is_new=False)
        _refuse_applied(found)
        _refuse_built_upon(connection, found)
        before = left_with_what_waits(connection, found, at)
        parameters = {"correction_key": found.correction_key, "by": asked.by, "reason": asked.reason, "at": at}
        connection.execute(statement("billing/corrections/withdraw_request"), parameters)
        if found.cause != "refund":
            refuse_less_than_is_refunded(found, before, left_with_what_waits(connection, found, at))
        bill_ids = _take_off_drafts(connection, found.bill_key, asked.by, at)
        return WithdrawnCorrection(
            found.correction_id,
            found.bill_id,
            tuple(bill_ids),
            late_usage_waits=found.cause == "late_usage" and bool(found.late_hours),
            is_new=True,
        )


def _find(connection: Connection, correction_id: str) -> Row[Any]:
    found = connection.execute(
        statement("billing/corrections/find_correction"), {"correction_id": correction_id}
    ).one_or_none()
    if found is None:
        remedy = "See `akubill corrections list` for the corrections that wait."
        raise InvalidInputError("Correction", correction_id, "does not exist", remedy)
    return found


def _refuse_another_withdrawal(found: Row[Any], asked: Withdrawal) -> None:
    if (found.withdrawn_by, found.withdrawal_reason) != (asked.by, asked.reason):
        raise ConflictError(
            f'Correction {found.correction_id} was withdrawn by {found.withdrawn_by}: "{found.withdrawal_reason}" '
            "There is nothing left to take back."
        )


def _refuse_applied(found: Row[Any]) -> None:
    if found.state == "applied":
        raise ConflictError(
            f"Correction {found.correction_id} is on {found.document_id}, which is issued and never changes. Correct "
            f"bill {found.bill_id} once more."
        )


def _refuse_built_upon(connection: Connection, found: Row[Any]) -> None:
    later = connection.execute(
        statement("billing/corrections/find_later_terms"), {"correction_key": found.correction_key}
    ).scalar_one_or_none()
    if later is not None:
        raise ConflictError(
            f"Correction {later} of bill {found.bill_id} was asked for later and starts from the terms of "
            f"{found.correction_id}. Withdraw {later} first."
        )


def _take_off_drafts(connection: Connection, root_key: int, by: str, at: datetime) -> list[str]:
    """Give drafts and held bills with lines for that bill the corrections that still wait; ids of these documents."""
    drafts = connection.execute(statement("billing/corrections/list_drafts_with"), {"root_key": root_key}).all()
    for draft in drafts:
        chosen = {
            "period_start": draft.period_start,
            "period_end": draft.period_end,
            "states": ["draft", "held"],
            "document_key": draft.bill_key,
        }
        compute_corrections(connection, chosen)
        connection.execute(statement("billing/corrections/clear_all"), {"bill_key": draft.bill_key})
        insert_corrections(connection)
        sum_documents(connection, [draft.bill_key])
        store_fingerprints(connection, BillingPeriod(draft.period, draft.time_zone), [draft.bill_key])
    if drafts:
        connection.execute(statement("billing/bills/record_changed_holds"), {"who": by, "at": at})
    return [draft.bill_id for draft in drafts]
