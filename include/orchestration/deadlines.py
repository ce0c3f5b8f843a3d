"""The deadline of the hourly close, and what happens when a run misses it.

Airflow's scheduler keeps the deadlines and its triggerer calls `notify_of_missed_deadline`, so operators hear of it
even while a task hangs or all workers are busy. A run meets its deadline only by succeeding. The channel is that of the
alarms (see notifications.py), and each run is notified once: `operations.notifications` is the ledger.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

# The SDK exports all three; its stub knows one.
from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.operations.notifications import Notification

#: From when an hourly close is queued (7 minutes past) until it must have succeeded: the retries' time and some more,
#: and early enough to act before the hour cannot be reported to the Marketplace any more.
PATIENCE = timedelta(minutes=30)
_TITLE = "The hourly close missed its deadline"


def hourly_close() -> DeadlineAlert:
    """The deadline that the DAG of the hourly close declares."""
    return DeadlineAlert(
        # Partitioned runs have no logical date.
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=PATIENCE,
        callback=AsyncCallback(notify_of_missed_deadline),
        name="The hour is closed in time",
    )


async def notify_of_missed_deadline(context: Context) -> str:
    """Tell operators that a scheduled run missed its deadline; yields what became of it, which Airflow keeps.

    A backfill, and a run that somebody triggered by hand, are watched by the person who started them; no notification.

    Raises:
        RetriableError: when the notifier failed; the notification is in the triggerer's log.
    """
    facts = cast("dict[str, Any]", context)
    run = facts["dag_run"]
    if run["run_type"] != "scheduled":
        return f"Not notified: the run is a {run['run_type']} one."
    # The triggerer's loop must not wait for databases and channels.
    return await asyncio.to_thread(_notify, describe(facts), datetime.now(UTC))


def describe(facts: dict[str, Any]) -> Notification:
    """The notification of a missed deadline, from the facts that Airflow hands to the callback."""
    from include.operations.notifications import Notification

    run, due = facts["dag_run"], _instant(facts["deadline"]["deadline_time"])
    return Notification(
        f"deadline/{run['dag_id']}/{run['dag_run_id']}",
        f"{run['dag_id']} has not closed the hour {run['partition_key']} by {due:%Y-%m-%d %H:%M} UTC (run "
        f"{run['dag_run_id']}, {run['state']}). Look at its task in Airflow; the next run that works closes the hour.",
    )


def _notify(notification: Notification, at: datetime) -> str:
    from sqlalchemy.exc import SQLAlchemyError

    from include.domain.errors import ConfigurationError
    from include.orchestration import connections, notifications

    try:
        sent = notifications.send_notifications(connections.warehouse(), _TITLE, [notification], at, {})
    except (ConfigurationError, SQLAlchemyError):
        # The ledger lies in the warehouse, whose failure may be why the hour is late: better notified twice than never.
        failure = notifications.send(
            notifications.channel(), {}, _TITLE, notification.sentence, [notification._asdict()]
        )
        return failure or f"Notified, though the ledger could not be read: {notification.sentence}"
    return notification.sentence if sent else f"Notified before: {notification.sentence}"


def _instant(value: datetime | str) -> datetime:
    return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(UTC)
