"""Many callbacks, shuffled between subscriptions and repeated by clients at once: the states are those of a clean pass.

Meanwhile they are applied, and the database is restarted.

`AKUBILL_CALLBACKS=10000 pytest tests/marketplace/test_many_callbacks.py` is the long form.
"""

from __future__ import annotations

import asyncio
import os
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from include.marketplace.inbox.apply import apply_events
from include.onboarding.following import follow_marketplace
from include.warehouse import server
from include.warehouse.embedded import LASTING, start_server
from include.warehouse.engine import open_warehouse
from include.warehouse.migrate import migrate
from tests.support.builders import rows
from tests.support.marketplace.callbacks import StateMachine, signed
from tests.support.marketplace.serving import ADDRESS, serving

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL, Engine

CALLBACKS = int(os.environ.get("AKUBILL_CALLBACKS", "120"))
CLIENTS = 32 if CALLBACKS >= 1000 else 8
MOST_REPETITIONS = 20 if CALLBACKS >= 1000 else 5
EVENTS_OF_ONE = 12
PAST, FUTURE = "2026-01-10 12:20:00", "2036-01-01 00:00:00"
ACTIONS = ("renewInstance", "expiredInstance", "resumeInstance", "upgradeInstance", "refundRenewInstance", "orderPay")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0 if CALLBACKS >= 1000 else 900)]


def life(dice: random.Random, name: str) -> list[dict[str, str]]:
    """The events of one subscription, in their order."""
    made = [{"action": "createInstance", "orderBizId": name, "orderId": f"{name}-0", "skuId": "s-0", "expiredOn": PAST}]
    for number in range(1, EVENTS_OF_ONE):
        event = {"action": dice.choice(ACTIONS), "instanceId": name, "orderId": f"{name}-{number}"}
        made.append(event | {"skuId": f"s-{number}", "expiredOn": dice.choice((PAST, FUTURE))})
    if dice.random() < 0.3:
        made.append({"action": "releaseInstance", "instanceId": name})
    return made


async def deliver(url: str, lives: list[list[dict[str, str]]], dice: random.Random, half_done: asyncio.Event) -> None:
    """Send each life in its order, each event by several clients at once, until every one of them was answered."""
    sent = 0
    # A queue of thousands in httpx's own pool would cost more than the service does.
    turn = asyncio.Semaphore(CLIENTS)
    async with httpx.AsyncClient(
        base_url=url, trust_env=False, timeout=60, limits=httpx.Limits(max_connections=CLIENTS)
    ) as client:

        async def until_taken(query: str) -> None:
            while True:
                try:
                    async with turn:
                        answer = await client.get(f"{ADDRESS}?{query}")
                except httpx.TransportError:  # not answered: called again, as the Marketplace does
                    continue
                if answer.status_code == 200:
                    return
                assert answer.status_code == 503, answer.text
                await asyncio.sleep(0.2)

        async def live(events: list[dict[str, str]]) -> None:
            nonlocal sent
            for event in events:
                copies = dice.randint(1, MOST_REPETITIONS)
                await asyncio.gather(*(until_taken(signed(**event)) for _ in range(copies)))
                sent += 1
                if sent >= CALLBACKS // 2:
                    half_done.set()

        await asyncio.gather(*(live(events) for events in lives))


def clean_pass(lives: list[list[dict[str, str]]], at: datetime) -> list[dict[str, Any]]:
    """What one delivery of each event makes of the subscriptions, by the independent state machine."""
    machine = StateMachine()
    for events in lives:
        for event in events:
            given: dict[str, Any] = {"orderId": "", **event}
            if "expiredOn" in event:
                local = datetime.fromisoformat(f"{event['expiredOn']}+08:00")
                given["expiredOn"] = local.astimezone(UTC)
            machine.receive(at, given)
    return machine.printed()


def applied(warehouse: Engine) -> list[dict[str, Any]]:
    query = """
        SELECT instance_id, order_id, sku_id, state, to_char(expires_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        FROM marketplace.instances ORDER BY instance_id
    """
    names = ("marketplace_instance_id", "order_id", "sku_id", "state", "expires_at")
    return [dict(zip(names, row, strict=True)) for row in rows(warehouse, query)]


def apply(warehouse: Engine) -> int:
    try:
        return sum(apply_events(warehouse, follow_marketplace, datetime.now(UTC))[:3])
    except OperationalError:  # the database is being restarted
        return 0


async def story(folder: Path, url: URL, warehouse: Engine, lives: list[list[dict[str, str]]]) -> None:
    half_done, done = asyncio.Event(), asyncio.Event()

    async def apply_meanwhile() -> None:
        while not done.is_set():
            await asyncio.to_thread(apply, warehouse)
            await asyncio.sleep(0.05)

    async def restart() -> None:
        await half_done.wait()
        await asyncio.to_thread(server.stop, folder)
        await asyncio.to_thread(server.start, folder, LASTING)

    with serving(url) as callbacks:
        applying, restarting = asyncio.create_task(apply_meanwhile()), asyncio.create_task(restart())
        await deliver(str(callbacks.client.base_url), lives, random.Random(7), half_done)
        await restarting
        done.set()
        await applying


def test_the_states_are_those_of_one_clean_pass(server_folder: Path) -> None:
    dice = random.Random(20261127)
    lives = [life(dice, f"mp-{number}") for number in range(max(2, CALLBACKS // EVENTS_OF_ONE))]
    url = start_server(server_folder, keep_running=True)
    owner = open_warehouse(url, role=None)
    migrate(owner)
    warehouse = open_warehouse(url)
    try:
        asyncio.run(story(server_folder, url, warehouse, lives))
        while apply(warehouse):
            pass
        assert rows(warehouse, "SELECT count(*) FROM marketplace.inbox WHERE state = 'received'") == [(0,)]
        assert applied(warehouse) == clean_pass(lives, datetime.now(UTC))
    finally:
        owner.dispose()
        warehouse.dispose()
        server.stop(server_folder)
