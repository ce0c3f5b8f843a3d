"""Upkeep of the warehouse: partitions ahead of time, and the report of what else was done and found."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from include.domain.errors import ConflictError
from include.warehouse.engine import ensure_partitions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from include.operations.retention import DroppedMonths

#: Three months ahead: a stopped upkeep has time to be noticed.
AHEAD = timedelta(days=92)


def make_partitions(warehouse: Engine, at: datetime, ahead: timedelta = AHEAD) -> None:
    """Make the monthly partitions from `at` on, so that no poll has to."""
    with warehouse.begin() as connection:
        ensure_partitions(connection, at, at + ahead)


def report_upkeep(retained: DroppedMonths, broken: list[str]) -> None:
    """Say what needs a person.

    Raises:
        ConflictError: when an audit fails, or a month that is old enough stays; all of it in words.
    """
    stays = [f"Polls and readings of {month} stay: {reason}." for month, reason in retained.refused.items()]
    if broken or stays:
        raise ConflictError("\n".join([*broken, *stays]))
