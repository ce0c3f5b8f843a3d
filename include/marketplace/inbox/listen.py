"""Learns within a second that there is something to apply: PostgreSQL's NOTIFY of the channel `marketplace_inbox`.

A notification is a doorbell and no delivery: what is to be done lies in the inbox, and a sweep looks there in any case.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg

from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import URL

#: Events that come together are applied together: after the first, the others have this long.
GATHER_SECONDS = 1.0
#: After so long a silence the session is tried, so that one that broke without a word is noticed.
PROBE_SECONDS = 60.0


async def listen(url: URL, gather: float = GATHER_SECONDS, probe: float = PROBE_SECONDS) -> AsyncIterator[None]:
    """Yield whenever something may wait in the inbox, and at once if something does.

    Raises:
        psycopg.Error: when the session cannot be had, or breaks; begin again then.
    """
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(
        address, autocommit=True, connect_timeout=10, application_name="akubill inbox"
    ) as session:
        await session.execute("LISTEN marketplace_inbox")
        if await _waits(session):
            yield
        while True:
            rung = False
            async for _ in session.notifies(timeout=probe, stop_after=1):
                rung = True
            if rung:
                await asyncio.sleep(gather)
                async for _ in session.notifies(timeout=0):
                    pass
                yield
            elif await _waits(session):
                yield


async def _waits(session: psycopg.AsyncConnection) -> bool:
    cursor = await session.execute(statement("marketplace/inbox/is_anything_waiting").text)
    row = await cursor.fetchone()
    return bool(row and row[0])
