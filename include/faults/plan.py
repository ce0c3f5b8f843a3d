"""What is decided in a scenario: whose turn it is, what is done twice, and what goes wrong where."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

T = TypeVar("T")
DONE = "done"
DIED_BEFORE, DIED_AFTER = "died before", "died after"
REFUSED, FAILED, LOST = "refused", "failed", "answer lost"
#: What may become of the end of a transaction, and of a call to the outside.
COMMIT = (DONE, DIED_BEFORE, DIED_AFTER)
CALL = (DONE, REFUSED, FAILED, DIED_BEFORE, LOST, DIED_AFTER)
#: And of an answer of ours.
ANSWER = (DONE, LOST)
#: How many faults a scenario has, on average.
_FAULTS = (1, 2, 4, 7, 12)
_REPEATED = 0.12


def outcomes_of(point: str) -> tuple[str, ...]:
    """What may become of a point."""
    return {"commit": COMMIT, "call": CALL, "answer": ANSWER}[point.partition(" ")[0]]


class Fault(NamedTuple):
    """What went wrong: the task, the point, how often the scenario had come to that point, and the outcome."""

    task: str
    point: str
    visit: int
    outcome: str


class Plan:
    """A scenario in which nothing goes wrong, and everything comes in its order.

    Attributes:
        faults: what went wrong so far.
        repeated: how many tasks were run twice at once.
        forced: outcomes by point and visit, whatever is drawn.
        passed: how often each point had which outcome.
    """

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.repeated = 0
        self.forced: dict[tuple[str, int], str] = {}
        self.passed: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def calm(self) -> None:
        """Nothing goes wrong from now on."""

    def turn(self, ready: Sequence[T]) -> T:
        """Who goes on."""
        return ready[0]

    def is_repeated(self, task: str) -> bool:  # noqa: ARG002 (of the others)
        """Whether a task is run twice at once, as where a worker is believed dead and is not."""
        return False

    def order(self, tasks: list[T]) -> list[T]:
        """The order in which tasks begin."""
        return tasks

    def outcome(self, task: str, point: str) -> str:
        """What becomes of it at a point."""
        drawn = self._decide(point)
        outcome = self.forced.get((point, self.passed[point].total() + 1), drawn)
        if outcome != DONE:
            self.faults.append(Fault(task, point, self.passed[point].total() + 1, outcome))
        self.passed[point][outcome] += 1
        return outcome

    def _decide(self, point: str) -> str:  # noqa: ARG002 (of the others)
        return DONE


class Dice(Plan):
    """A scenario that a seed decides, of one that passes so many points when nothing goes wrong."""

    def __init__(self, seed: int, points: int) -> None:
        super().__init__()
        self._dice = random.Random(f"faults {seed}")  # noqa: S311 - a scenario must repeat, not be secret
        self._chance = self._dice.choice(_FAULTS) / points
        self._is_calm = False

    def calm(self) -> None:
        """Nothing goes wrong from now on."""
        self._is_calm = True

    def turn(self, ready: Sequence[T]) -> T:
        """Anyone."""
        return self._dice.choice(ready) if len(ready) > 1 and not self._is_calm else ready[0]

    def is_repeated(self, task: str) -> bool:  # noqa: ARG002
        """Now and then."""
        return not self._is_calm and self._dice.random() < _REPEATED

    def order(self, tasks: list[T]) -> list[T]:
        """Any."""
        return tasks if self._is_calm else self._dice.sample(tasks, len(tasks))

    def _decide(self, point: str) -> str:
        if self._is_calm or self._dice.random() >= self._chance:
            return DONE
        return self._dice.choice(outcomes_of(point)[1:])


class Script(Plan):
    """A scenario in which chosen things go wrong: outcomes by point and visit, and tasks that are always run twice."""

    def __init__(self, outcomes: dict[tuple[str, int], str], repeated: Collection[str] = ()) -> None:
        super().__init__()
        self.forced, self._repeated = outcomes, repeated

    def is_repeated(self, task: str) -> bool:
        """Where it says so."""
        return task in self._repeated


class Turns(Plan):
    """One order of turns of all that there are, and which one comes next."""

    def __init__(self, path: Sequence[int] = ()) -> None:
        super().__init__()
        self._path, self._choices = list(path), list[tuple[int, int]]()

    def turn(self, ready: Sequence[T]) -> T:
        """The one that the path says; the first where it says nothing."""
        place = len(self._choices)
        chosen = self._path[place] if place < len(self._path) else 0
        self._choices.append((chosen, len(ready)))
        return ready[chosen]

    def next(self) -> list[int] | None:
        """The path of the next order; None after the last one."""
        choices = list(self._choices)
        while choices:
            chosen, among = choices.pop()
            if chosen + 1 < among:
                return [*(before for before, _ in choices), chosen + 1]
        return None
