"""The Marketplace's calls to its vendor (SPI): signed by its own token, and repeated until they are taken.

A call is taken by {"success": "true"}; createInstance by an instanceId that is not "0". Message callbacks are repeated
after 1, 1, 1, 5, 10, 10, 10, 60, 60, 120 and 240 minutes, createInstance every minute, 120 times; what was never taken
waits on the list of failed notifications. `spi_minute_seconds` says how long a minute is here.
https://help.aliyun.com/en/marketplace/orderpay, https://help.aliyun.com/document_detail/147280.html
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from typing import Any
from urllib.parse import urlencode

import httpx

from include.sandbox.records import Callback, Notification, ServiceInstance
from include.sandbox.world import World, new_id

_log = logging.getLogger(__name__)
CREATE = "createInstance"
_MINUTES = (1, 1, 1, 5, 10, 10, 10, 60, 60, 120, 240)
_CREATE_TRIES = 120
_ANSWER_SECONDS = 5
_LOOK_SECONDS = 0.1
_OK = 200
#: An answer is kept so far.
_LONGEST = 500


def token(parameters: dict[str, str], key: str) -> str:
    """MD5 over all parameters by name, and the vendor's key."""
    text = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()))
    return hashlib.md5(f"{text}&key={key}".encode()).hexdigest()  # noqa: S324 - the Marketplace's choice


def announce(world: World, instance: ServiceInstance) -> None:
    """Call createInstance for an order, where there is an address to call."""
    if not world.settings.spi_url:
        return
    ordered = {
        "aliUid": instance.account_id,
        "orderBizId": instance.order_biz_id,
        "orderId": instance.order_id,
        "productCode": world.settings.product_code,
        "skuId": instance.sku,
        "trial": "false",
    }
    enter(world, CREATE, ordered, instance.service_instance_id, instance.created_at)


def enter(world: World, action: str, parameters: dict[str, str], about: str, now: int) -> Callback:
    """Have a call made, as soon as may be."""
    callback = Callback(new_id("callback-", 16), action, {"action": action, **parameters}, about, now, float(now))
    world.keep(callback)
    return callback


def address(world: World, about: str) -> dict[str, str]:
    """How later calls name a service instance: by the id that the vendor answered to createInstance."""
    instance = world.service_instances[about]
    return {"instanceId": instance.vendor_instance_id or instance.order_biz_id}


class Caller:
    """Makes the calls that are due, one after the other, beside the server's own work."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Go on calling in the loop that runs; begun once."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def due(self) -> list[Callback]:
        """The calls that are to be made now, in their order."""
        due = [
            callback
            for callback in self._world.callbacks.values()
            if callback.state == "waiting" and callback.due_at <= self._world.clock()
        ]
        return sorted(due, key=lambda each: (each.due_at, each.created_at))

    async def _run(self) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=_ANSWER_SECONDS) as client:
            while True:
                for callback in self.due():
                    await self._call(client, callback)
                await asyncio.sleep(_LOOK_SECONDS)

    async def _call(self, client: httpx.AsyncClient, callback: Callback) -> None:
        settings = self._world.settings
        signed = {**callback.parameters, "token": token(callback.parameters, settings.spi_key)}
        try:
            answer = await client.get(f"{settings.spi_url}?{urlencode(signed)}")
            callback.status, callback.answer = answer.status_code, answer.text[:_LONGEST]
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            callback.status, callback.answer = 0, type(error).__name__
        self.conclude(callback)

    def conclude(self, callback: Callback) -> None:
        """Take a try's answer for what it is: the call is taken, made again later, or given up."""
        callback.tries += 1
        self._judge(callback)
        if callback.callback_id in self._world.callbacks:  # else the sandbox was reset meanwhile
            self._world.keep(callback)
            self._world.commit()

    def _judge(self, callback: Callback) -> None:
        said = _read(callback)
        if callback.action == CREATE and str(said.get("instanceId", "0")) not in {"0", ""}:
            callback.state = "taken"
            instance = self._world.service_instances.get(callback.about)
            if instance is not None:
                instance.vendor_instance_id = str(said["instanceId"])
                self._world.keep(instance)
        elif callback.action != CREATE and str(said.get("success")).lower() == "true":
            callback.state = "taken"
        else:
            self._put_off(callback)

    def _put_off(self, callback: Callback) -> None:
        ordered = self._world.service_instances.get(callback.about)
        is_gone = callback.action == CREATE and ordered is not None and ordered.deleted_at is not None
        waits = (1,) * _CREATE_TRIES if callback.action == CREATE else _MINUTES
        if callback.tries <= len(waits) and not is_gone:
            minutes = waits[callback.tries - 1]
            callback.due_at = self._world.clock() + minutes * self._world.settings.spi_minute_seconds
            return
        callback.state = "given_up"
        message = json.dumps({name: value for name, value in callback.parameters.items() if name != "action"})
        self._world.keep(Notification(new_id("", 32), callback.action, message, int(self._world.clock())))


def _read(callback: Callback) -> dict[str, Any]:
    if callback.status != _OK:
        return {}
    try:
        said = json.loads(callback.answer)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
