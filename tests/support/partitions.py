"""Which monthly partitions a warehouse has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Engine


def partitions(warehouse: Engine) -> set[str]:
    """Names of those of polls, readings and usage."""
    query = text(
        "SELECT relname FROM pg_class WHERE relispartition AND relname ~ '^(polls|readings|usage)_\\d{4}_\\d{2}$'"
    )
    with warehouse.connect() as connection:
        return set(connection.scalars(query))
