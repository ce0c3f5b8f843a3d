"""Enters polls with their readings and rejections, a batch at a time, by COPY.

Entering the same polls again changes nothing. A poll that falls into closed hours marks them as due again (close.py).
"""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from include.domain.text import storable
from include.metering.hours.close import CLOSING
from include.warehouse.engine import ensure_partitions, locked, run_steps, statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg
    from sqlalchemy import Connection, Engine

    from include.metering.polling.readings import Poll

_TABLES = (
    "metering/polling/create_staged_polls",
    "metering/polling/create_staged_readings",
    "metering/polling/create_staged_rejections",
)
_STEPS = (
    "metering/polling/delete_known_polls",
    "metering/polling/insert_polls",
    "metering/polling/delete_failing_consoles",
    "metering/polling/record_failing_consoles",
    "metering/polling/insert_instances",
    "metering/polling/insert_readings",
    "metering/polling/insert_rejections",
    "metering/polling/mark_stale_hours",
)


class RecordCounts(NamedTuple):
    """How many polls of a batch were new: answered, failed; and how many rejections came with them."""

    answered: int = 0
    failed: int = 0
    rejected: int = 0

    def plus(self, other: RecordCounts) -> RecordCounts:
        """The sum of two batches."""
        return RecordCounts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def record_polls(warehouse: Engine, polls: Sequence[Poll]) -> RecordCounts:
    """Enter a batch of polls, in any order, in one transaction, in turn with closings and with other batches."""
    if not polls:
        return RecordCounts()
    with warehouse.begin() as connection, locked(connection, *CLOSING):
        return record_batch(connection, polls)


def record_batch(connection: Connection, polls: Sequence[Poll]) -> RecordCounts:
    """The same within the caller's transaction, which holds the lock of closings."""
    # Month by month: one poll with a wrong year must not make a partition for every month since.
    for month in sorted(
        {poll.observed_at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0) for poll in polls}
    ):
        ensure_partitions(connection, month, month + timedelta(seconds=1))
    run_steps(connection, _TABLES, {})
    _stage(connection, polls)
    run_steps(connection, _STEPS, {})
    counts = connection.execute(statement("metering/polling/count_records")).one()
    connection.execute(text("DROP TABLE staged_polls, staged_readings, staged_rejections"))
    return RecordCounts(*counts)


def _stage(connection: Connection, polls: Sequence[Poll]) -> None:
    _copy(
        connection,
        "COPY staged_polls FROM STDIN",
        (
            (
                poll.environment_key,
                poll.observed_at,
                poll.cause,
                None if poll.error is None else storable(poll.error),
                None if poll.cause else len(poll.readings),
                poll.clock_skew_ms,
                poll.duration_ms,
                poll.payload,
            )
            for poll in polls
        ),
    )
    _copy(
        connection,
        "COPY staged_readings FROM STDIN",
        ((poll.environment_key, poll.observed_at, *reading) for poll in polls for reading in poll.readings),
    )
    _copy(
        connection,
        "COPY staged_rejections FROM STDIN",
        (
            (poll.environment_key, poll.observed_at, instance_id, why.rule, _jsonb(why.facts), _jsonb(why.payload))
            for poll in polls
            for instance_id, why in poll.rejections
        ),
    )
    for table in ("staged_polls", "staged_readings"):
        connection.execute(text(f"ANALYZE {table}"))


def _jsonb(payload: dict[str, Any]) -> str:
    """The payload as PostgreSQL takes it: without NUL, lone surrogates and NaN, which JSON in the wild may have."""
    try:
        plain = json.dumps(payload, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        plain = json.dumps({"as_text": repr(payload)}, ensure_ascii=False)
    return storable(plain.replace("\\u0000", "\\ufffd"))


def _copy(connection: Connection, command: str, rows: Iterable[tuple[object, ...]]) -> None:
    driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.cursor() as cursor, cursor.copy(command) as copy:
        for row in rows:
            copy.write_row(row)
