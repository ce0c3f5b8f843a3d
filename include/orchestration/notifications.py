"""Notifies operators through any Airflow notifier.

The message is always in the task's log. The Airflow connection `akubill_notifications`, where there is one, names a
notifier of any provider, or of one's own, in its extra:

    {"notifier": "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
     "arguments": {"to": "operations@example.com", "subject": "{{ notification_title }}",
                   "html_content": "{{ notification_text }}"}}

The notifier's templated arguments see `notification_title`, `notification_text` (a sentence a line), `notifications`
(a list), and whatever else the task's context holds.
"""

from __future__ import annotations

import json
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import BaseNotifier

from include.domain.errors import ConfigurationError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.sdk import Context
    from sqlalchemy import Engine

    from include.operations.notifications import Notification

CONNECTION = "akubill_notifications"
_NOT_AGAIN = "The message is above in this log; it is not sent a second time."


class LogNotifier(BaseNotifier):
    """Writes alarms into the log of the task that tells them."""

    def notify(self, context: Context) -> None:
        """Write title and text as a warning."""
        facts = cast("dict[str, Any]", context)
        self.log.warning("%s\n%s", facts["notification_title"], facts["notification_text"])


def channel() -> BaseNotifier | None:
    """The notifier that the connection names; None without one, when the log is all.

    Raises:
        ConfigurationError: when the connection names no notifier, or one that cannot be made.
    """
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        extra = Connection.get(CONNECTION).extra_dejson
    except AirflowNotFoundException:
        return None
    return _make_notifier(str(extra.get("notifier") or ""), extra.get("arguments") or {})


def notify_of_alarms(warehouse: Engine, at: datetime, context: Context) -> int:
    """Send what is new of alarms: those that opened or closed; see `send_notifications`."""
    from include.operations.alarms import list_alarm_notifications

    return send_notifications(warehouse, "Metering alarms", list_alarm_notifications(warehouse), at, context)


def notify_of_discrepancies(warehouse: Engine, at: datetime, context: Context) -> int:
    """Send what is new of the machine check: findings that opened or were resolved; see `send_notifications`."""
    from include.operations.machines_check import list_discrepancy_notifications

    unsent = list_discrepancy_notifications(warehouse)
    return send_notifications(warehouse, "Machines against instances", unsent, at, context)


def notify_of_findings(warehouse: Engine, at: datetime, context: Context) -> int:
    """Send what is new of the comparison with the Marketplace: findings that opened or are over."""
    from include.marketplace.comparison.compare import list_findings
    from include.operations.notifications import Notification

    news = [
        Notification(f"marketplace_finding/{each.finding_key}/resolved", f"OVER, it is no longer so: {each.sentence}")
        if each.resolved_at
        else Notification(f"marketplace_finding/{each.finding_key}/opened", f"FINDING {each.sentence}")
        for each in list_findings(warehouse, at)
    ]
    return send_notifications(warehouse, "Subscriptions against the Marketplace", news, at, context)


def send_notifications(
    warehouse: Engine, title: str, notifications: Sequence[Notification], at: datetime, context: Context
) -> int:
    """Send those notifications that were not sent yet, once and in one message; returns how many these were.

    They are claimed in the ledger before anything is sent, so what fails on the way is not sent again.

    Raises:
        ConfigurationError: when the channel is set up wrongly; nothing is claimed then.
        RetriableError: when the notifier failed; the message is in the log and in the ledger.
    """
    from include.operations.notifications import claim_notifications, record_notifications, text_of

    notifier = channel()
    claimed = claim_notifications(warehouse, notifications, at)
    if not claimed:
        return 0
    over = sum(each.notification_key.endswith(("/closed", "/resolved")) for each in claimed)
    counts = ", ".join(f"{count} {word}" for count, word in ((len(claimed) - over, "new"), (over, "over")) if count)
    text = text_of([each.sentence for each in claimed])
    failure = send(notifier, context, f"{title}: {counts}", text, [each._asdict() for each in claimed])
    record_notifications(warehouse, claimed, at, failure)
    if failure:
        raise RetriableError(f"{failure} {_NOT_AGAIN}")
    return len(claimed)


def send(
    notifier: BaseNotifier | None, context: Context, title: str, text: str, news: list[dict[str, Any]]
) -> str | None:
    """Write the message into the log and send it through the channel, if there is one; why sending failed, or None.

    A foreign error's words may hold a secret, so only its kind is kept.
    """
    keys = {
        **cast("dict[str, Any]", context),
        "notification_title": title,
        "notification_text": text,
        "notifications": news,
    }
    facts = cast("Context", keys)
    LogNotifier()(facts)
    if notifier is None:
        return None
    try:
        notifier(facts)
    except Exception as error:  # noqa: BLE001 (any provider's)
        return f"The notifier {type(notifier).__name__} of the connection {CONNECTION} failed ({type(error).__name__})."
    return None


def _make_notifier(path: str, arguments: str | Mapping[str, Any]) -> BaseNotifier:
    try:
        given = json.loads(arguments) if isinstance(arguments, str) else dict(arguments)
        notifier = resolve_name(path)(**given)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"The Airflow connection {CONNECTION} names the notifier {path!r}, which cannot be made "
            f"({type(error).__name__}). Its extra needs notifier (an import path) and arguments (an object)."
        ) from None
    if not isinstance(notifier, BaseNotifier):
        raise ConfigurationError(
            f"The Airflow connection {CONNECTION} names {path!r}, which is no notifier. Name a class that derives from "
            "airflow.sdk.BaseNotifier."
        )
    return notifier
