"""The door to the warehouse: engines, statements, locks.

A warehouse is any PostgreSQL from version 16 on, given by a SQLAlchemy URL. Work runs as the role `billing_writer`,
whatever user logged in; only migrations keep the login user.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, TextClause, create_engine, event, make_url, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

WRITER = "billing_writer"
ANALYST = "billing_analyst"
#: The work that writers of usage take turns at, with each other and with whoever issues bills: usage stands still from
#: when bills are made of it until they are issued. See `locked`.
USAGE = ("metering", "usage")
_SQL = Path(__file__).parent / "sql"
_AUDITS = Path(__file__).parent / "audits"


def open_warehouse(url: str | URL, *, role: str | None = WRITER) -> Engine:
    """An engine on the warehouse whose sessions speak UTC and run as `role` (None keeps the login user)."""
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        connect_args={"prepare_threshold": None, "application_name": "akubill"},
        pool_pre_ping=True,
    )

    @event.listens_for(engine, "connect")
    def prepare_session(connection: psycopg.Connection, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
            if role is not None:
                cursor.execute(f"SET ROLE {role}")
        connection.commit()

    return engine


@cache
def statement(name: str) -> TextClause:
    """The statement in sql/<name>.sql, with named parameters (`:period_start`)."""
    return text((_SQL / f"{name}.sql").read_text(encoding="utf-8"))


@cache
def audits() -> dict[str, TextClause]:
    """The statements in audits/assert_<claim>.sql by claim; each returns what breaks the claim, with a sentence."""
    return {
        path.stem.removeprefix("assert_"): text(path.read_text(encoding="utf-8"))
        for path in sorted(_AUDITS.glob("assert_*.sql"))
    }


@contextmanager
def locked(connection: Connection, *work: object) -> Iterator[None]:
    """Hold the advisory lock of a window of work until the transaction ends, so that no two runs do it at once."""
    name = "/".join(str(part) for part in work)
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})
    yield


def ensure_partitions(connection: Connection, start: object, end: object) -> None:
    """Make the monthly partitions that hold [start, end), where they are missing."""
    connection.execute(
        text("SELECT metering.ensure_partitions(CAST(:start AS timestamptz), CAST(:end AS timestamptz))"),
        {"start": start, "end": end},
    )
