"""Parked events, each in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.words.filling import fill
from include.domain.words.marketplace import REASONS
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine


class ParkedEvent(NamedTuple):
    """An event that a person has to look at."""

    event_key: int
    received_at: datetime
    source: str
    action: str
    instance_id: str
    reason: str
    facts: dict[str, Any]
    tries: int

    @property
    def sentence(self) -> str:
        """Which event it is, and why it is parked."""
        which = fill("Event {key}, received {at:time}", {"key": self.event_key, "at": self.received_at})
        return f"{which}: {REASONS[self.reason].say(self.facts)}"


def list_parked(warehouse: Engine, since: datetime) -> list[ParkedEvent]:
    """Those that were parked since, oldest first."""
    with warehouse.connect() as connection:
        rows = connection.execute(statement("marketplace/inbox/list_parked"), {"since": since})
        return [ParkedEvent(*row) for row in rows]
