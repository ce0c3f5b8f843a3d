"""What retention took: hours whose polls and readings are gone cannot be closed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.domain.errors import ConflictError
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from include.domain.periods import Window


def refuse_dropped_hours(connection: Connection, window: Window) -> None:
    """Do nothing when all hours of the window can be closed again.

    Raises:
        ConflictError: when polls that they would be made of were dropped: closing them would turn usage into nothing.
    """
    closable_from = connection.execute(statement("metering/hours/find_closable_from")).scalar()
    if closable_from is not None and window.start < closable_from:
        raise ConflictError(
            f"Hours of {window} cannot be closed again: polls and readings were dropped after their retention, and "
            f"what is left begins at {closable_from:%Y-%m-%dT%H:%M:%SZ}. Give a window that starts there; their usage "
            "is on issued bills and stays."
        )
