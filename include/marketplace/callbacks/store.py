"""Stores what was called, and counts what was refused; nothing of a refused call's content is kept."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from sqlalchemy.exc import SQLAlchemyError

from include.domain.marketplace.callbacks import TOKEN
from include.domain.marketplace.events import CREATE, named_instance
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from include.domain.marketplace.callbacks import Callback

_LOG = logging.getLogger(__name__)
#: What is kept in the place of the token's value.
REDACTED = "***"


def store_callback(warehouse: Engine, callback: Callback) -> dict[str, str]:
    """Store a callback whose token was right, and return the answer to it.

    createInstance is answered with the id that later callbacks name: its own orderBizId. Until the environment exists
    the answer is "0", at which the Marketplace asks again; from then on it is always the same.
    """
    action, instance_id = callback.action, named_instance(callback.parameters)
    with warehouse.begin() as connection:
        stored = connection.execute(
            statement("marketplace/callbacks/record_callback"),
            {
                "action": action,
                "query": without_token(callback.query),
                "parameters": json.dumps({k: v for k, v in callback.parameters.items() if k != TOKEN}),
                "instance_id": instance_id,
                "may_be_answered": action == CREATE,
            },
        ).one()
    if action == CREATE:
        return {"instanceId": instance_id if stored.is_ready else "0"}
    return {"success": "true"}


def without_token(query: str) -> str:
    """The query as it came, with the token's value replaced, however its name is written."""
    pieces = (piece.partition("=") for piece in query.split("&"))
    return "&".join(
        f"{name}={REDACTED}" if unquote_plus(name) == TOKEN else f"{name}{sign}{value}" for name, sign, value in pieces
    )


class Refusals:
    """Counts refused calls in the warehouse, at most once a second, however many there are.

    The first one after a quiet second is counted at once; those that follow within the second are added to the next.

    Args:
        warehouse: opens it.
        clock: seconds that go forward steadily.
    """

    def __init__(self, warehouse: Callable[[], Engine], clock: Callable[[], float] = time.monotonic) -> None:
        self._warehouse, self._clock = warehouse, clock
        self._uncounted: Counter[str] = Counter()
        self._counted_at = float("-inf")
        self._lock = Lock()

    def add(self, reason: str) -> bool:
        """Remember one; whether it is time to write them down."""
        with self._lock:
            self._uncounted[reason] += 1
            return self._clock() - self._counted_at >= 1

    def write(self) -> None:
        """Write down those that were not yet; what cannot be written now is written with the next."""
        with self._lock:
            counts, self._uncounted, self._counted_at = self._uncounted, Counter(), self._clock()
        if not counts:
            return
        rows = [{"reason": reason, "callbacks": count} for reason, count in sorted(counts.items())]
        try:
            with self._warehouse().begin() as connection:
                connection.execute(statement("marketplace/callbacks/count_refusals"), rows)
        except SQLAlchemyError as error:
            _LOG.warning("Refused callbacks could not be counted: %s", type(error).__name__)
            with self._lock:
                self._uncounted += counts
