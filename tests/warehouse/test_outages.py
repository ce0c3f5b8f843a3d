"""What counts as a warehouse that does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from include.warehouse.outages import outage_reason

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_server_that_is_not_there_is_an_outage() -> None:
    with pytest.raises(OperationalError) as failed, create_engine("postgresql+psycopg://x@127.0.0.1:1/x").connect():
        pass
    assert "refused" in str(outage_reason(failed.value))


def test_a_session_that_the_server_ended_is_an_outage(warehouse: Engine) -> None:
    with warehouse.connect() as connection, warehouse.connect() as other:
        victim = connection.scalar(text("SELECT pg_backend_pid()"))
        other.execute(text("SET ROLE NONE"))
        other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": victim})
        with pytest.raises(DBAPIError) as failed:
            connection.execute(text("SELECT pg_sleep(5)"))
        assert outage_reason(failed.value) is not None
        connection.invalidate()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT CAST('99999999999999999999' AS bigint)",
        "SELECT CAST('9999999-01-01' AS timestamptz)",
        "SELECT 1 / 0",
        "DO $$ BEGIN RAISE EXCEPTION 'locks' USING ERRCODE = '53200'; END $$",
        "DO $$ BEGIN RAISE EXCEPTION 'disk' USING ERRCODE = '53100'; END $$",
        "DO $$ BEGIN RAISE EXCEPTION 'slow' USING ERRCODE = '57014'; END $$",
        "DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$",
    ],
)
def test_a_warehouse_that_answered_is_no_outage(warehouse: Engine, query: str) -> None:
    with pytest.raises(DBAPIError) as failed, warehouse.connect() as connection:
        connection.execute(text(query))
    assert outage_reason(failed.value) is None


def test_an_error_of_another_kind_is_no_outage() -> None:
    assert outage_reason(ValueError("x")) is None
