"""What happens when corrections are issued: notes, and what was pending becomes applied.

Whichever document of a subscription is issued first has the corrections; other drafts and held bills lose them in the
same transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from include.billing.corrections.compute import Difference, insert_corrections, sum_documents
from include.billing.evidence.fingerprints import fingerprint, printed_products
from include.domain.periods import BillingPeriod
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


class Note(NamedTuple):
    """A note as it was drafted, with its lines, sums and fingerprint."""

    bill_key: int
    bill_id: str


def draft_note(
    connection: Connection, root_key: int, period: BillingPeriod, difference: Difference, at: datetime
) -> Note:
    """A credit or debit note of the corrections that this transaction worked out for one bill, not issued yet.

    Args:
        connection: the transaction with the corrections.
        root_key: the bill that the note corrects.
        period: that bill's.
        difference: what the corrections come to.
        at: logical time of the run.
    """
    document = "credit_note" if difference.total < 0 else "debit_note"
    parameters = {"root_key": root_key, "document": document, "products": printed_products(), "at": at}
    note = Note(*connection.execute(statement("billing/corrections/insert_note"), parameters).one())
    connection.execute(text("UPDATE correction_roots SET document_key = :bill_key"), {"bill_key": note.bill_key})
    insert_corrections(connection)
    sum_documents(connection, [note.bill_key])
    store_fingerprints(connection, period, [note.bill_key])
    return note


def finish_corrections(connection: Connection, at: datetime) -> int:
    """After issuing: mark applied what is on issued documents, and take it off other drafts and held bills.

    Args:
        connection: the transaction whose corrections are on the documents.
        at: logical time of the run.

    Returns:
        How many other drafts and held bills lost corrections.
    """
    connection.execute(statement("billing/corrections/apply_late_usage"), {"at": at})
    connection.execute(statement("billing/corrections/apply_requests"))
    invalidated = connection.execute(statement("billing/corrections/list_invalidated_drafts")).all()
    keys = [row.bill_key for row in invalidated]
    if keys:
        connection.execute(statement("billing/corrections/clear_documents"), {"bill_keys": keys})
        sum_documents(connection, keys)
    for name, zone in sorted({(row.period, row.time_zone) for row in invalidated}):
        store_fingerprints(connection, BillingPeriod(name, zone), keys)
    return len(invalidated)


def store_fingerprints(connection: Connection, period: BillingPeriod, bill_keys: list[int]) -> None:
    """Of these documents of the period only: what else waits keeps the fingerprint of what was looked at."""
    fingerprint(connection, period, bill_keys)
    connection.execute(statement("billing/evidence/store_fingerprints"))
