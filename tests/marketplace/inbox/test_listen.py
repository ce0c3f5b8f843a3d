"""The database notifies of a stored event, also of one that was there before listening began."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text

from include.marketplace.inbox.listen import listen
from include.warehouse.engine import open_warehouse
from tests.support.marketplace.serving import receive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Engine

#: Longer than any test takes: nothing here is found by probing.
NEVER = 600.0


def store(warehouse: Engine) -> None:
    receive(warehouse, action="releaseInstance", instanceId="1")


async def next_notice(notices: AsyncIterator[None]) -> None:
    async with asyncio.timeout(60):
        await anext(notices)


def test_it_rings_for_what_waits_already_and_for_each_burst_once(warehouse: Engine) -> None:
    async def story() -> None:
        await asyncio.to_thread(store, warehouse)
        notices = listen(warehouse.url, gather=0.3, probe=NEVER)
        await next_notice(notices)
        for _ in range(3):
            notice = asyncio.create_task(next_notice(notices))
            for _ in range(5):
                await asyncio.to_thread(store, warehouse)
            await notice
        await notices.aclose()  # type: ignore[attr-defined]

    asyncio.run(story())


def test_it_rings_for_a_parked_event_that_is_tried_again(warehouse: Engine) -> None:
    def park_and_replay() -> None:
        with warehouse.begin() as connection:
            connection.execute(text("UPDATE marketplace.inbox SET state = 'parked', reason = 'failed'"))
        with warehouse.begin() as connection:
            connection.execute(text("UPDATE marketplace.inbox SET state = 'received', reason = NULL"))

    async def story() -> None:
        await asyncio.to_thread(store, warehouse)
        notices = listen(warehouse.url, gather=0, probe=NEVER)
        await next_notice(notices)
        notice = asyncio.create_task(next_notice(notices))
        await asyncio.sleep(0)
        await asyncio.to_thread(park_and_replay)
        await notice
        await notices.aclose()  # type: ignore[attr-defined]

    asyncio.run(story())


def test_an_event_whose_time_to_be_tried_again_has_come_is_found_by_probing(warehouse: Engine) -> None:
    store(warehouse)
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE marketplace.inbox SET next_try_at = clock_timestamp() + interval '1 second'"))

    async def story() -> None:
        notices = listen(warehouse.url, probe=0.2)
        await next_notice(notices)
        await notices.aclose()  # type: ignore[attr-defined]

    asyncio.run(story())


def test_a_session_that_breaks_is_the_callers_error(warehouse: Engine) -> None:
    owner = open_warehouse(warehouse.url, role=None)

    def break_it() -> None:
        with owner.begin() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'akubill inbox'")
            )

    async def story() -> None:
        await asyncio.to_thread(store, warehouse)
        notices = listen(warehouse.url, probe=NEVER)
        await next_notice(notices)
        notice = asyncio.create_task(next_notice(notices))
        await asyncio.sleep(0)
        await asyncio.to_thread(break_it)
        with pytest.raises(psycopg.Error):
            await notice

    asyncio.run(story())
    owner.dispose()
