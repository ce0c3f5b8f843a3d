"""Bills that charge for time after an end which was entered late: fees, minimums and licences, where no usage is late.

What was used after such an end is late usage, which waits until a document has it. Nothing waits where only the time
differs, so these bills are rated again each day, and named with the amount until a note corrects them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from include.billing.corrections.compute import compute_corrections
from include.warehouse.engine import USAGE, alone, statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row

    from include.domain.money import Decimal


class LateEnd(NamedTuple):
    """An issued bill that an end changes.

    Attributes:
        ended_at: UTC; exclusive.
        amount: what a note would come to, tax included; negative where money is given back.
    """

    bill_id: str
    subscription_id: str
    ended_at: datetime
    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return (
            f"Subscription {self.subscription_id} ended at {self.ended_at:%Y-%m-%dT%H:%M:%SZ}, before the end of bill "
            f"{self.bill_id}, which was issued without knowing that. A note would come to {self.amount:f} "
            f"{self.currency}, tax included: correct the bill (`bill_correction`, cause late_usage)."
        )


def list_late_ends(warehouse: Engine) -> list[LateEnd]:
    """Every issued bill that an end would change which was entered after it; nothing is stored."""
    with alone(warehouse, USAGE) as connection:
        with connection.begin():
            bills = connection.execute(statement("billing/corrections/list_late_ends")).all()
        found = [(bill, _amount_of_note(connection, bill)) for bill in bills]
    return [
        LateEnd(bill.bill_id, bill.subscription_id, bill.ended_at, amount, bill.currency)
        for bill, amount in found
        if amount
    ]


def _amount_of_note(connection: Connection, bill: Row[Any]) -> Decimal:
    """What a note would come to, were it asked for; 0 where nothing differs, or it cannot be priced."""
    with connection.begin() as transaction:
        asked = {
            "correction_id": f"late end of {bill.bill_id}",
            "bill_key": bill.bill_key,
            "cause": "late_usage",
            "delivery": "note",
            "reason": "The subscription ended earlier.",
            "requested_by": "audit",
            "requested_at": bill.ended_at,
        } | dict.fromkeys(("offer_key", "refund_amount", "refund_line_no"))
        connection.execute(statement("billing/corrections/insert_request"), asked)
        difference = compute_corrections(connection, {"root_key": bill.bill_key}, {})
        transaction.rollback()
    return difference.total
