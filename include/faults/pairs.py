"""Two attempts of the same window at once, in every order of their turns: what is left is what one attempt leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from include.faults import outside
from include.faults.accountant import left_of
from include.faults.borders import watch_warehouse
from include.faults.history import History
from include.faults.plan import Plan, Turns
from include.faults.scenario import Scenario
from include.faults.scene import keep, open_copy
from include.faults.stage import Actor, Stage
from include.faults.tasks import BEGINS, Tasks

if TYPE_CHECKING:
    from include.faults.scene import Moment, Scene


#: What is tried: tasks, and when in the scenario they have something to do.
WINDOWS = (
    ("push", datetime(2026, 10, 31, 14, 30, tzinfo=UTC)),
    ("close_hours", datetime(2026, 10, 31, 14, 10, tzinfo=UTC)),
    ("close_period", datetime(2026, 10, 31, 22, 0, tzinfo=UTC)),
)


class Pairs(NamedTuple):
    """In how many orders two attempts were played, and where they left something else than one attempt, in words."""

    task: str
    orders: int
    problems: list[str]


def play_pairs(scene: Scene, task: str, at: datetime) -> Pairs:
    """Play two attempts of a task that is due at an instant of the scenario in which nothing goes wrong."""
    moment = _live_until(scene, at)
    alone = _play(scene, moment, [task], Plan())
    orders, problems, path = 0, list[str](), list[int]()
    while True:
        turns = Turns(path)
        left = _play(scene, moment, [task, task], turns)
        orders += 1
        if left != alone:
            problems.append(f"{task} twice, in the order {path}, left {left}, and alone {alone}")
        following = turns.next()
        if following is None:
            return Pairs(task, orders, problems)
        path = following


def _live_until(scene: Scene, at: datetime) -> Moment:
    with open_copy(scene, BEGINS) as (warehouse, clock, watch):
        plan = Plan()
        stage = Stage(plan, watch)
        watch_warehouse(warehouse, stage)
        tasks = Tasks(scene, warehouse, clock, History(clock.now), plan)
        outside.order(scene.sandbox.world, scene.address)
        scene.door.stage = stage
        Scenario(tasks, stage, watch).play_until(at)
        scene.door.stage = None
    return keep(scene, at)


def _play(scene: Scene, moment: Moment, names: list[str], plan: Plan) -> str:
    """What is left of these attempts."""
    with open_copy(scene, moment.at, moment) as (warehouse, clock, watch):
        stage = Stage(plan, watch)
        watch_warehouse(warehouse, stage)
        tasks = Tasks(scene, warehouse, clock, History(clock.now), plan)
        actors = [
            Actor(f"{name} {number}", partial(getattr(tasks, name), f"{name} {number}"))
            for number, name in enumerate(names, 1)
        ]
        scene.door.stage = stage
        stage.play(actors)
        scene.door.stage = None
        return left_of(watch, outside.book(scene.sandbox.world))
