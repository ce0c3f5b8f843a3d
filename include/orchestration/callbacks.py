"""What the callbacks of the Marketplace need from Airflow's connections, kept for a minute.

An answer must not wait for Airflow's database, and must not fail because of it: what was found before holds while
nothing newer can be had.
"""

from __future__ import annotations

import logging
import time
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from include.orchestration import connections

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from include.marketplace.callbacks.app import Doors

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)
#: A changed connection takes effect within this time.
SECONDS = 60.0


class Kept(Generic[_T]):
    """A value that is looked up again when it is older than a minute.

    Args:
        look_up: how; what it raises is the caller's only while nothing was found before.
        clock: seconds that go forward steadily.
    """

    def __init__(self, look_up: Callable[[], _T], clock: Callable[[], float] = time.monotonic) -> None:
        self._look_up, self._clock = look_up, clock
        self._found: list[_T] = []
        self._until = float("-inf")
        self._lock = Lock()

    def __call__(self) -> _T:
        """The value."""
        # One looks it up, and the others go on with what is known.
        if self._clock() >= self._until and self._lock.acquire(blocking=not self._found):
            try:
                self._refresh()
            finally:
                self._lock.release()
        return self._found[0]

    def _refresh(self) -> None:
        if self._clock() < self._until:
            return
        try:
            self._found[:] = [self._look_up()]
        except Exception as error:
            if not self._found:
                raise
            _LOG.warning("Connections of the callbacks could not be read (%s); the last ones hold.", error)
        self._until = self._clock() + SECONDS


def doors() -> Doors:
    """Keys and warehouse of the callbacks."""
    from include.marketplace.callbacks.app import Doors

    opened: list[Engine] = []

    def open_warehouse() -> Engine:
        """The pool of the last time, unless the connection has changed."""
        fresh = connections.warehouse_receiver()
        if not opened or opened[0].url != fresh.url:
            opened[:] = [fresh]
        return opened[0]

    return Doors(keys=Kept(connections.callback_keys), warehouse=Kept(open_warehouse))
