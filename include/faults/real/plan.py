"""What goes wrong in a scenario in real processes: a seed decides which faults, in which step, and when.

The plan depends on the seed only; what a fault meets when it is injected depends on the machine.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from include.faults.real.proxy import DELAYED, TROUBLES
from include.faults.real.supervisor import SUPERVISED

#: The steps of a scenario, and how many seconds each usually takes.
STEPS = {"order": 20, "use": 8, "charge": 6, "release": 5}
OUTSIDE, INSIDE = "call to the outside", "call of the Marketplace"
KILL, TASK, TASKS_WORKER = "kill -9", "task", "worker of a task"
SECOND_SCHEDULER = "second scheduler"
CLEARED, TWICE, BACKFILLED = "tasks cleared", "run started twice", "hours backfilled"
FULL = "full disk"
#: Every fault that there is.
FAULTS = (
    *(f"{way}: {what}" for way in (OUTSIDE, INSIDE) for what in TROUBLES),
    *(f"{KILL}: {name}" for name in (TASK, TASKS_WORKER, *SUPERVISED)),
    SECOND_SCHEDULER,
    CLEARED,
    TWICE,
    BACKFILLED,
    FULL,
)
#: Where a fault has something to meet.
_WHERE = {INSIDE: ("order", "use", "release"), OUTSIDE: ("order", "order", "charge", "charge")}
#: How many faults a scenario has. Seven seeds in a row, from 1, 8 or 15 on, have every fault once.
_FAULTS_EACH = 3


class Injection(NamedTuple):
    """What goes wrong.

    Attributes:
        seed: that has it in its plan.
        step: of the scenario.
        after: so many seconds after its beginning.
        fault: one of FAULTS.
        times: how many requests it meets, for a call.
        seconds: how long it lasts.
    """

    seed: int
    step: str
    after: float
    fault: str
    times: int
    seconds: float


def plan(seed: int) -> list[Injection]:
    """What the seed says; nothing for seed 0."""
    if not seed:
        return []
    deck, place = divmod((seed - 1) * _FAULTS_EACH, len(FAULTS))
    faults = _dice("deck", deck).sample(FAULTS, len(FAULTS))[place : place + _FAULTS_EACH]
    dice = _dice("seed", seed)
    injections = [_draw(seed, dice, fault) for fault in faults]
    return sorted(injections, key=lambda injection: (list(STEPS).index(injection.step), injection.after))


def _dice(kind: str, number: int) -> random.Random:
    return random.Random(f"{kind} {number}")  # noqa: S311 - a plan must repeat, not be secret


def _draw(seed: int, dice: random.Random, fault: str) -> Injection:
    way, _, what = fault.partition(": ")
    step = dice.choice(_WHERE.get(way, tuple(STEPS)))
    if way in _WHERE:
        times = dice.randint(1, 2 if what == DELAYED else 4)
        return Injection(seed, step, 0.0, fault, times, round(dice.uniform(0.5, 6), 1))
    return Injection(seed, step, round(dice.uniform(0, STEPS[step]), 1), fault, 1, round(dice.uniform(0, 5), 1))
