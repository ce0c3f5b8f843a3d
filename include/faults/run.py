"""One seed: a scenario with its faults, and what those who judge say of it."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from include.faults import outside
from include.faults.accountant import account, taken
from include.faults.borders import watch_warehouse
from include.faults.checker import Checked, check
from include.faults.history import History
from include.faults.liveness import judge
from include.faults.pairs import play_pairs
from include.faults.plan import Dice, Plan, Script
from include.faults.scenario import Scenario
from include.faults.scene import open_copy, open_scene
from include.faults.stage import Stage
from include.faults.tasks import BEGINS, Tasks
from include.warehouse.embedded import start_server
from include.warehouse.server import stop

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import URL

    from include.faults.pairs import Pairs
    from include.faults.plan import Fault
    from include.faults.scene import Scene


class Result(NamedTuple):
    """What came of a scenario.

    Attributes:
        seed: it decided everything.
        faults: what went wrong.
        repeated: how many tasks were run twice at once.
        passed: how often each point had which outcome.
        history: JSON lines.
        checked: what the checker says of each kind of operation.
        bills: the issued ones, by id.
        failures: how tasks failed, in words; they were started again.
        problems: what must not be.
    """

    seed: int
    faults: list[Fault]
    repeated: int
    passed: dict[str, dict[str, int]]
    history: list[str]
    checked: dict[str, Checked]
    bills: Mapping[str, str]
    failures: list[str]
    problems: list[str]

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values; the same bytes for the same seed and the same code."""
        return {
            "seed": self.seed,
            "problems": self.problems,
            "repeated": self.repeated,
            "faults": [fault._asdict() for fault in self.faults],
            "checked": {name: each._asdict() for name, each in self.checked.items()},
            "bills": {bill_id: sha256(content.encode()).hexdigest() for bill_id, content in self.bills.items()},
            "failures": self.failures,
            "points": self.passed,
            "history": [json.loads(line) for line in self.history],
        }


class Scenarios:
    """Plays scenarios on one scene, each compared with the one in which nothing goes wrong."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.undisturbed = play(scene, Plan())

    def seed(self, seed: int, forced: dict[tuple[str, int], str] | None = None) -> Result:
        """The scenario of a seed, with outcomes that are chosen."""
        plan = Dice(seed, self._points)
        plan.forced = forced or {}
        return play(self._scene, plan, self.undisturbed, seed)

    def script(self, outcomes: dict[tuple[str, int], str], repeated: Collection[str] = ()) -> Result:
        """A scenario in which chosen things go wrong."""
        return play(self._scene, Script(outcomes, repeated), self.undisturbed)

    def pairs(self, task: str, at: datetime) -> Pairs:
        """Two attempts of a task at once, in every order."""
        return play_pairs(self._scene, task, at)

    @property
    def _points(self) -> int:
        return sum(sum(counts.values()) for counts in self.undisturbed.passed.values())


@contextmanager
def open_scenarios(server: URL | None = None) -> Iterator[Scenarios]:
    """What plays scenarios, on that PostgreSQL server, or on one of its own."""
    with tempfile.TemporaryDirectory(prefix="akubill-faults-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)  # the server may run as another user than root
        data = Path(name) / "postgres"
        try:
            with open_scene(server or start_server(data)) as scene:
                yield Scenarios(scene)
        finally:
            if server is None:
                stop(data)


def play(scene: Scene, plan: Plan, undisturbed: Result | None = None, seed: int = 0) -> Result:
    """Play the scenario of a plan, and judge it."""
    with open_copy(scene, BEGINS) as (warehouse, clock, watch):
        history, stage = History(clock.now), Stage(plan, watch)
        watch_warehouse(warehouse, stage)
        scenario = Scenario(Tasks(scene, warehouse, clock, history, plan), stage, watch)
        outside.order(scene.sandbox.world, scene.address)
        scene.door.stage = stage
        try:
            scenario.play()
        finally:
            scene.door.stage = None
        passed = {point: dict(counts) for point, counts in sorted(plan.passed.items())}
        world, lines = scene.sandbox.world, history.lines()
        truth, book = outside.truth(world, clock.now()), outside.book(world)
        checked = {name: check(lines, name, there) for name, there in taken(watch, book).items()}
        found = account(watch, truth, book, undisturbed.bills if undisturbed else None)
        problems = [problem for name, each in checked.items() for problem in each.problems(name)]
        problems += [*found.problems, *scenario.issued.problems, *judge(watch)]
        return Result(
            seed, plan.faults, plan.repeated, passed, lines, checked, found.bills, scenario.failures, problems
        )
