"""How each fault is done to the stack."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING

import psutil

from include.faults.real.plan import (
    BACKFILLED,
    CLEARED,
    FULL,
    INSIDE,
    KILL,
    OUTSIDE,
    SECOND_SCHEDULER,
    TASK,
    TASKS_WORKER,
    TWICE,
)
from include.faults.real.scene import POSTGRES, SECOND
from include.local import processes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.faults.history import History
    from include.faults.real.plan import Strike
    from include.faults.real.scene import Scene

#: What LocalExecutor calls its processes; one that is busy names its task's id.
_WORKER, _IDLE = "airflow worker -- LocalExecutor: ", "<idle>"
#: So long a task is waited for that could be killed.
_WAITS_SECONDS = 6.0
#: PostgreSQL's files may not grow beyond this when the disk is full: a file that grows gets an error, as from a disk.
_FULL_BYTES = 64 * 1024


class Striker:
    """Strikes at the stack, and writes down what it did."""

    def __init__(self, scene: Scene, history: History, seed: int) -> None:
        self._scene, self._history, self._seed = scene, history, seed
        self.done: list[tuple[str, bool]] = []

    @contextmanager
    def striking(self, strikes: Sequence[Strike]) -> Iterator[Event]:
        """Strike while the block runs; the event says that all of them have struck."""
        over = Event()
        thread = Thread(target=self._strike_all, args=(strikes, over), daemon=True)
        thread.start()
        yield over
        thread.join()

    def _strike_all(self, strikes: Sequence[Strike], over: Event) -> None:
        began = time.monotonic()
        try:
            for strike in strikes:
                time.sleep(max(0.0, began + strike.after - time.monotonic()))
                self._strike(strike)
        finally:
            over.set()

    def _strike(self, strike: Strike) -> None:
        """A fault that found nothing to meet is written down as failed."""
        process, value = f"strike {self._seed}-{len(self.done)}", strike._asdict()
        with self._history.operation(process, "strike", value) as learned:
            has_struck = self._do(strike)
            learned["type"] = "ok" if has_struck else "fail"
        self.done.append((strike.fault, has_struck))

    def _do(self, strike: Strike) -> bool:
        way, _, what = strike.fault.partition(": ")
        if way in {OUTSIDE, INSIDE}:
            proxy = self._scene.outside if way == OUTSIDE else self._scene.inside
            proxy.trouble(what, strike.times, strike.seconds)
            return True
        if way == KILL and what in {TASK, TASKS_WORKER}:
            return self._kill_task(is_worker=what == TASKS_WORKER)
        if way == KILL:
            return self._scene.supervisor.kill(what, strike.seconds)
        others = {
            SECOND_SCHEDULER: self._start_second_scheduler,
            CLEARED: self._clear,
            TWICE: self._start_twice,
            BACKFILLED: self._backfill,
            FULL: self._fill_disk,
        }
        return others[way](strike)

    def _kill_task(self, *, is_worker: bool) -> bool:
        """The process of a task, or the worker that watches over it: the task then goes on, an orphan."""
        deadline = time.monotonic() + _WAITS_SECONDS
        while time.monotonic() < deadline:
            for worker in _busy_workers(self._scene):
                with suppress(psutil.Error):
                    for victim in [worker] if is_worker else worker.children():
                        victim.kill()
                        return True
            time.sleep(0.05)
        return False

    def _start_second_scheduler(self, strike: Strike) -> bool:
        """Beside the first one, until the life is over or it is killed."""
        if self._scene.supervisor.find(SECOND) is not None:
            return False
        self._scene.supervisor.start(SECOND, "scheduler")
        return True

    def _clear(self, strike: Strike) -> bool:
        """All tasks of a run of this moment, whatever they are doing."""
        runs = self._scene.airflow.under_way()
        if not runs:
            return False
        self._scene.airflow.clear(random.Random(str(strike)).choice(runs))  # noqa: S311
        return True

    def _start_twice(self, strike: Strike) -> bool:
        """The DAGs that sweep run once more, beside what runs already."""
        for dag_id in ("marketplace_inbox", "metering_push", "aku_readings"):
            self._scene.airflow.begin(dag_id, f"again-{self._seed}-{strike.after}")
        return True

    def _backfill(self, strike: Strike) -> bool:
        """The last hours are closed again."""
        end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self._scene.airflow.backfill("aku_metering", end - timedelta(hours=3), end)
        return True

    def _fill_disk(self, strike: Strike) -> bool:
        """PostgreSQL's files stop growing for a while."""
        postmaster = self._scene.supervisor.find(POSTGRES)
        if postmaster is None:
            return False
        before = postmaster.rlimit(psutil.RLIMIT_FSIZE)
        for process in (postmaster, *postmaster.children()):
            with suppress(psutil.Error):
                process.rlimit(psutil.RLIMIT_FSIZE, (_FULL_BYTES, before[1]))
        time.sleep(1 + strike.seconds)
        postmaster = self._scene.supervisor.find(POSTGRES)
        for process in (postmaster, *postmaster.children()) if postmaster else ():
            with suppress(psutil.Error):
                process.rlimit(psutil.RLIMIT_FSIZE, before)
        return True


def _busy_workers(scene: Scene) -> list[psutil.Process]:
    found = []
    for process in processes.members(scene.running.settings.stack_id):
        with suppress(psutil.Error):
            title = process.cmdline()[0]
            if title.startswith(_WORKER) and _IDLE not in title:
                found.append(process)
    return found
