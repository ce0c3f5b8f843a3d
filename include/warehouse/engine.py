"""Access to the warehouse: engines, statements, locks.

A warehouse is any PostgreSQL from version 16 on, given by a SQLAlchemy URL. Work runs as the role `billing_writer`,
whatever user logged in; only migrations keep the login user.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg.errors import LockNotAvailable, RaiseException
from sqlalchemy import URL, Connection, Engine, TextClause, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

from include.domain.errors import ConflictError, RetriableError
from include.domain.text import check_storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import psycopg
    from sqlalchemy import ExceptionContext

WRITER = "billing_writer"
ANALYST = "billing_analyst"
#: Stores callbacks of the Marketplace.
RECEIVER = "marketplace_receiver"
#: Reads what the billing pages show.
PAGES = "billing_pages"
#: The work that writers of usage take turns at, with each other and with the issuing of bills: no usage changes from
#: when bills are made of it until they are issued. Those that only make bills of it share it. See `locked`, `alone`.
USAGE = ("metering", "usage")
#: How long work waits for its turn, as PostgreSQL writes it.
PATIENCE = "60s"
_SQL = Path(__file__).parent / "sql"
_AUDITS = Path(__file__).parent / "audits"


class GuardError(ConflictError, DBAPIError):
    """A guard of the warehouse refused: a sentence for people, and still the database's error for who looks into it."""

    def __init__(self, refusal: RaiseException, statement: str | None) -> None:
        DBAPIError.__init__(self, statement, None, refusal, hide_parameters=True)
        said, hint = refusal.diag.message_primary or str(refusal), refusal.diag.message_hint
        self.sentence = f"{said.rstrip('.')}." + (f" {hint}" if hint else "")

    def __str__(self) -> str:
        return self.sentence


def open_warehouse(url: str | URL, *, role: str | None = WRITER, answers_within: int | None = None) -> Engine:
    """An engine on the warehouse.

    Args:
        url: where it is.
        role: as which its sessions run, in UTC; None keeps the login user.
        answers_within: for those that somebody waits for: seconds after which a session that cannot be had, or a
            statement that does not end, is an error.
    """
    waits = (
        {}
        if answers_within is None
        else {"connect_timeout": answers_within, "options": f"-c statement_timeout={answers_within}s"}
    )
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        connect_args={"prepare_threshold": None, "application_name": "akubill", **waits},
        pool_pre_ping=True,
        **({} if answers_within is None else {"pool_timeout": answers_within}),
    )

    @event.listens_for(engine, "connect")
    def prepare_session(connection: psycopg.Connection, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
            if role is not None:
                cursor.execute(f"SET ROLE {role}")
        connection.commit()

    @event.listens_for(engine, "handle_error")
    def raise_guard_error(context: ExceptionContext) -> GuardError | None:
        refusal = context.original_exception
        return GuardError(refusal, context.statement) if isinstance(refusal, RaiseException) else None

    # The last door: whatever a surface let through, a text that PostgreSQL cannot hold is one clear sentence.
    @event.listens_for(engine, "before_cursor_execute")
    def refuse_unstorable(_c: object, _cursor: object, _said: str, given: Any, _context: object, many: bool) -> None:  # noqa: ANN401, FBT001 (SQLAlchemy's signature)
        for facts in given if many else (given,):
            for value in facts.values() if isinstance(facts, dict) else facts or ():
                check_storable(value)

    return engine


@cache
def statement(name: str) -> TextClause:
    """The statement in sql/<name>.sql, with named parameters (`:period_start`)."""
    return text((_SQL / f"{name}.sql").read_text(encoding="utf-8"))


@cache
def _parameters(step: str) -> frozenset[str]:
    return frozenset(statement(step).compile().params)


def run_steps(connection: Connection, steps: Iterable[str], facts: Mapping[str, Any]) -> dict[str, int]:
    """Run statements in their order, each with those of the facts that it names; returns the rows each one touched."""
    return {
        step: connection.execute(statement(step), {name: facts[name] for name in _parameters(step)}).rowcount
        for step in steps
    }


@cache
def audits() -> dict[str, TextClause]:
    """The statements in audits/assert_<claim>.sql by claim; each returns what breaks the claim, with a sentence."""
    return {
        path.stem.removeprefix("assert_"): text(path.read_text(encoding="utf-8"))
        for path in sorted(_AUDITS.glob("assert_*.sql"))
    }


@contextmanager
def locked(connection: Connection, *work: object) -> Iterator[None]:
    """Hold the advisory lock of a window of work until the transaction ends, so that no two runs do it at once.

    Raises:
        RetriableError: when others hold it for longer than `PATIENCE`.
    """
    _wait_for_lock(connection, "pg_advisory_xact_lock", work)
    yield


@contextmanager
def alone(
    warehouse: Engine, *works: tuple[object, ...], shared: Iterable[tuple[object, ...]] = ()
) -> Iterator[Connection]:
    """A session that holds the advisory locks of these works, taken in their order, with no transaction open.

    Locks of `shared` works can be held by several sessions that share them, but not beside one that holds them alone.
    PostgreSQL grants locks in the order they are asked for, so a session that waits to hold one alone gets it before
    any that asks to share it later.

    The locks belong to the session that does the work, through as many transactions as it begins. Where the session
    ends early, the server frees the locks, and what was not committed is gone: nothing goes on without them.

    Raises:
        RetriableError: when others hold one of them for longer than `PATIENCE`.
    """
    with warehouse.connect() as connection:
        try:
            for function, group in (("pg_advisory_lock", works), ("pg_advisory_lock_shared", shared)):
                for work in group:
                    _wait_for_lock(connection, function, work)
                    connection.commit()
            yield connection
        except BaseException:
            # The pool would keep a session that may still hold them.
            connection.invalidate()
            raise
        connection.execute(text("SELECT pg_advisory_unlock_all()"))
        connection.commit()


@contextmanager
def alone_on_snapshot(
    warehouse: Engine, *works: tuple[object, ...], shared: Iterable[tuple[object, ...]] = ()
) -> Iterator[Connection]:
    """A transaction on one snapshot, which is taken only once this very session holds the locks of these works."""
    snapshots = warehouse.execution_options(isolation_level="REPEATABLE READ")
    with alone(snapshots, *works, shared=shared) as connection, connection.begin():
        yield connection


def _wait_for_lock(connection: Connection, function: str, work: tuple[object, ...]) -> None:
    """Wait for the lock of `work`, with a limit that holds for this lock only."""
    name = "/".join(str(part) for part in work)
    query = f"""
        SELECT
            set_config('lock_timeout', :patience, TRUE),
            {function}(hashtextextended(:name, 0)),
            set_config('lock_timeout', NULL, TRUE)
        """
    try:
        connection.execute(text(query), {"name": name, "patience": PATIENCE})
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        raise RetriableError(
            f"Other work on the warehouse ({name}) has not ended within {PATIENCE}: a period is being closed, or usage "
            "is being written. Nothing was changed; try again."
        ) from error


def ensure_partitions(connection: Connection, start: object, end: object) -> None:
    """Make the monthly partitions that hold [start, end), where they are missing."""
    connection.execute(
        text("SELECT metering.ensure_partitions(CAST(:start AS timestamptz), CAST(:end AS timestamptz))"),
        {"start": start, "end": end},
    )
