"""Polling 10,000 consoles in one shard's run, against a bare asyncio loop.

Both ask the same sandbox (a process of its own, which verifies every signature) with as many askers, each with an HTTP
client and a connection of its own, and the same signature. Ours also decrypts secrets, judges every instance, and
stores polls and readings.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from cryptography.fernet import Fernet
from pydantic import SecretStr

from benchmarks.measuring import Ratio, empty_warehouse, enter_consoles, enter_subscriptions, in_turns, rate
from include.automq.signature import canonical_query, sign
from include.automq.transport import INSTANCES
from include.metering.polling.collect import Pace, collect_shard
from include.warehouse.vault import Vault
from tests.support.sandbox import SandboxConsole, running_sandbox

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from sqlalchemy import Engine

SIZES = {"full": (10_000, 3), "small": (1_000, 3)}
INSTANCES_EACH = 2


def run(size: str) -> list[Ratio]:
    count, repetitions = SIZES[size]
    vault, pace = Vault(SecretStr(Fernet.generate_key().decode())), Pace()
    with (
        empty_warehouse() as warehouse,
        tempfile.TemporaryDirectory() as folder,
        running_sandbox(Path(folder)) as sandbox,
    ):
        consoles = sandbox.consoles(count, INSTANCES_EACH)
        enter_subscriptions(warehouse, len(consoles))
        enter_consoles(warehouse, vault, consoles)
        took = in_turns(
            repetitions,
            bare=lambda: asyncio.run(_ask_all(consoles, pace)),
            ours=lambda: _collect(warehouse, vault, pace, count),
        )
    note = f"{count / took['ours']:.0f} against {count / took['bare']:.0f} requests per second"
    return [rate(f"polling {count:,} consoles", took["ours"], took["bare"], "≥ 0.7", note)]


def _collect(warehouse: Engine, vault: Vault, pace: Pace, count: int) -> float:
    time.sleep(1.1)  # a second poll in the same second is the same poll
    start = time.perf_counter()
    done = collect_shard(warehouse, vault, 0, pace)
    took = time.perf_counter() - start
    assert (done.answered, done.failed) == (count, 0), done
    return took


async def _ask_all(consoles: list[SandboxConsole], pace: Pace) -> None:
    waiting, trust = iter(consoles), httpx.create_ssl_context()
    await asyncio.gather(*(_ask_some(waiting, pace, trust) for _ in range(pace.concurrency)))


async def _ask_some(consoles: Iterator[SandboxConsole], pace: Pace, trust: ssl.SSLContext) -> None:
    """One asker, with a client and a connection of its own as ours have."""
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(verify=trust, timeout=pace.step_seconds, limits=limits) as client:
        for console in consoles:
            await _ask(client, console)


async def _ask(client: httpx.AsyncClient, console: SandboxConsole) -> None:
    url = httpx.URL(console.console_url + INSTANCES)
    query = canonical_query({"page": "1", "size": "100"})
    headers = {
        "accept-language": "en",
        "content-type": "application/json",
        "host": url.netloc.decode(),
        "x-automq-environment-id": console.environment_id,
    }
    headers |= sign(
        access_key_id=console.access_key_id,
        secret=console.access_key_secret,
        method="GET",
        path=url.path,
        query=query,
        headers=headers,
        body=b"",
        at=datetime.now(UTC),
    )
    answer = await client.get(f"{url}?{query}", headers=headers)
    assert len(answer.json()["list"]) == INSTANCES_EACH
