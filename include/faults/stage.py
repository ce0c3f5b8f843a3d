"""Lets tasks run in turn: one at a time goes on, from one border to the next, and dice say which.

A border is where a task touches what others see: before and after a transaction's end, before and after a call. Each
task has a thread of its own, and only the one that holds the baton runs. A task that waits for a lock of another one
has its turn when it has the lock. So a scenario is a function of its seed.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psycopg

    from include.faults.plan import Plan

#: Only another task counts: what the database does by itself ends by itself.
_IS_BLOCKED = """
SELECT EXISTS (SELECT FROM unnest(%s::int[]) AS session WHERE pg_blocking_pids(session) && %s::int[])
"""
#: After so long a task that has not come to a border is looked at: it may wait for a lock.
_LOOKS_AFTER_SECONDS = 0.004


class DiedError(BaseException):
    """The task's process is gone: nothing of it goes on, whatever it would have caught."""


@dataclass(eq=False, slots=True)
class Actor:
    """A task on the stage.

    Attributes:
        name: for the report.
        work: what it does.
        sessions: of the warehouse, that it has now.
        is_dead: it comes to nothing more.
        waits: for another one's lock.
        result: what the work gave.
        error: what ended it.
    """

    name: str
    work: Callable[[], object]
    sessions: list[psycopg.Connection] = field(default_factory=list)
    is_dead: bool = False
    waits: bool = False
    is_done: bool = False
    result: object = None
    error: BaseException | None = None
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    arrived: threading.Event = field(default_factory=threading.Event)

    def pids(self) -> list[int]:
        """The server's processes of its sessions."""
        return [session.info.backend_pid for session in list(self.sessions) if not session.closed]

    def die(self) -> None:
        """End its process: what it has not committed is gone, and its locks are free."""
        self.is_dead = True
        for session in self.sessions:
            session.rollback()
            session.execute("SELECT pg_advisory_unlock_all()")
            session.commit()


class Stage:
    """Where tasks run in turn. `watch` is a connection that sees who waits for whom."""

    def __init__(self, plan: Plan, watch: psycopg.Connection) -> None:
        self.plan, self._watch = plan, watch
        self.holder: Actor | None = None
        self._actors: list[Actor] = []

    def play(self, actors: Sequence[Actor]) -> None:
        """Run these until all have ended."""
        living = self._actors = list(actors)
        threads = [threading.Thread(target=self._perform, args=(actor,), daemon=True) for actor in living]
        for thread in threads:
            thread.start()
        while living:
            self._settle(living)
            ready = [actor for actor in living if not actor.waits]
            if ready:
                self._resume(self.plan.turn(ready), is_alone=len(living) == 1)
            else:
                time.sleep(_LOOKS_AFTER_SECONDS)  # a deadlock, which the database ends
            living = [actor for actor in living if not actor.is_done]
        for thread in threads:
            thread.join()
        self.holder = None

    def pause(self, actor: Actor | None) -> None:
        """Hand over, and go on when it is this one's turn again."""
        if actor is None:
            return
        actor.arrived.set()
        actor.go.acquire()

    def _perform(self, actor: Actor) -> None:
        actor.go.acquire()
        try:
            actor.result = actor.work()
        except BaseException as error:  # noqa: BLE001 (it is judged by who plays)
            actor.error = error
        actor.is_done = True
        actor.arrived.set()

    def _resume(self, actor: Actor, *, is_alone: bool) -> None:
        self.holder = actor
        actor.arrived.clear()
        actor.go.release()
        if is_alone:
            actor.arrived.wait()
            return
        patience = _LOOKS_AFTER_SECONDS
        while not actor.arrived.wait(patience):
            if self._is_blocked(actor):
                actor.waits = True
                return
            patience *= 2

    def _settle(self, living: list[Actor]) -> None:
        """Who got the lock that it waited for is at its border before anyone goes on."""
        for actor in living:
            while actor.waits:
                if actor.arrived.wait(_LOOKS_AFTER_SECONDS / 4):
                    actor.waits = False
                elif self._is_blocked(actor):
                    break

    def _is_blocked(self, actor: Actor) -> bool:
        others = [pid for other in self._actors if other is not actor for pid in other.pids()]
        row = self._watch.execute(_IS_BLOCKED, (actor.pids(), others)).fetchone()
        return bool(row and row[0])
