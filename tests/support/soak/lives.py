"""Random lives for the soak: clusters that are created, resized, touched, deleted and made again, and silent consoles.

A seed gives the same lives again. Times are seconds after the beginning.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIZES = (3, 4, 6, 8, 10, 12, 16, 24)
_MOST_INSTANCES = 3
_CHANGES = {"resize": 70, "touch": 8, "error": 4, "recover": 4, "delete": 14}
_SHARE_OF_OUTAGES = 0.15


class Outage(NamedTuple):
    """A console that does not answer from start until end."""

    environment_id: str
    start: float
    end: float


def draw_lives(seed: str, pause: int, until: int) -> list[dict[str, Any]]:
    """The script of one console, as POST /admin/consoles/{id}/life takes it.

    Args:
        seed: names the console's life.
        pause: seconds between two changes of a cluster, on average.
        until: when the script ends.
    """
    dice = random.Random(seed)
    return [
        event
        for number in range(dice.randint(1, _MOST_INSTANCES))
        for event in _draw_cluster(dice, f"cluster-{number + 1}", pause, until)
    ]


def _draw_cluster(dice: random.Random, name: str, pause: int, until: int) -> Iterator[dict[str, Any]]:
    at, lives = dice.randrange(pause), False
    while at < until:
        do = dice.choices(list(_CHANGES), list(_CHANGES.values()))[0] if lives else "create"
        event: dict[str, Any] = {"at": at, "instance": name, "do": do, "seconds": 0}
        if do in {"create", "resize", "delete"}:
            event["seconds"] = dice.randrange(max(1, pause // 4))
        if do in {"create", "resize"}:
            event["aku"] = dice.choice(_SIZES)
        yield event
        lives = do != "delete"
        at += event["seconds"] + 1 + int(dice.expovariate(1 / pause))


def draw_outages(environment_ids: list[str], seconds: float, tolerance: float) -> list[Outage]:
    """Some consoles fall silent once, most of them for longer than the tolerance."""
    dice = random.Random("outages")
    silent = dice.sample(environment_ids, round(len(environment_ids) * _SHARE_OF_OUTAGES))
    starts = [dice.uniform(0, seconds * 0.6) for _ in silent]
    return [
        Outage(name, start, start + dice.uniform(0.5, 2.5) * tolerance)
        for name, start in zip(silent, starts, strict=True)
    ]
