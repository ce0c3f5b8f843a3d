"""Rows of a reporting statement, for what the pages make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection


def read_rows(connection: Connection, name: str, facts: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The rows of sql/reporting/<name>.sql with these parameters, each by column."""
    return [dict(row) for row in connection.execute(statement(f"reporting/{name}"), facts or {}).mappings()]
