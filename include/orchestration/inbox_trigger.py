"""Tells Airflow that something waits in the Marketplace's inbox: the watcher of its asset. It imports nothing heavy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: Pause before a session is tried again that could not be had, or broke.
PAUSE_SECONDS = 10.0


class InboxTrigger(BaseEventTrigger):
    """Listens to the warehouse for as long as the triggerer runs; through an outage it tries again."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Where the class is; it has no arguments."""
        return "include.orchestration.inbox_trigger.InboxTrigger", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """An event whenever something waits; it carries nothing, because the inbox has it."""
        # In threads, because other triggers must not wait: this imports the modules of the warehouse, and asks Airflow.
        connections, listen, failures = await asyncio.to_thread(_tools)
        while True:
            try:
                url = await asyncio.to_thread(connections.warehouse_url)
                async for _ in listen(url):
                    yield TriggerEvent({})  # type: ignore[no-untyped-call]
            except failures as error:
                self.log.warning("The inbox cannot be listened to: %s", str(error).strip().partition("\n")[0])
            await asyncio.sleep(PAUSE_SECONDS)


def _tools() -> tuple[Any, Any, tuple[type[Exception], ...]]:
    """What listening takes: connections, the listener, and the errors after which it begins again."""
    import psycopg

    from include.domain.errors import ConfigurationError
    from include.marketplace.inbox.listen import listen
    from include.orchestration import connections

    return connections, listen, (psycopg.Error, ConfigurationError)
