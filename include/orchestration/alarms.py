"""Tells operators of alarms, through any Airflow notifier.

The message always stands in the task's log. The Airflow connection `akubill_alarms`, where there is one, names a
notifier of any provider, or of one's own, in its extra:

    {"notifier": "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
     "arguments": {"to": "operations@example.com", "subject": "{{ alarm_title }}", "html_content": "{{ alarm_text }}"}}

The notifier's templated arguments see `alarm_title`, `alarm_text` (a sentence a line) and `alarm_news` (a list), and
whatever else the task's context holds.
"""

from __future__ import annotations

import json
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import BaseNotifier

from include.domain.errors import ConfigurationError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow.sdk import Context
    from sqlalchemy import Engine

    from include.metering.alarms import Message

CONNECTION = "akubill_alarms"


class LogNotifier(BaseNotifier):
    """Writes alarms into the log of the task that tells them."""

    def notify(self, context: Context) -> None:
        """Write title and text as a warning."""
        facts = cast("dict[str, Any]", context)
        self.log.warning("%s\n%s", facts["alarm_title"], facts["alarm_text"])


def channel() -> BaseNotifier | None:
    """The notifier that the connection names; None without one, when the log is all.

    Raises:
        ConfigurationError: when the connection names no notifier, or one that can not be made.
    """
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        extra = Connection.get(CONNECTION).extra_dejson
    except AirflowNotFoundException:
        return None
    return _make_notifier(str(extra.get("notifier") or ""), extra.get("arguments") or {})


def tell_operators(warehouse: Engine, at: datetime, context: Context) -> dict[str, int] | None:
    """Tell what nobody has told yet, once; yields counts, or None when there is nothing.

    The transitions are claimed in the ledger before anything is sent, so what fails on the way is not sent again.

    Raises:
        ConfigurationError: when the channel is set up wrongly; nothing is claimed then.
        RetriableError: when the notifier failed; what it should have told stands in the log and in the ledger.
    """
    from include.metering.alarms import claim_news, record_telling

    notifier = channel()
    message = claim_news(warehouse, at)
    if message is None:
        return None
    facts = _with_message(context, message)
    LogNotifier()(facts)
    failure = _send(notifier, facts) if notifier else None
    record_telling(warehouse, message, at, failure)
    if failure:
        raise RetriableError(f"{failure} The alarms stand above in this log; they are not sent a second time.")
    opened = sum(1 for news in message.news if news.transition == "opened")
    return {"opened": opened, "closed": len(message.news) - opened}


def _send(notifier: BaseNotifier, facts: Context) -> str | None:
    """Why sending failed, or None. A foreign error's words may hold a secret, so only its kind is kept."""
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
            f"The Airflow connection {CONNECTION} names the notifier {path!r}, which can not be made "
            f"({type(error).__name__}). Its extra needs notifier (an import path) and arguments (an object)."
        ) from None
    if not isinstance(notifier, BaseNotifier):
        raise ConfigurationError(
            f"The Airflow connection {CONNECTION} names {path!r}, which is no notifier. Name a class that derives from "
            "airflow.sdk.BaseNotifier."
        )
    return notifier


def _with_message(context: Context, message: Message) -> Context:
    told = {
        "alarm_title": message.title,
        "alarm_text": message.text,
        "alarm_news": [news._asdict() for news in message.news],
    }
    return cast("Context", {**context, **told})
