"""The clock of a scenario: it goes when one says so, and the warehouse goes by it too.

The scratch warehouse has `now` and `clock_timestamp` of its own, which its sessions find before PostgreSQL's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

_SETUP = """
CREATE SCHEMA faults;
GRANT USAGE ON SCHEMA faults TO PUBLIC;
CREATE TABLE faults.clock (at timestamptz NOT NULL);
GRANT SELECT ON faults.clock TO PUBLIC;
INSERT INTO faults.clock VALUES ('2026-01-01T00:00:00Z');
CREATE FUNCTION faults.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM faults.clock';
CREATE FUNCTION faults.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT at FROM faults.clock';
CREATE OR REPLACE FUNCTION metering.clock() RETURNS timestamptz LANGUAGE sql STABLE RETURN faults.now();
"""
#: Columns that the database dates by itself.
_DEFAULTS = """
SELECT format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT faults.clock_timestamp()', d.adrelid::regclass, a.attname)
FROM pg_attrdef AS d INNER JOIN pg_attribute AS a ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE pg_get_expr(d.adbin, d.adrelid) IN ('clock_timestamp()', 'now()')
"""


def install(owner: psycopg.Connection) -> None:
    """Give a scratch warehouse a clock that is set from outside."""
    defaults = [statement for (statement,) in owner.execute(_DEFAULTS)]  # before its names are shadowed
    owner.execute(_SETUP)
    for statement in defaults:
        owner.execute(statement)


def show(owner: psycopg.Connection) -> None:
    """Have the sessions of a copy go by that clock: what a database sets for its sessions is not copied."""
    (name,) = owner.execute("SELECT current_database()").fetchone() or ("",)
    owner.execute(f'ALTER DATABASE "{name}" SET search_path = faults, pg_catalog, public')


class Clock:
    """What time it is, for the product, its warehouse and the sandbox."""

    def __init__(self, owner: psycopg.Connection, at: datetime) -> None:
        self._owner, self._at = owner, at
        self.set(at)

    def now(self) -> datetime:
        """The instant."""
        return self._at

    def seconds(self) -> float:
        """The same, since 1970."""
        return self._at.timestamp()

    def set(self, at: datetime) -> None:
        """It is then; the clock never goes back."""
        self._at = max(self._at, at.astimezone(UTC))
        self._owner.execute("UPDATE faults.clock SET at = %s", (self._at,))

    def wait(self, seconds: float) -> None:
        """So much time passes."""
        self.set(self._at + timedelta(seconds=seconds))
