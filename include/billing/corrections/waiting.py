"""What waits for a bill besides what is asked for now: a note has all of it, so the person is asked first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.billing.corrections.compute import compute_corrections
from include.domain.errors import ConflictError
from include.domain.words.billing import LATE_USAGE
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from include.billing.corrections.requests import Correction


def refuse_what_else_waits(connection: Connection, bill: Row[Any], asked: Correction) -> None:
    """Refuse a note that would have more than the person asks for, unless the request says that it may.

    Args:
        connection: the transaction, before the request is entered.
        bill: as `correct_find_bill` finds it.
        asked: the request; one for late usage asks for all late usage of the bill.

    Raises:
        ConflictError: with each thing that waits and its amount.
    """
    if asked.delivery != "note" or asked.with_what_waits:
        return
    waiting = connection.execute(
        statement("billing/corrections/list_waiting"), {"bill_key": bill.bill_key, "cause": asked.cause}
    ).all()
    if not waiting:
        return
    total = compute_corrections(connection, {"root_key": bill.bill_key}, {}).total
    said = [f"{_named(row)}: -{row.refund_amount:f} {bill.currency} before tax" for row in waiting if _is_refund(row)]
    others = [_named(row) for row in waiting if not _is_refund(row)]
    if others:
        amount = connection.execute(statement("billing/corrections/sum_rated_again")).scalar_one()
        beside = ", with the late usage" if asked.cause == "late_usage" and bill.late_hours else ""
        said.insert(0, f"{', '.join(others)}{beside}: {amount:f} {bill.currency} with tax")
    raise ConflictError(
        f"What waits for bill {bill.bill_id} comes to {total:f} {bill.currency}, tax included, and would be on the "
        f"note too: {'; '.join(said)}. To issue it on the same note, say so (form: Also issue what waits; command "
        "line: --with-what-waits). Or choose the next bill, or withdraw what should not be issued."
    )


def _is_refund(row: Row[Any]) -> bool:
    return bool(row.cause == "refund")


def _named(row: Row[Any]) -> str:
    if row.correction_id is None:
        said = LATE_USAGE.say({"late_hour_count": row.late_hour_count})
        return said[0].lower() + said[1:]
    return f'{row.cause.replace("_", " ")} {row.correction_id} of {row.requested_by} ("{row.reason}")'
