"""Fetches what the Marketplace could not deliver: into the inbox first, and off the Marketplace's list only then.

A run that is cut off between the two finds the notification again: it is known by its request id, stored once, and
confirmed by the next run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from include.domain.marketplace.callbacks import LONGEST_QUERY, TOKEN
from include.domain.marketplace.events import named_instance
from include.domain.text import storable
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.alibaba.market import FailedNotification, Market

#: What cannot be read is kept under this name.
UNREAD = "message"
_LONGEST_NAME = 200


class Fetched(NamedTuple):
    """How many notifications were listed, how many of them were new, and how many were confirmed."""

    listed: int
    stored: int
    confirmed: int


def fetch_notifications(warehouse: Engine, market: Market) -> Fetched:
    """Fetch all, store what is new, and confirm each.

    Raises:
        RefusedError, RetriableError, UnexpectedAnswerError: when the Marketplace said no, or did not answer; what was
            stored by then stays, and is confirmed by the next run.
    """
    waiting = list(market.failed_notifications())  # confirming takes them off the pages
    stored = confirmed = 0
    for notification in waiting:
        with warehouse.begin() as connection:
            facts = {"request_id": storable(notification.request_id, _LONGEST_NAME), **_event_of(notification)}
            stored += connection.execute(statement("marketplace/inbox/record_notification"), facts).rowcount
        market.confirm_notification(notification.request_id)
        confirmed += 1
    return Fetched(len(waiting), stored, confirmed)


def _event_of(notification: FailedNotification) -> dict[str, Any]:
    """The columns of the event that it is: its parameters as a callback would have had them, without a token."""
    parameters = {"action": notification.action, **_parameters(notification.message)}
    parameters = {storable(name): storable(value) for name, value in parameters.items() if name != TOKEN}
    return {
        "action": parameters["action"],
        "query": urlencode(parameters),
        "parameters": json.dumps(parameters),
        "instance_id": named_instance(parameters),
    }


def _parameters(message: str) -> dict[str, str]:
    """A message's parameters as text; the whole text under one name, where it is no JSON object."""
    try:
        read = json.loads(message)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        return {UNREAD: message[:LONGEST_QUERY]} if message else {}
    return {name: _text(value) for name, value in read.items() if value is not None}


def _text(value: object) -> str:
    """As a query has it: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
