"""Ways to break work in the middle, at a place that is chosen and not timed.

A table that work is about to write is locked by another session: the work stops there, inside its transaction. Once
the database says that it waits, it is killed or the server restarted, and the lock goes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.support.builders import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

_WAITING = """
    SELECT count(*) FROM pg_locks
    WHERE NOT granted AND relation IS NOT NULL AND database = (SELECT oid FROM pg_database WHERE datname = :name)
"""
TIMEOUT_SECONDS = 90


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; give up after a time that no healthy machine needs."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "It did not come to this in time."
        time.sleep(0.02)


@contextmanager
def held(warehouse: Engine, table: str) -> Iterator[Callable[[], bool]]:
    """No session writes to the table until the block ends; the value says whether one wants to."""
    with warehouse.connect() as guard, warehouse.connect() as watch:
        guard.execute(text(f"LOCK TABLE {table} IN SHARE MODE"))
        name = warehouse.url.database

        def is_wanted() -> bool:
            watch.rollback()  # a new look
            return bool(watch.scalar(text(_WAITING), {"name": name}))

        yield is_wanted


def kill_in_the_middle(warehouse: Engine, table: str, program: str, *arguments: str) -> None:
    """Run a program in a process of its own, and kill it with -9 when it is about to write to the table.

    The program finds the warehouse as `warehouse` and its arguments as `arguments`.
    """
    url = warehouse.url.render_as_string(hide_password=False)
    opening = (
        "import sys\nfrom include.warehouse.engine import open_warehouse\n"
        "warehouse, arguments = open_warehouse(sys.argv[1]), sys.argv[2:]\n"
    )
    command = [sys.executable, "-c", opening + program, url, *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(command, env=environment) as child:
        with held(warehouse, table) as is_wanted:
            wait_until(lambda: is_wanted() or child.poll() is not None)
            child.kill()
        assert child.wait() == -signal.SIGKILL, "It ended before it came to write there."
    # The server notices that the client is gone, and rolls back.
    wait_until(lambda: not rows(warehouse, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"))
