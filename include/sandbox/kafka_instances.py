"""Kafka instances as a console shows them, and what can be done with them."""

from __future__ import annotations

import re
from typing import Any

from include.sandbox import timeline
from include.sandbox.calls import iso
from include.sandbox.errors import Refusal
from include.sandbox.records import Console, KafkaInstance
from include.sandbox.world import World, new_id

MIN_AKU, MAX_AKU = 3, 500
_NAME = re.compile(r"[\w\u4e00-\u9fff\-]{3,64}")
_LONGEST_DESCRIPTION = 128


def create(world: World, console: Console, wanted: dict[str, Any], now: int) -> KafkaInstance:
    """Begin to create an instance. Names need not be unique: asking twice makes two."""
    spec = _spec(wanted)
    aku = _aku(spec)
    if aku is None:
        raise Refusal(400, "InvalidParameter", "spec.reservedAku is required.")
    instance = KafkaInstance(
        instance_id=new_id("kf-", 16),
        environment_id=console.environment_id,
        name=_name(wanted.get("name")),
        timeline=timeline.creation(now, aku, world.settings.instance_create_seconds),
        description=_description(wanted.get("description", "")),
        version=str(wanted.get("version") or "5.0.0"),
        spec={name: value for name, value in spec.items() if name not in {"reservedAku", "currentAku"}},
    )
    world.keep(instance)
    return instance


def update(world: World, instance: KafkaInstance, wanted: dict[str, Any], now: int) -> None:
    """Rename, describe or begin to resize an instance; only while it is Running."""
    moment = timeline.moment_at(instance, now)
    if moment is None or moment.state != "Running":
        state = moment.state if moment else "gone"
        raise Refusal(409, "Instance.StateNotAllowed", f"The instance is {state}; it can be changed when Running.")
    aku = _aku(_spec(wanted))
    name = _name(wanted["name"]) if "name" in wanted else instance.name
    description = _description(wanted.get("description", instance.description))
    if aku is not None and aku != moment.reserved_aku:
        timeline.resize(instance, now, aku, world.settings.instance_change_seconds)
    elif (name, description) != (instance.name, instance.description):
        timeline.touch(instance, now, "Running")
    instance.name, instance.description = name, description
    world.keep(instance)


def delete(world: World, instance: KafkaInstance, now: int) -> None:
    """Begin to delete an instance; again is no error."""
    moment = timeline.moment_at(instance, now)
    if moment and moment.state != "Deleting":
        timeline.delete(instance, now, world.settings.instance_delete_seconds)
        world.keep(instance)


def describe(instance: KafkaInstance, now: int) -> dict[str, Any]:
    """What the console says of an instance that exists."""
    moment = timeline.moment_at(instance, now)
    if moment is None:
        raise ValueError(f"{instance.instance_id} does not exist at {now}.")
    load = moment.current_aku * 20 * 1024 * 1024
    return {
        "instanceId": instance.instance_id,
        "gmtCreate": iso(instance.timeline[0][0]),
        "gmtModified": iso(moment.at),
        "name": instance.name,
        "description": instance.description,
        "kafkaClusterId": instance.instance_id.removeprefix("kf-"),
        "deployProfile": "default",
        "version": instance.version,
        "state": moment.state,
        "tags": [],
        "statistics": {
            "topicCount": 12,
            "partitionCount": 96,
            "consumerGroupCount": 8,
            "bytesInPerSecond": load,
            "bytesOutPerSecond": load,
            "requestsInPerSecond": 800 * moment.current_aku,
            "storageSize": load * 3600,
        },
        "spec": {
            "pricingMode": "SubscriptionBased",
            "provider": "alicloud",
            "deployType": "IAAS",
            **instance.spec,
            "reservedAku": moment.reserved_aku,
            "currentAku": moment.current_aku,
        },
        "features": {"walMode": "EBSWAL"},
    }


def _spec(wanted: dict[str, Any]) -> dict[str, Any]:
    spec = wanted.get("spec", {})
    if not isinstance(spec, dict):
        raise Refusal(400, "InvalidParameter", "spec must be an object.")
    return spec


def _aku(spec: dict[str, Any]) -> int | None:
    aku = spec.get("reservedAku")
    if aku is None:
        return None
    if not isinstance(aku, int) or not MIN_AKU <= aku <= MAX_AKU:
        raise Refusal(400, "InvalidParameter", f"spec.reservedAku must be from {MIN_AKU} to {MAX_AKU}, not {aku!r}.")
    return aku


def _name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refusal(400, "InvalidParameter", f"name must be 3 to 64 letters, digits, _ or -, not {name!r}.")
    return name


def _description(description: object) -> str:
    if not isinstance(description, str) or len(description) > _LONGEST_DESCRIPTION:
        raise Refusal(400, "InvalidParameter", f"description must be at most {_LONGEST_DESCRIPTION} characters.")
    return description
