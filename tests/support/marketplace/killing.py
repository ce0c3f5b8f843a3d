"""A push in a process of its own that kills itself at a named point.

Points are the borders of transactions that write, named by the table that they wrote last, and of each call to the
marketplace. A point that a run passes a second time is another one.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from include.catalog.loader import load_channel
from include.marketplace.push.deliver import Clock, push_due
from include.warehouse.engine import open_warehouse
from tests.support.marketplace.outsides import OUTSIDES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from include.marketplace.push.senders import Sender

_WRITES = re.compile(r"(?:INSERT INTO|UPDATE) marketplace\.(\w+)")
_CALLS = {"send": "call", "check_reachable": "harmless call", "ask": "question"}
# One process imports everything once; each killed one is a fork of it.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Run:
    """A run in another process: what it needs to know, and the point at which it ends (none: it comes to its end)."""

    url: str
    channel: str
    access: Any
    now: datetime
    point: str
    passed: Path


def run_and_die(run: Run) -> int:
    """The exit code of the run; -9 where it came to its point."""
    process = _PROCESSES.Process(target=_push, args=(run,))
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


class _Points:
    def __init__(self, deadly: str, passed: Path) -> None:
        self._deadly, self._passed = deadly, passed
        self._times: Counter[str] = Counter()

    def passes(self, point: str) -> None:
        self._times[point] += 1
        name = point if self._times[point] == 1 else f"{point} ({self._times[point]})"
        if name == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        with self._passed.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")


def _push(run: Run) -> None:
    outside, points = OUTSIDES[run.channel], _Points(run.point, run.passed)
    warehouse = open_warehouse(run.url)
    _watch_commits(warehouse, points)
    push_due(
        warehouse,
        load_channel(run.channel),
        (outside.item,),
        lambda: _watched(outside.sender(run.access), points),
        Clock(lambda: run.now, lambda _: None),
        ends_at=run.now + timedelta(minutes=1),
    )


def _watched(sender: Sender, points: _Points) -> Sender:
    """The real sender, each call of which lies between two points."""

    def between(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def watched(*arguments: Any) -> Any:
            points.passes(f"before the {name}")
            try:
                return call(*arguments)
            finally:
                points.passes(f"after the {name}")

        return watched

    for method, name in _CALLS.items():
        if hasattr(sender, method):
            setattr(sender, method, between(name, getattr(sender, method)))
    return sender


def _watch_commits(warehouse: Engine, points: _Points) -> None:
    written: list[str] = []

    @event.listens_for(warehouse, "after_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        # What is locked while an update finds nothing is no border.
        touched = _cursor.rowcount != 0
        written.extend(name for name in _WRITES.findall(statement) if touched)

    commit = warehouse.dialect.do_commit

    def commit_between_points(connection: Any) -> None:
        table = written[-1] if written else None
        written.clear()
        if table:
            points.passes(f"before the commit of {table}")
        commit(connection)
        if table:
            points.passes(f"after the commit of {table}")

    setattr(warehouse.dialect, "do_commit", commit_between_points)  # noqa: B010 (mypy knows it as a method)
