"""What really was: usage in AKU-seconds per hour, from the timelines alone.

Timelines change at whole seconds, so adding up the seconds of an hour is adding AKU × seconds between moments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from include.sandbox.records import KafkaInstance
from include.sandbox.timeline import BILLABLE_STATES, FOREVER

HOUR = 3600


def hourly_usage(instance: KafkaInstance, start: int, end: int) -> dict[int, int]:
    """AKU-seconds by the start of the UTC hour, of the part of [start, end) that the instance was billable in."""
    usage: dict[int, int] = defaultdict(int)
    moments = instance.timeline
    for index, (at, state, aku, _) in enumerate(moments):
        if state not in BILLABLE_STATES:
            continue
        until = moments[index + 1][0] if index + 1 < len(moments) else FOREVER
        second, last = max(at, start), min(until, end)
        while second < last:
            hour = second // HOUR * HOUR
            stop = min(hour + HOUR, last)
            usage[hour] += aku * (stop - second)
            second = stop
    return dict(usage)


def environment_usage(instances: Iterable[KafkaInstance], start: int, end: int) -> dict[int, int]:
    """The same, of several instances together."""
    total: dict[int, int] = defaultdict(int)
    for instance in instances:
        for hour, aku_seconds in hourly_usage(instance, start, end).items():
            total[hour] += aku_seconds
    return dict(total)
