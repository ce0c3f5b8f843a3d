"""Notifications to operators, each sent at most once: the sender enters it in operations.notifications first.

A notification is known by its key. One that was entered and may not have arrived is never sent again; it stays visible
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


class Notification(NamedTuple):
    """What it is about, which names it in the ledger, and the sentence."""

    notification_key: str
    sentence: str


def claim_notifications(warehouse: Engine, notifications: Sequence[Notification], at: datetime) -> list[Notification]:
    """Claim those that were not sent yet: once this returns, the caller alone has to send them."""
    columns = {
        "keys": [each.notification_key for each in notifications],
        "sentences": [each.sentence for each in notifications],
    }
    with warehouse.begin() as connection:
        rows = connection.execute(statement("operations/notifications/claim_notifications"), {**columns, "at": at})
        claimed = {row.notification_key for row in rows}
    return [each for each in notifications if each.notification_key in claimed]


def record_notifications(
    warehouse: Engine, notifications: Sequence[Notification], at: datetime, failure: str | None = None
) -> None:
    """Record that they were sent, or why they could not be; `failure` holds no secrets."""
    facts = {"keys": [each.notification_key for each in notifications], "at": at, "failure": failure}
    with warehouse.begin() as connection:
        connection.execute(statement("operations/notifications/record_notification"), facts)


def text_of(sentences: Sequence[str]) -> str:
    """The text of a message: a sentence a line, at most fifty, and where to find the others."""
    more = len(sentences) - _LINES_AT_MOST
    rest = [f"… and {more} more; all are in operations.notifications."] if more > 0 else []
    return "\n".join([*sentences[:_LINES_AT_MOST], *rest])
