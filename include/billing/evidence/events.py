"""The story of bills: who brought which one into which state, when and why. Written once, beside the change itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include.domain.words.billing import event_reason
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine


class BillEvent(NamedTuple):
    """One step of a bill's story.

    Attributes:
        from_state: None at its first draft.
        who: the person, or the run that did it.
        reason: why, in words; None where nothing was asked.
        held_fingerprint: where the bill began to wait for a person, the fingerprint of the draft that waits.
    """

    from_state: str | None
    to_state: str
    who: str
    reason: str | None
    held_fingerprint: str | None
    at: datetime


def list_events(warehouse: Engine, bill_id: str) -> list[BillEvent]:
    """The bill's story, oldest first."""
    with warehouse.connect() as connection:
        return [
            BillEvent(
                row.from_state,
                row.to_state,
                row.who,
                event_reason(row.reason, row.findings, is_rejection=row.is_rejection),
                row.held_fingerprint,
                row.at,
            )
            for row in connection.execute(statement("billing/bills/list_events"), {"bill_id": bill_id})
        ]


def record(connection: Connection, bill_id: str, event: BillEvent, *, rejected: str | None = None) -> None:
    """Write a person's step; the steps of a close are written by the statements that make them.

    Args:
        connection: the transaction of the step.
        bill_id: the bill.
        event: the step.
        rejected: fingerprint of the draft that the person rejected.
    """
    fields = {name: value for name, value in event._asdict().items() if name != "held_fingerprint"}
    connection.execute(
        statement("billing/bills/insert_event"), {"bill_id": bill_id, "rejected_fingerprint": rejected, **fields}
    )
