"""The sums of usage by subscription and hour, kept in step with it: metering.subscription_hours.

Code that changes metering.usage holds the lock `warehouse.engine.USAGE`, names the subscriptions and hours in
changed_hours, and refreshes their sums in the same transaction. The sums are added up from the usage, so a refresh
can be repeated; the lock keeps two writers of one hour from adding up without each other. Only an import, which may
bring a million rows and knows what it changes, adds its differences to the sums (sql/metering/imports/add_sums.sql).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from include.domain.periods import Window


@contextmanager
def refreshed_sums(connection: Connection, window: Window) -> Iterator[None]:
    """Make changed_hours (subscription_key, hour_start) for the block to fill; its sums are renewed when it ends.

    Args:
        connection: a transaction that holds the lock `USAGE`; usage is changed before the block ends.
        window: whole hours that hold all changed ones.
    """
    connection.execute(statement("metering/hours/create_changed_hours"))
    yield
    connection.execute(text("ANALYZE changed_hours"))
    connection.execute(
        statement("metering/hours/refresh_sums"), {"window_start": window.start, "window_end": window.end}
    )
    connection.execute(text("DROP TABLE changed_hours"))
