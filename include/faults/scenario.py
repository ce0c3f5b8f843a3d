"""A month, from the order to the last reconciled bill, and when each task of it is due.

The month is short: a subscription that began two days before its end, metered live in its last hours, and released half
an hour into the next one. A task that ends badly is started again, as Airflow would, at the next five minutes.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from include.domain.errors import FatalError
from include.faults import outside
from include.faults.accountant import Issued
from include.faults.liveness import states
from include.faults.stage import Actor, Stage
from include.faults.tasks import BEGINS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    import psycopg

    from include.faults.tasks import Tasks

RETRY = timedelta(minutes=5)
#: So often it is started again before the next task is due.
TRIES = 12
#: What runs by itself when all is over.
HEALING = ("close_hours", "push", "resolve", "close_period", "reconcile")
#: What happens at the Marketplace in which hour.
EVENTS = {
    13: ("renewInstance", {"orderId": "renewal-1", "expiredOn": "2036-01-01 00:00:00"}),
    14: ("upgradeInstance", {"orderId": "upgrade-1", "skuId": "larger"}),
}


#: What is started when the warehouse has something for it.
_STARTS = {
    "apply": "SELECT 1 FROM marketplace.inbox WHERE state = 'received'",
    "start_onboarding": "SELECT 1 FROM marketplace.instances WHERE onboarding_run IS NULL AND state = 'active'",
}


class Due(NamedTuple):
    """Tasks that are due at an instant, and what happens at the Marketplace before them."""

    at: datetime
    names: list[str]
    happens: tuple[str, dict[str, str]] | None = None


def calendar() -> Iterator[Due]:
    """The scenario's tasks, in order of time."""
    day = BEGINS.replace(hour=0)

    def at(hour: int, minute: int) -> datetime:
        return day + timedelta(hours=hour, minutes=minute)

    yield Due(at(12, 0), ["publish"])
    for minute in (10, 20, 30, 40):
        yield Due(at(12, minute), ["poll"])
    yield Due(at(12, 50), ["poll", "import_history"])
    for hour in (13, 14, 15, 16):
        yield Due(at(hour, 0), ["poll"])
        yield Due(at(hour, 10), ["poll", "close_hours", "push"])
        yield Due(at(hour, 20), ["poll", "push"], EVENTS.get(hour))
        yield Due(at(hour, 30), ["poll", "push"])
        yield Due(at(hour, 40), ["poll"])
        yield Due(at(hour, 50), ["poll", "push"])
    yield Due(at(16, 55), [], ("releaseInstance", {"isRefund": "false"}))
    yield Due(at(17, 10), ["close_hours", "push"])
    yield Due(at(17, 30), ["push"])
    yield Due(at(22, 0), ["close_period"])
    yield Due(at(24, 1), ["waive_gaps"])
    yield Due(at(24, 2 * 60), ["close_period"])
    yield Due(at(24 * 2, 0), ["import_late"])
    yield Due(at(24 * 4 + 6, 0), ["reconcile", "push"])
    yield Due(at(24 * 5 + 6, 0), ["reconcile", "resolve"])
    yield Due(at(24 * 30 + 22, 0), ["close_period"])
    yield Due(at(24 * 34 + 6, 0), ["reconcile", "resolve"])


class Scenario:
    """Plays the tasks on a stage."""

    def __init__(self, tasks: Tasks, stage: Stage, watch: psycopg.Connection) -> None:
        self._tasks, self._stage, self._watch = tasks, stage, watch
        self.issued = Issued()
        self.failures: list[str] = []

    def play(self) -> None:
        """The whole scenario; then nothing goes wrong any more, and it goes on until nothing changes."""
        waiting = self.play_until(None)
        self._stage.plan.calm()
        self._heal(waiting)

    def play_until(self, end: datetime | None) -> list[str]:
        """The scenario up to what is due then; what is to be started again."""
        waiting: list[str] = []
        days = [due for due in calendar() if end is None or due.at < end]
        for number, due in enumerate(days):
            self._tasks.clock.set(due.at)
            if due.happens:
                outside.happen(self._tasks.scene.sandbox.world, *due.happens)
            waiting = self.together([*due.names, *waiting])
            until = days[number + 1].at if number + 1 < len(days) else due.at + timedelta(hours=1)
            tries = 0
            while self._tasks.clock.now() + RETRY < until and (tries := tries + 1) <= TRIES:
                if not waiting and not self._asked():
                    break
                self._tasks.clock.set(self._tasks.clock.now() + RETRY)
                waiting = self.together(waiting)
        return waiting

    def _heal(self, waiting: list[str]) -> None:
        """All that runs by itself runs, until nothing changes."""
        before = None
        for _ in range(TRIES):
            self._tasks.clock.set(self._tasks.clock.now() + timedelta(hours=1))
            waiting = self.together([*HEALING, *waiting])
            after = states(self._watch)
            if after == before and not waiting:
                return
            before = after
        self.failures.append("It does not come to rest.")

    def together(self, names: Iterable[str]) -> list[str]:
        """Run tasks at once, some of them twice; those that are to be started again."""
        tasks = self._stage.plan.order(list(dict.fromkeys([*names, *self._asked()])))
        processes = [(name, name) for name in tasks]
        processes += [(name, f"{name} again") for name in tasks if self._stage.plan.is_repeated(name)]
        self._stage.plan.repeated += len(processes) - len(tasks)
        actors = {process: Actor(process, partial(getattr(self._tasks, name), process)) for name, process in processes}
        self._stage.play(list(actors.values()))
        for process, actor in actors.items():
            self._note(process, actor)
        self.issued.look(self._watch)
        return [name for name in tasks if is_unfinished(actors[name])]

    def _note(self, process: str, actor: Actor) -> None:
        if actor.error is not None and not actor.is_dead:
            at = f"{self._tasks.clock.now():%m-%d %H:%M}"
            self.failures.append(f"{at} {process}: {type(actor.error).__name__}: {actor.error}")

    def _asked(self) -> list[str]:
        """What is started by what has happened, and not by the calendar."""
        asked = ["deliver"] if self._tasks.scene.sandbox.caller.due() else []
        asked += [name for name, query in _STARTS.items() if self._watch.execute(query).fetchone()]
        return asked + (["onboard"] if self._tasks.runs else [])


def is_unfinished(actor: Actor) -> bool:
    """Whether Airflow would start it again: it died, or failed for now."""
    return actor.is_dead or (actor.error is not None and not isinstance(actor.error, FatalError))
