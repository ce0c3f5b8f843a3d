"""Lives: what happens to the Kafka instances of an environment from some past moment on, and goes on happening.

A life is planned at once, up to a horizon in the future; the consoles then show whatever holds at the moment. Three
kinds: scripted events, sizes that follow real traffic, and random events from a seed.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from include.sandbox import timeline, traffic
from include.sandbox.records import KafkaInstance
from include.sandbox.world import new_id

HORIZON_SECONDS = 62 * 24 * 3600
_SIZES = (3, 4, 6, 8, 10, 12, 16, 20, 24, 32)
#: Share of random changes that are a deletion.
_DELETED = 0.005
Aku = Annotated[int, Field(ge=0, le=500)]


class LifeError(ValueError):
    """A plan that cannot be played."""


class _Plan(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Event(_Plan):
    """One scripted event: `at` is an instant, or seconds after `since`; `seconds` is how long the change takes."""

    at: AwareDatetime | Annotated[int, Field(ge=0)]
    instance: Annotated[str, Field(pattern=r"^[\w\-]{3,64}$")]
    do: Literal["create", "resize", "delete", "error", "recover", "touch"]
    aku: Aku | None = None
    seconds: Annotated[int, Field(ge=0)] = 0


class Traffic(_Plan):
    """Sizes that follow a file of traffic, scaled so that its busy end (99th percentile) is `peak_mib_per_second`."""

    file: str
    peak_mib_per_second: Annotated[float, Field(gt=0)] = 240.0
    instances: Annotated[int, Field(ge=1, le=50)] = 1
    change_seconds: Annotated[int, Field(ge=0)] = 60


class Random(_Plan):
    """Random creations, resizes and deletions; the same seed gives the same life."""

    seed: int
    instances: Annotated[int, Field(ge=1, le=1000)] = 3
    changes_per_day: Annotated[float, Field(gt=0, le=96)] = 4.0


class LifePlan(_Plan):
    """What shall be played; the kinds may be combined."""

    since: AwareDatetime
    script: list[Event] = []
    traffic: Traffic | list[Traffic] | None = None
    random: Random | None = None
    licence_aku: Annotated[int, Field(ge=0)] = 0
    auto_renew: bool = True


def play(environment_id: str, plan: LifePlan, now: int) -> list[KafkaInstance]:
    """The instances of a life, with their timelines.

    Raises:
        LifeError: an unknown traffic file, or a script that does not work out.
    """
    since, until = int(plan.since.timestamp()), now + HORIZON_SECONDS
    made = _scripted(environment_id, plan, since)
    traffics = plan.traffic if isinstance(plan.traffic, list) else [plan.traffic] if plan.traffic else []
    for flow in traffics:
        made += _following(environment_id, flow, since, until)
    if plan.random:
        made += _drawn(environment_id, plan.random, since, until)
    return made


def _new(environment_id: str, name: str, at: int, aku: int, seconds: int = 0) -> KafkaInstance:
    return KafkaInstance(new_id("kf-", 16), environment_id, name, timeline.creation(at, aku, seconds))


def _scripted(environment_id: str, plan: LifePlan, since: int) -> list[KafkaInstance]:
    living: dict[str, KafkaInstance] = {}
    made = []
    for event in plan.script:
        at = since + event.at if isinstance(event.at, int) else int(event.at.timestamp())
        if event.do == "create":
            if event.instance in living:
                raise LifeError(f"The script creates {event.instance} a second time.")
            living[event.instance] = _new(environment_id, event.instance, at, _aku_of(event), event.seconds)
            made.append(living[event.instance])
            continue
        instance = living.get(event.instance)
        if instance is None or instance.timeline[-1][0] > at:
            raise LifeError(
                f"The script's {event.do} of {event.instance} at {at} comes before its creation or out of order."
            )
        _apply(event, instance, at)
        if event.do == "delete":
            del living[event.instance]
    return made


def _apply(event: Event, instance: KafkaInstance, at: int) -> None:
    if event.do == "resize":
        timeline.resize(instance, at, _aku_of(event), event.seconds)
    elif event.do == "delete":
        timeline.delete(instance, at, event.seconds)
    else:
        timeline.touch(instance, at, "Error" if event.do == "error" else "Running")


def _aku_of(event: Event) -> int:
    if event.aku is None:
        raise LifeError(f"The script's {event.do} of {event.instance} needs aku.")
    return event.aku


def _following(environment_id: str, flow: Traffic, since: int, until: int) -> list[KafkaInstance]:
    try:
        sizes = traffic.sizes(flow.file, flow.peak_mib_per_second)
    except FileNotFoundError:
        raise LifeError(f"There is no traffic {flow.file}; there are {', '.join(traffic.names())}.") from None
    made = []
    for number in range(flow.instances):
        # Instances of one flow are the same traffic at other times of the fortnight.
        offset = number * len(sizes) // flow.instances
        steps = traffic.resizes(sizes, offset, (until - since) // traffic.STEP_SECONDS)
        instance = _new(environment_id, f"{flow.file.replace('_', '-')}-{number + 1}", since, steps[0][1])
        for step, aku in steps[1:]:
            timeline.resize(instance, since + step * traffic.STEP_SECONDS, aku, flow.change_seconds)
        made.append(instance)
    return made


def _drawn(environment_id: str, plan: Random, since: int, until: int) -> list[KafkaInstance]:
    dice = random.Random(plan.seed)  # noqa: S311 - a life must repeat, not be secret
    pause = timedelta(days=1).total_seconds() / plan.changes_per_day
    made = []
    for number in range(plan.instances):
        at = since + dice.randrange(int(pause))
        instance = _new(environment_id, f"random-{number + 1}", at, dice.choice(_SIZES), dice.randrange(0, 60))
        at = instance.timeline[-1][0]
        while (at := at + 120 + int(dice.expovariate(1 / pause))) < until:
            if dice.random() < _DELETED:
                timeline.delete(instance, at, dice.randrange(0, 60))
                break
            timeline.resize(instance, at, dice.choice(_SIZES), dice.randrange(0, 100))
        made.append(instance)
    return made
