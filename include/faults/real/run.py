"""One seed in real processes: a scenario with its faults, and what those who judge say of it."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.errors import AkubillError
from include.domain.periods import floor_to_hour
from include.faults.accountant import Issued, account, issued_bills, taken
from include.faults.checker import Checked, check
from include.faults.history import History
from include.faults.liveness import judge, states
from include.faults.real.healing import DAGS, Operator, StuckError
from include.faults.real.injections import Injector
from include.faults.real.plan import STEPS, plan
from include.faults.real.scenario import Scenario
from include.faults.real.scene import open_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import psycopg

    from include.faults.real.plan import Injection
    from include.faults.real.scene import Scene

#: So many scenarios are played at the same time, on two cores.
AT_ONCE = 3
#: Of what a scenario makes more.
_NEEDED = (("usage", "import"), ("bill", "issued"), ("event", "applied"), ("subscription", "released"))
_CHECKED = ("push", "callback", "issue")
#: The scenario without faults stays: it is metered for as long as the others are played.
_STAYS = {("subscription", "active"): 1, ("environment", "metered"): 1}
#: An hour is closed some minutes after its end.
_CLOSES_WITHIN = timedelta(hours=1)
_UNKNOWN = """
SELECT marketplace_instance_id, extract(epoch FROM window_start)::bigint FROM marketplace.push_records
WHERE outcome = 'unknown'
"""
_CLOSED_UNTIL = "SELECT max(hour_start) + interval '1 hour' FROM metering.environment_hours WHERE state = 'closed'"


class Result(NamedTuple):
    """What came of scenarios that were played at the same time.

    Attributes:
        seeds: they decided the plan.
        plan: what was to go wrong.
        injected: what did, and whether it met something.
        seconds: how long it took.
        history: JSON lines.
        checked: what the checker says of each kind of operation, of these scenarios and all before them.
        problems: what must not be.
    """

    seeds: tuple[int, ...]
    plan: list[Injection]
    injected: list[tuple[str, bool]]
    seconds: float
    history: list[str]
    checked: dict[str, Checked]
    problems: list[str]

    @property
    def name(self) -> str:
        """What they are called in words."""
        return f"seeds {self.seeds[0]} to {self.seeds[-1]}" if len(self.seeds) > 1 else f"seed {self.seeds[0]}"

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "seeds": self.seeds,
            "plan": [injection._asdict() for injection in self.plan],
            "injected": self.injected,
            "seconds": round(self.seconds, 1),
            "checked": {name: each._asdict() for name, each in self.checked.items()},
            "problems": self.problems,
            "history": [json.loads(line) for line in self.history],
        }


class Scenarios:
    """Plays scenarios on one stack. What was judged before is judged again each time, and may not have changed."""

    def __init__(self, scene: Scene, history: History) -> None:
        self.scene, self._history, self._operator = scene, history, Operator(scene)
        self._scenarios: list[Scenario] = []
        self._issued, self._known = Issued(), set[str]()
        for dag_id in DAGS:
            scene.airflow.unpause(dag_id)
        self.undisturbed = self.play((0,))

    def play(self, seeds: Sequence[int]) -> Result:
        """Play the scenarios of these seeds at the same time; in seed 0 nothing goes wrong."""
        began, first, before = time.monotonic(), len(self._history.entries), self._states()
        scenarios = [Scenario(self.scene, self._history, self._operator, seed) for seed in seeds]
        injectors = [Injector(self.scene, self._history, plan(seed)) for seed in seeds]
        with ThreadPoolExecutor(len(scenarios)) as pool:
            stuck = [said for said in pool.map(_play, scenarios, injectors) if said]
        self._scenarios += [scenario for scenario in scenarios if scenario.is_finished]
        if not self._scenarios:
            raise AkubillError(f"Nothing goes wrong, and yet: {' '.join(stuck)}")
        try:
            self._operator.heal(scenarios[0].period.name)
        except StuckError as error:
            stuck.append(str(error))
        lines = self._history.lines()
        with self.scene.session() as session:
            checked, problems = self._judge(session, lines, before, len(scenarios))
        news = [problem for problem in stuck + problems if problem not in self._known]
        self._known.update(news)
        planned = [injection for injector in injectors for injection in injector.plan]
        injected = [done for injector in injectors for done in injector.injected()]
        seconds = time.monotonic() - began
        return Result(tuple(seeds), planned, injected, seconds, lines[first:], checked, news)

    def _judge(
        self, session: psycopg.Connection, lines: list[str], before: list[tuple[Any, ...]], count: int
    ) -> tuple[dict[str, Checked], list[str]]:
        book = sorted(
            [push["marketplace_instance_id"], push["start"], push["value"]] for push in self.scene.sandbox.pushes()
        )
        there = taken(session, book)
        checked = {name: check(lines, name, there[name]) for name in _CHECKED}
        problems = [problem for name, each in checked.items() for problem in each.problems(name)]
        truth, late = self._truth(session)
        model = self._scenarios[0]
        found = account(session, truth, book, self._expected(session), model.period.window.end)
        self._issued.look(session)
        has = {(instance, start) for instance, start, _ in book}
        # Of a push that never arrived, the Marketplace's bill says so after three days.
        unknown = sum((instance, start) not in has for instance, start in session.execute(_UNKNOWN))
        needed = _NEEDED if len(self._scenarios) > 1 else _NEEDED[:-1]
        waiting = {**_STAYS, ("push", "unknown"): unknown}
        problems += [*late, *found.problems, *self._issued.problems, *judge(session, needed, before, waiting, count)]
        return checked, problems

    def _truth(self, session: psycopg.Connection) -> tuple[dict[tuple[str, str], int], list[str]]:
        """What was used in hours that are closed; and whether hours are closed at all."""
        [(until,)] = session.execute(_CLOSED_UNTIL).fetchall()
        until = max(until or self._scenarios[0].metered_from, self._scenarios[0].metered_from)
        due = floor_to_hour(datetime.now(UTC) - _CLOSES_WITHIN)
        late = [f"no hour from {until:%Y-%m-%dT%H:%MZ} on is closed"] if until < due else []
        usage = [row for scenario in self._scenarios for row in scenario.usage(max(until, scenario.metered_from))]
        return {(row["instance_id"], row["hour"]): row["aku_seconds"] for row in usage if row["aku_seconds"]}, late

    def _expected(self, session: psycopg.Connection) -> dict[str, str]:
        """Each scenario's bill as the scenario without faults has it, in its own names."""
        model = self._scenarios[0]
        content = issued_bills(session).get(model.bill_id, "{}")
        expected = {}
        for scenario in self._scenarios:
            mine = content
            for theirs, own in zip(model.names(), scenario.names(), strict=False):
                mine = mine.replace(theirs, own)
            expected[scenario.bill_id] = mine
        return expected

    def _states(self) -> list[tuple[Any, ...]]:
        with self.scene.session() as session:
            return states(session)


def _play(scenario: Scenario, injector: Injector) -> str:
    """Why it got stuck; nothing if it did not."""
    try:
        scenario.play(injector, list(STEPS) if scenario.seed else list(STEPS)[:-1])
    except StuckError as error:
        return f"seed {scenario.seed}: {error}"
    return ""


@contextmanager
def open_scenarios(say: Callable[[str], None]) -> Iterator[Scenarios]:
    """Plays scenarios, on a stack of its own; the one without faults comes first."""
    history = History(lambda: datetime.now(UTC))
    with open_scene(say, history) as scene:
        say("A scenario in which nothing goes wrong begins.")
        yield Scenarios(scene, history)
