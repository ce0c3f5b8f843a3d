"""How each fault is done to the stack."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING

import httpx
import psutil

from include.domain.errors import AkubillError
from include.faults.real.healing import DAGS
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
from include.faults.real.proxy import Trouble
from include.faults.real.supervisor import POSTGRES, SECOND
from include.local import processes
from include.local.interrupts import pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from include.faults.history import History
    from include.faults.real.plan import Injection
    from include.faults.real.scene import Scene

#: What LocalExecutor calls its processes; one that is busy names its task's id.
_WORKER, _IDLE = "airflow worker -- LocalExecutor: ", "<idle>"
#: So long a task is waited for that could be killed.
_WAITS_SECONDS = 6.0
#: PostgreSQL's files may not grow beyond this when the disk is full: a file that grows gets an error, as from a disk.
_FULL_BYTES = 64 * 1024


class Injector:
    """Injects the faults of a plan into the stack, and writes down what it did."""

    def __init__(self, scene: Scene, history: History, plan: Sequence[Injection]) -> None:
        self._scene, self._history, self.plan = scene, history, plan
        self._done: list[tuple[str, bool | Trouble]] = []

    def injected(self) -> list[tuple[str, bool]]:
        """The faults, and whether each met something."""
        return [(fault, what.met > 0 if isinstance(what, Trouble) else what) for fault, what in self._done]

    @contextmanager
    def injecting(self, step: str) -> Iterator[Event]:
        """Inject a step's faults while the block runs; the event says that all of them are over."""
        over, injections = Event(), [injection for injection in self.plan if injection.step == step]
        thread = Thread(target=self._inject_all, args=(injections, over), daemon=True)
        thread.start()
        try:
            yield over
        finally:
            thread.join()

    def _inject_all(self, injections: Sequence[Injection], over: Event) -> None:
        began = time.monotonic()
        try:
            for injection in injections:
                pause(max(0.0, began + injection.after - time.monotonic()))
                self._inject(injection)
        except KeyboardInterrupt:
            pass  # who waits for the step hears of it, too
        finally:
            over.set()

    def _inject(self, injection: Injection) -> None:
        """A fault that found nothing to meet is written down as failed."""
        process, value = f"injection {injection.seed}-{len(self._done)}", injection._asdict()
        took_effect: bool | Trouble = False
        with self._history.operation(process, "injection", value) as learned:
            with suppress(AkubillError, httpx.HTTPError, psutil.Error):
                took_effect = self._do(injection)
            learned["type"] = "ok" if took_effect else "fail"
        self._done.append((injection.fault, took_effect))

    def _do(self, injection: Injection) -> bool | Trouble:
        way, _, what = injection.fault.partition(": ")
        if way in {OUTSIDE, INSIDE}:
            proxy = self._scene.outside if way == OUTSIDE else self._scene.inside
            return proxy.trouble(what, injection.times, injection.seconds)
        if way == KILL and what in {TASK, TASKS_WORKER}:
            return self._kill_task(is_worker=what == TASKS_WORKER)
        if way == KILL:
            return self._scene.supervisor.kill(what, injection.seconds)
        others: dict[str, Callable[[], bool]] = {
            SECOND_SCHEDULER: self._start_second_scheduler,
            CLEARED: partial(self._clear, injection),
            TWICE: partial(self._start_twice, injection),
            BACKFILLED: self._backfill,
            FULL: partial(self._fill_disk, injection.seconds),
        }
        return others[way]()

    def _kill_task(self, *, is_worker: bool) -> bool:
        """The process of a task, or the worker that watches over it: the task then goes on, an orphan."""
        deadline = time.monotonic() + _WAITS_SECONDS
        while time.monotonic() < deadline:
            for worker in _busy_workers(self._scene):
                with suppress(psutil.Error):
                    for victim in [worker] if is_worker else worker.children():
                        victim.kill()
                        return True
            pause(0.05)
        return False

    def _start_second_scheduler(self) -> bool:
        """Beside the first one, until the scenario is over or it is killed."""
        if self._scene.supervisor.find(SECOND) is not None:
            return False
        self._scene.supervisor.start(SECOND, "scheduler")
        return True

    def _clear(self, injection: Injection) -> bool:
        """All tasks of a run of this moment, whatever they are doing."""
        runs = self._scene.airflow.under_way(DAGS)
        if not runs:
            return False
        self._scene.airflow.clear(random.Random(str(injection)).choice(runs))  # noqa: S311
        return True

    def _start_twice(self, injection: Injection) -> bool:
        """The DAGs that sweep run once more, beside what runs already."""
        for dag_id in ("marketplace_inbox", "metering_push", "aku_readings"):
            self._scene.airflow.begin(dag_id, f"again-{injection.seed}-{injection.after}")
        return True

    def _backfill(self) -> bool:
        """The last hours are closed again."""
        end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self._scene.airflow.backfill("aku_metering", end - timedelta(hours=3), end)
        return True

    def _fill_disk(self, seconds: float) -> bool:
        """PostgreSQL's files stop growing for a while."""
        took_effect = self._limit_files(str(_FULL_BYTES))
        try:
            pause(1 + seconds)
        finally:
            self._limit_files("unlimited")
        return took_effect

    def _limit_files(self, size: str) -> bool:
        """As PostgreSQL's user, for only root with all its rights may limit other users' processes."""
        postmaster, program = self._scene.supervisor.find(POSTGRES), shutil.which("prlimit")
        if postmaster is None or program is None:
            return False
        with suppress(psutil.Error):
            user = {"user": postmaster.uids().real, "group": postmaster.gids().real} if os.geteuid() == 0 else {}
            for process in (postmaster, *postmaster.children()):
                command = [program, f"--pid={process.pid}", f"--fsize={size}:"]
                subprocess.run(command, check=False, capture_output=True, **user)  # type: ignore[call-overload] # noqa: S603
            return True
        return False


def _busy_workers(scene: Scene) -> list[psutil.Process]:
    found = []
    for process in processes.members(scene.running.settings.stack_id):
        with suppress(psutil.Error):
            title = process.cmdline()[0]
            if title.startswith(_WORKER) and _IDLE not in title:
                found.append(process)
    return found
