"""Timelines of Kafka instances: what an instance was at an instant, and how it comes to change.

A moment is (at, state, current AKU, reserved AKU) and holds until the next one. Resizing takes effect, and is billed at
the new size, when the instance is Running again.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from include.sandbox.records import KafkaInstance, Settings

BILLABLE_STATES = frozenset({"Running", "Changing", "Error"})
FOREVER = 2**62


class Moment(NamedTuple):
    """What an instance is from `at` on."""

    at: int
    state: str
    current_aku: int
    reserved_aku: int


def index_at(instance: KafkaInstance, now: int) -> int:
    """Index of the moment that holds at an instant; -1 before its creation."""
    return bisect_right(instance.timeline, now, key=lambda moment: moment[0]) - 1


def moment_at(instance: KafkaInstance, now: int) -> Moment | None:
    """What the instance is at an instant; None before its creation and after its deletion."""
    index = index_at(instance, now)
    if index < 0:
        return None
    moment = Moment(*instance.timeline[index])
    return None if moment.state == "Deleted" else moment


def next_change(instance: KafkaInstance, now: int) -> int:
    """When it changes next."""
    index = index_at(instance, now) + 1
    return instance.timeline[index][0] if index < len(instance.timeline) else FOREVER


def creation(at: int, aku: int, seconds: int) -> list[tuple[int, str, int, int]]:
    """The timeline of an instance that is created at an instant and runs so many seconds later."""
    if seconds == 0:
        return [(at, "Running", aku, aku)]
    return [(at, "Creating", aku, aku), (at + seconds, "Running", aku, aku)]


def resize(instance: KafkaInstance, at: int, aku: int, seconds: int) -> None:
    """Let it change its size; what was planned after `at` is forgotten."""
    before = _cut(instance, at)
    if seconds:
        instance.timeline.append((at, "Changing", before.current_aku, aku))
    instance.timeline.append((at + seconds, "Running", aku, aku))


def touch(instance: KafkaInstance, at: int, state: str) -> None:
    """Let it change its state, or only its time of modification; what was planned after `at` is forgotten."""
    before = _cut(instance, at)
    instance.timeline.append((at, state, before.current_aku, before.reserved_aku))


def delete(instance: KafkaInstance, at: int, seconds: int) -> None:
    """Let it be deleted; it is listed as Deleting for so many seconds."""
    before = _cut(instance, at)
    if seconds:
        instance.timeline.append((at, "Deleting", before.current_aku, before.reserved_aku))
    instance.timeline.append((at + seconds, "Deleted", 0, 0))


def remove_all(instances: list[KafkaInstance], at: int, settings: Settings) -> list[KafkaInstance]:
    """Delete those of the instances that are not deleted yet at an instant, and return them."""
    living = [
        instance for instance in instances if instance.timeline[-1][1] != "Deleted" or instance.timeline[-1][0] > at
    ]
    for instance in living:
        if index_at(instance, at) < 0:
            instance.timeline[:] = [(at, "Deleted", 0, 0)]
        else:
            delete(instance, at, settings.instance_delete_seconds)
    return living


def _cut(instance: KafkaInstance, at: int) -> Moment:
    """Forget what comes after an instant; the moment that holds at it."""
    index = index_at(instance, at)
    if index < 0:
        raise ValueError(f"{instance.instance_id} does not exist yet at {at}.")
    del instance.timeline[index + 1 :]
    return Moment(*instance.timeline[index])
