"""What tasks asked for and what they learned of it: invoke, then ok, fail, or info where it is not known."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime


class History:
    """Operations in their order."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now, self._lock = now, threading.Lock()
        self.entries: list[dict[str, Any]] = []

    @contextmanager
    def operation(
        self, process: str, operation: str, value: object, refusal: type[Exception] | tuple[()] = ()
    ) -> Iterator[dict[str, Any]]:
        """An operation: what the block leaves is ok, a refusal is fail, and whatever else breaks it is info."""
        self._enter(process, "invoke", operation, value)
        learned: dict[str, Any] = {"type": "ok", "value": value}
        try:
            yield learned
        except refusal as error:
            self._enter(process, "fail", operation, value, error=type(error).__name__)
            raise
        except BaseException as error:
            self._enter(process, "info", operation, value, error=type(error).__name__)
            raise
        self._enter(process, learned["type"], operation, learned["value"])

    def lines(self) -> list[str]:
        """As JSON lines."""
        return [json.dumps(entry, sort_keys=True) for entry in self.entries]

    def _enter(self, process: str, kind: str, operation: str, value: object, **more: str) -> None:
        with self._lock:
            entry = {"index": len(self.entries), "time": f"{self._now():%Y-%m-%dT%H:%M:%SZ}", "process": process}
            self.entries.append({**entry, "type": kind, "f": operation, "value": value, **more})
