"""Writes down what passes the proxies: what each client asked for, and what it learned of it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from include.faults.history import History
    from include.faults.real.proxy import Answer, Request

_OK = 200
_REFUSED = range(400, 500)


class Watcher:
    """Of one run."""

    def __init__(self, history: History) -> None:
        self._history, self._numbers = history, count(1)

    def to_the_outside(self, request: Request) -> AbstractContextManager[dict[str, Any]] | None:
        """What the product asks for: pushes are written down."""
        if request.action != "PushMeteringData":
            return None
        records = json.loads(request.parameters()["Metering"])
        value = [[row["InstanceId"], int(row["StartTime"]), int(row["Entities"][0]["Value"])] for row in records]
        return self._written("push", value)

    def from_the_outside(self, request: Request) -> AbstractContextManager[dict[str, Any]] | None:
        """What the Marketplace calls."""
        asked = request.parameters()
        about = asked.get("instanceId") or asked.get("orderBizId", "")
        return self._written("callback", [f"{asked.get('action')} {about} {asked.get('orderId', '')}".rstrip()])

    @contextmanager
    def _written(self, operation: str, value: list[Any]) -> Iterator[dict[str, Any]]:
        with self._history.operation(f"{operation} {next(self._numbers)}", operation, value) as learned:
            answered: dict[str, Any] = {}
            yield answered
            answer: Answer = answered["answer"]
            if answer.status in _REFUSED:
                learned["type"] = "fail"
            elif answer.status != _OK or (operation == "callback" and not _is_taken(answer.body)):
                learned["type"] = "info"


def _is_taken(body: bytes) -> bool:
    said = json.loads(body)
    return str(said.get("success")).lower() == "true" or str(said.get("instanceId", "0")) != "0"
