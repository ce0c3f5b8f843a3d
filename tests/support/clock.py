"""The time that the database goes by, set to an instant by its owner: the product cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from include.warehouse.engine import open_warehouse

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine


def set_clock(warehouse: Engine, at: datetime) -> None:
    """Let retention take this for now."""
    owner = open_warehouse(warehouse.url, role=None)
    with owner.begin() as connection:
        connection.execute(
            text(f"CREATE OR REPLACE FUNCTION metering.clock() RETURNS timestamptz RETURN timestamptz '{at:%Y-%m-%d}Z'")
        )
    owner.dispose()
