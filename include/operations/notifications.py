"""What operators are told, each at most once: the sender enters it in operations.notifications first.

A notice is known by its key. What was entered and is not known to have arrived is never sent again; it stays visible
in the ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Engine

_LINES_AT_MOST = 50


class Notice(NamedTuple):
    """Something to tell: what it is about, which names it in the ledger, and the sentence."""

    notification_key: str
    sentence: str


def claim_notifications(warehouse: Engine, notices: Sequence[Notice], at: datetime) -> list[Notice]:
    """Those that nobody has told yet. Once this returns they are the caller's to tell, and nobody else's."""
    columns = {"keys": [each.notification_key for each in notices], "sentences": [each.sentence for each in notices]}
    with warehouse.begin() as connection:
        rows = connection.execute(statement("operations/notifications/claim_notifications"), {**columns, "at": at})
        claimed = {row.notification_key for row in rows}
    return [each for each in notices if each.notification_key in claimed]


def record_notifications(
    warehouse: Engine, notices: Sequence[Notice], at: datetime, failure: str | None = None
) -> None:
    """Record that they were told, or why they could not be; `failure` holds no secrets."""
    facts = {"keys": [each.notification_key for each in notices], "at": at, "failure": failure}
    with warehouse.begin() as connection:
        connection.execute(statement("operations/notifications/record_notification"), facts)


def text_of(lines: Sequence[str], table: str) -> str:
    """The lines of a message, at most fifty, and where the others stand."""
    more = [f"… and {len(lines) - _LINES_AT_MOST} more; all stand in {table}."] if len(lines) > _LINES_AT_MOST else []
    return "\n".join([*lines[:_LINES_AT_MOST], *more])
