"""Tells operators of alarms, through any Airflow notifier.

The message always stands in the task's log. The Airflow connection `akubill_alarms`, where there is one, names a
notifier of any provider, or of one's own, in its extra:

    {"notifier": "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
     "arguments": {"to": "operations@example.com", "subject": "{{ alarm_title }}", "html_content": "{{ alarm_text }}"}}

The notifier's templated arguments see `alarm_title`, `alarm_text` (a sentence a line), `alarm_transitions` (a list)
and whatever else the task's context holds. Notifications of other kinds go the same way.
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

    from include.operations.notifications import Notice

CONNECTION = "akubill_alarms"
_NOT_AGAIN = "What it should have told stands above in this log; it is not sent a second time."


class LogNotifier(BaseNotifier):
    """Writes alarms into the log of the task that tells them."""

    def notify(self, context: Context) -> None:
        """Write title and text as a warning."""
        facts = cast("dict[str, Any]", context)
        self.log.warning("%s\n%s", facts["alarm_title"], facts["alarm_text"])


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


def notify_operators(warehouse: Engine, at: datetime, context: Context) -> dict[str, int] | None:
    """Tell what nobody has told yet, once; yields counts, or None when there is nothing.

    The transitions are claimed in the ledger before anything is sent, so what fails on the way is not sent again.

    Raises:
        ConfigurationError: when the channel is set up wrongly; nothing is claimed then.
        RetriableError: when the notifier failed; what it should have told stands in the log and in the ledger.
    """
    from include.operations.alarms import claim_alarm_notifications, record_alarm_notifications

    notifier = channel()
    message = claim_alarm_notifications(warehouse, at)
    if message is None:
        return None
    news = [each._asdict() for each in message.news]
    failure = send(notifier, context, message.title, message.text, news)
    record_alarm_notifications(warehouse, message, at, failure)
    if failure:
        raise RetriableError(f"{failure} {_NOT_AGAIN}")
    opened = sum(1 for each in message.news if each.transition == "opened")
    return {"opened": opened, "closed": len(message.news) - opened}


def send_notifications(warehouse: Engine, title: str, notices: Sequence[Notice], at: datetime, context: Context) -> int:
    """Tell those of the notices that nobody has told yet, once and in one message; yields how many these were.

    Raises:
        ConfigurationError: when the channel is set up wrongly; nothing is claimed then.
        RetriableError: when the notifier failed; what it should have told stands in the log and in the ledger.
    """
    from include.operations.notifications import claim_notifications, record_notifications, text_of

    notifier = channel()
    news = claim_notifications(warehouse, notices, at)
    if not news:
        return 0
    lines = [each.sentence for each in news]
    failure = send(
        notifier, context, title, text_of(lines, "operations.notifications"), [each._asdict() for each in news]
    )
    record_notifications(warehouse, news, at, failure)
    if failure:
        raise RetriableError(f"{failure} {_NOT_AGAIN}")
    return len(news)


def notify_of_discrepancies(warehouse: Engine, at: datetime, context: Context) -> int:
    """Tell which findings of the machine check are new and which are over; yields how many, each told once.

    Raises:
        ConfigurationError: when the channel is set up wrongly; nothing is claimed then.
        RetriableError: when the notifier failed; what it should have told stands in the log and in the ledger.
    """
    from include.operations.machines_check import list_discrepancy_notifications

    return send_notifications(
        warehouse, "Machines against instances", list_discrepancy_notifications(warehouse), at, context
    )


def send(
    notifier: BaseNotifier | None, context: Context, title: str, text: str, news: list[dict[str, Any]]
) -> str | None:
    """Write the message into the log and send it through the channel, if there is one; why sending failed, or None.

    A foreign error's words may hold a secret, so only its kind is kept.
    """
    told = {**cast("dict[str, Any]", context), "alarm_title": title, "alarm_text": text, "alarm_transitions": news}
    facts = cast("Context", told)
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
