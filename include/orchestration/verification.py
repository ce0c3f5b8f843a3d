"""Tells operators, once each, what verification found in issued bills."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from include.orchestration import notifications

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.sdk import Context
    from sqlalchemy import Engine

_TITLE = "Issued bills are not as they were issued"


def notify(warehouse: Engine, sentences: Sequence[str], at: datetime, context: Context) -> int:
    """Notify of those not notified yet, in one message; returns how many.

    Raises:
        ConfigurationError: when the channel is set up wrongly; nothing is claimed then.
        RetriableError: when the notifier failed; the notification is in the log and in the ledger.
    """
    from include.operations.notifications import Notification

    unsent = [Notification(f"bill_verification/{_digest(sentence)}", sentence) for sentence in sentences]
    return notifications.send_notifications(warehouse, _TITLE, unsent, at, context) if unsent else 0


def _digest(sentence: str) -> str:
    return sha256(sentence.encode()).hexdigest()
