"""Loading 1,000,000 rows of usage from a CSV file, against a bare COPY of the same rows into an indexed table.

The bare side gets the rows ready: keys instead of ids, in the file's order (by instance, then hour), into a copy of
metering.usage with its checks and its primary key, in a transaction of its own. Ours reads and checks the file,
resolves ids, looks for what is stored already, and writes the import's record.
"""

from __future__ import annotations

import io
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from benchmarks.measuring import Ratio, empty_warehouse, enter_subscriptions, in_turns, rate
from include.metering.imports.load import import_usage

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Connection, Engine

SIZES = {"full": (100, 10, 1000, 3), "small": (10, 10, 100, 3)}
START, AT = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)


def run(size: str) -> list[Ratio]:
    subscriptions, instances, hours, repetitions = SIZES[size]
    with empty_warehouse() as warehouse, tempfile.TemporaryDirectory() as folder:
        enter_subscriptions(warehouse, subscriptions)
        file = Path(folder) / "usage.csv"
        _write(file, subscriptions, instances, hours)
        import_usage(warehouse, file, AT)  # the partitions are there, as they are in daily use
        rows = _ready_rows(warehouse)
        _forget(warehouse)
        took = in_turns(repetitions, bare=lambda: _copy(warehouse, rows), ours=lambda: _import(warehouse, file))
    count = subscriptions * instances * hours
    return [rate(f"import of {count:,} rows", took["ours"], took["bare"], "≥ 0.5", "rate relative to a bare COPY")]


def _write(file: Path, subscriptions: int, instances: int, hours: int) -> None:
    written = [(START + timedelta(hours=n)).isoformat() for n in range(hours)]
    with file.open("w") as out:
        out.write("subscription_id,instance_id,hour,aku_seconds\n")
        for n in range(subscriptions * instances):
            out.writelines(
                f"sub-{n // instances},kf-{n:08d},{hour},{(3 + (n + k) % 48) * 3600 - k % 500}\n"
                for k, hour in enumerate(written)
            )


def _cursor(connection: Connection) -> psycopg.Cursor:
    driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    return driver.cursor()


def _ready_rows(warehouse: Engine) -> bytes:
    command = "COPY (SELECT * FROM metering.usage ORDER BY instance_key, hour_start) TO STDOUT (FORMAT csv)"
    with warehouse.begin() as connection, _cursor(connection) as cursor, cursor.copy(command) as copy:
        return b"".join(copy)


def _copy(warehouse: Engine, rows: bytes) -> float:
    with warehouse.begin() as connection:
        connection.execute(text("CREATE TABLE bare (LIKE metering.usage INCLUDING ALL)"))
    start = time.perf_counter()
    source = io.BytesIO(rows)
    command = "COPY bare FROM STDIN (FORMAT csv)"
    with warehouse.begin() as connection, _cursor(connection) as cursor, cursor.copy(command) as copy:
        while block := source.read(1 << 20):
            copy.write(block)
    took = time.perf_counter() - start
    with warehouse.begin() as connection:
        connection.execute(text("DROP TABLE bare"))
    return took


def _import(warehouse: Engine, file: Path) -> float:
    start = time.perf_counter()
    done = import_usage(warehouse, file, AT)
    took = time.perf_counter() - start
    assert done.rows_loaded == done.rows_read
    _forget(warehouse)
    return took


def _forget(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        connection.execute(text("TRUNCATE metering.usage, metering.subscription_hours, metering.imports"))
        connection.execute(text("DELETE FROM metering.instances"))
