"""A push in a process of its own that kills itself at a named point: `python -m tests.support.marketplace.killing`.

Points are the borders of transactions that write, named by the table that they wrote last, and of the call.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from sqlalchemy import event

from include.alibaba.access import CloudAccess
from include.catalog.loader import load_channel
from include.marketplace.push.channels.alibaba_china.sender import AlibabaChina
from include.marketplace.push.deliver import Clock, push_due
from include.warehouse.engine import open_warehouse
from tests.support.cloud import QUICK
from tests.support.marketplace.pushing import ITEM

if TYPE_CHECKING:
    from include.marketplace.push.answers import Answer

_WRITES = re.compile(r"(?:INSERT INTO|UPDATE) marketplace\.(\w+)")
#: What an undisturbed run of one record passes, in this order.
POINTS = (
    "before the commit of push_progress",
    "after the commit of push_progress",
    "before the commit of push_attempt_records",
    "after the commit of push_attempt_records",
    "before the call",
    "after the call",
    "before the commit of push_records",
    "after the commit of push_records",
)


class _Points:
    def __init__(self, deadly: str, passed: Path) -> None:
        self._deadly, self._passed = deadly, passed

    def passes(self, point: str) -> None:
        if point == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        with self._passed.open("a", encoding="utf-8") as file:
            file.write(f"{point}\n")


class _Watched(AlibabaChina):
    def __init__(self, points: _Points, access: CloudAccess) -> None:
        super().__init__(access, QUICK)
        self._points = points

    def send(self, request: str) -> Answer:
        self._points.passes("before the call")
        try:
            return super().send(request)
        finally:
            self._points.passes("after the call")


def main(url: str, access: str, now: str, deadly: str, passed: str) -> None:
    """Push once; `access` is account, key, secret and endpoint with spaces between."""
    points = _Points(deadly, Path(passed))
    warehouse = open_warehouse(url)
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
    at = datetime.fromisoformat(now)
    account_id, key, secret, endpoint = access.split()
    vendor = CloudAccess(account_id, key, SecretStr(secret), endpoint=endpoint, protocol="http")
    push_due(
        warehouse,
        load_channel("alibaba-china"),
        (ITEM,),
        lambda: _Watched(points, vendor),
        Clock(lambda: at, lambda _: None),
        ends_at=at + timedelta(minutes=1),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
