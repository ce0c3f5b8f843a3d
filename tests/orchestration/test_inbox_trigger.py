"""The watcher of the inbox, run without a triggerer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.orchestration import inbox_trigger
from include.orchestration.inbox_trigger import InboxTrigger
from include.warehouse.engine import open_warehouse
from tests.support.marketplace.serving import receive

if TYPE_CHECKING:
    from sqlalchemy import Engine

pytestmark = pytest.mark.slow


def test_it_rings_when_an_event_is_stored_and_again_after_its_session_broke(
    airflow_connections: pytest.MonkeyPatch, warehouse: Engine
) -> None:
    airflow_connections.setattr(inbox_trigger, "PAUSE_SECONDS", 0.1)
    owner = open_warehouse(warehouse.url, role=None)

    def break_it() -> None:
        with owner.begin() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'akubill inbox'")
            )

    async def story() -> None:
        events = InboxTrigger().run()
        for _ in range(2):
            await asyncio.to_thread(receive, warehouse, action="releaseInstance", instanceId="1")
            async with asyncio.timeout(60):
                event = await anext(events)
            assert event.payload == {}
            await asyncio.to_thread(break_it)

    asyncio.run(story())
    owner.dispose()


def test_it_comes_back_from_the_metadata_database() -> None:
    path, arguments = InboxTrigger().serialize()
    assert path == f"{InboxTrigger.__module__}.{InboxTrigger.__qualname__}"
    assert InboxTrigger(**arguments).serialize() == (path, {})


def test_the_inbox_is_watched_by_it() -> None:
    from include.orchestration.inbox import INBOX

    [watcher] = INBOX.watchers
    assert watcher.trigger.serialize()[0] == "include.orchestration.inbox_trigger.InboxTrigger"
