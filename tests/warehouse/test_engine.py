"""Sessions and locks."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from include.domain.errors import InvalidInputError, RetriableError
from include.warehouse import engine as engine_module
from include.warehouse.engine import WRITER, alone, alone_on_snapshot, locked, statement

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

SQL = Path(engine_module.__file__).parent / "sql"


def test_sessions_work_as_the_writer_and_speak_utc(warehouse: Engine) -> None:
    with warehouse.connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == WRITER
        assert connection.scalar(text("SELECT current_setting('TimeZone')")) == "UTC"


@pytest.mark.parametrize("text_", ["a\0b", "a\ud83d", ["a", "b\0"]])
def test_a_text_that_postgresql_cannot_hold_is_refused_in_a_sentence(warehouse: Engine, text_: object) -> None:
    with warehouse.connect() as connection, pytest.raises(InvalidInputError, match=r"Text is .* at place 2"):
        connection.execute(text("SELECT :value"), {"value": text_})


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


HELD = text("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted")


def test_the_locks_belong_to_the_session_that_works_and_are_free_afterwards(warehouse: Engine) -> None:
    with alone_on_snapshot(warehouse, ("close", "2026-10"), ("metering", "usage")) as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        assert connection.scalars(HELD).all() == [pid, pid]
        assert connection.scalar(text("SHOW transaction_isolation")) == "repeatable read"
    with warehouse.connect() as connection:
        assert connection.scalars(HELD).all() == []


def test_work_that_fails_leaves_no_lock_behind(warehouse: Engine) -> None:
    with pytest.raises(ZeroDivisionError), alone(warehouse, ("metering", "usage")):
        raise ZeroDivisionError
    with alone(warehouse, ("metering", "usage")):
        pass


def test_work_whose_session_ends_loses_its_lock_and_cannot_go_on(owned_warehouse: Engine) -> None:
    def end_its_session(connection: Connection) -> None:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        with owned_warehouse.begin() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
            assert other.scalars(HELD).all() == []

    with alone_on_snapshot(owned_warehouse, ("metering", "usage")) as connection:
        end_its_session(connection)
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
        connection.rollback()


def test_who_waits_too_long_for_a_turn_is_asked_to_try_again(
    warehouse: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "PATIENCE", "50ms")
    with (
        alone(warehouse, ("metering", "usage")),
        pytest.raises(RetriableError, match=r"\(metering/usage\) has not ended within 50ms"),
        warehouse.begin() as connection,
        locked(connection, "metering", "usage"),
    ):
        pass
