"""Sessions and locks."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.warehouse import engine as engine_module
from include.warehouse.engine import WRITER, locked, statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

SQL = Path(engine_module.__file__).parent / "sql"


def test_sessions_work_as_the_writer_and_speak_utc(warehouse: Engine) -> None:
    with warehouse.connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == WRITER
        assert connection.scalar(text("SELECT current_setting('TimeZone')")) == "UTC"


def test_every_statement_file_holds_one_statement() -> None:
    for path in SQL.rglob("*.sql"):
        name = str(path.relative_to(SQL).with_suffix(""))
        lines = [line for line in statement(name).text.splitlines() if not line.lstrip().startswith("--")]
        body = re.sub(r"'(?:[^']|'')*'", "''", "\n".join(lines)).strip().rstrip(";")
        assert ";" not in body, f"{path.name} holds more than one statement"


def test_two_runs_of_the_same_window_wait_for_each_other(warehouse: Engine) -> None:
    order: list[str] = []

    def second() -> None:
        with warehouse.begin() as connection, locked(connection, "metering", "2026-10-01T00"):
            order.append("second")

    with ThreadPoolExecutor() as pool:
        with warehouse.begin() as connection, locked(connection, "metering", "2026-10-01T00"):
            waiting = pool.submit(second)
            while not connection.scalar(
                text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            ):
                pass
            order.append("first")
        waiting.result(timeout=30)
    assert order == ["first", "second"]
