"""What happens to a subscription at the Marketplace after its order: renewed, expired, resumed, upgraded, released.

Each event changes what the Marketplace says of the instance when it is asked, and the vendor is called.
https://help.aliyun.com/document_detail/58455.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from include.sandbox import callbacks
from include.sandbox.marketplace_bill import UTC8
from include.sandbox.records import Callback, ServiceInstance
from include.sandbox.world import World


class EventError(ValueError):
    """An event that does not say what it changes."""


def happen(world: World, instance: ServiceInstance, action: str, parameters: dict[str, str], now: int) -> Callback:
    """Let an event happen, and have the vendor called.

    Raises:
        EventError: there is no such event, or a parameter that it needs is missing or wrong.
    """
    _change(instance, action, parameters, now)
    world.keep(instance)
    named = callbacks.address(world, instance.service_instance_id)
    return callbacks.enter(world, action, named | parameters, instance.service_instance_id, now)


def _change(instance: ServiceInstance, action: str, parameters: Mapping[str, str], now: int) -> None:
    match action:
        case "renewInstance" | "refundRenewInstance":
            instance.ends_at, instance.market_status = _read_expiry(parameters), ""
        case "expiredInstance":
            instance.ends_at, instance.market_status = min(instance.ends_at or now, now), "EXPIRED"
        case "resumeInstance":
            instance.market_status = ""
        case "upgradeInstance":
            if not parameters.get("skuId"):
                raise EventError("skuId is missing.")
            instance.sku = parameters["skuId"]
        case "releaseInstance":
            instance.market_status, instance.released_at = "CLOSED", instance.released_at or now
        case _:
            raise EventError(f"Nothing is known of the event {action}.")


def _read_expiry(parameters: Mapping[str, str]) -> int:
    try:
        ends = datetime.strptime(parameters.get("expiredOn", ""), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC8)
    except ValueError:
        raise EventError("expiredOn must be a time of UTC+8 like 2027-10-01 00:00:00.") from None
    return int(ends.timestamp())
