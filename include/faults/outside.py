"""The buyer and the Marketplace in the sandbox: what happens there, and what really was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from include.sandbox import compute_nest, life, market_events
from include.sandbox.calls import Call
from include.sandbox.truth import hourly_usage

if TYPE_CHECKING:
    from include.sandbox.world import World

BUYER, VENDOR = "1700000000000017", "1600000000000016"
#: When the subscription began: 2026-10-30, Shanghai. The vendor hears of it a day and a half later.
BEGAN = datetime(2026, 10, 29, 16, tzinfo=UTC)
#: Where the Marketplace calls: the life makes the calls itself, and only has to be called at all.
SPI_URL = "http://vendor.example"


def _at(day: int, hour: int, minute: int = 0, second: int = 0) -> int:
    """A time of October 2026 in UTC, in seconds after the beginning."""
    return int((datetime(2026, 10, day, hour, minute, second, tzinfo=UTC) - BEGAN).total_seconds())


#: An instance that the first history file leaves out; the buyer finds it when October is billed.
FORGOTTEN = "forgotten"
#: What the buyer does. Two instances are gone before metering begins, so only its own records have them; the third one
#: is polled, and deleted so slowly that a poll sees when.
SCRIPT = (
    life.Event(at=0, instance="first", do="create", aku=6),
    life.Event(at=_at(30, 5), instance=FORGOTTEN, do="create", aku=3),
    life.Event(at=_at(30, 7), instance=FORGOTTEN, do="delete"),
    life.Event(at=_at(31, 11, 30), instance="first", do="delete"),
    life.Event(at=_at(31, 13, 2), instance="polled", do="create", aku=6),
    life.Event(at=_at(31, 13, 25, 30), instance="polled", do="resize", aku=9),
    life.Event(at=_at(31, 14, 41, 10), instance="polled", do="resize", aku=6),
    life.Event(at=_at(31, 15, 33, 20), instance="polled", do="resize", aku=12),
    life.Event(at=_at(31, 16, 20), instance="polled", do="delete", seconds=3600),
)


def order(world: World, address: str) -> None:
    """The buyer orders, and the Marketplace charges it by what the vendor pushes."""
    world.keep(replace(world.settings, metering_source="push", spi_url=SPI_URL, deploy_seconds=0))
    place = {"RegionId": "cn-hangzhou", "EnvironmentName": "orders", "VpcId": "vpc-orders"}
    asked = {
        "RegionId": compute_nest.API_REGIONS[0],
        "ServiceId": world.settings.service_id,
        "SpecificationCode": world.settings.sku_payg,
        "Name": "orders",
        "Parameters": json.dumps(place),
    }
    call = Call(world, world.accounts[BUYER], "CreateServiceInstance", asked, BEGAN.timestamp(), f"http://{address}")
    compute_nest.create_service_instance(call)
    [ordered] = world.service_instances.values()
    world.keep(*life.play(ordered.environment_id, life.LifePlan(since=BEGAN, script=list(SCRIPT)), int(world.clock())))
    world.commit()


def happen(world: World, action: str, parameters: dict[str, str]) -> None:
    """Something happens to the subscription at the Marketplace, which calls the vendor."""
    [ordered] = world.service_instances.values()
    market_events.happen(world, ordered, action, parameters, int(world.clock()))
    world.commit()


def truth(world: World, until: datetime) -> dict[tuple[str, str], int]:
    """AKU-seconds by instance and hour, up to an instant."""
    window = int(BEGAN.timestamp()), int(until.timestamp())
    return {
        (instance.instance_id, f"{datetime.fromtimestamp(hour, UTC):%Y-%m-%dT%H:%M:%SZ}"): used
        for instance in world.kafka_instances.values()
        for hour, used in hourly_usage(instance, *window).items()
    }


def instance_named(world: World, name: str) -> str:
    """The id of one of the buyer's instances."""
    return next(instance.instance_id for instance in world.kafka_instances.values() if instance.name == name)


def book(world: World) -> list[list[object]]:
    """Everything that the Marketplace took: instance, start (seconds since 1970) and quantity."""
    return sorted([push.marketplace_instance_id, push.start, push.value] for push in world.pushes.values())
