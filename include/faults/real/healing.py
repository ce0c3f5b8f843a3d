"""What an operator does while things go wrong, and how everything comes to rest once nothing does any more."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from include.faults.liveness import states
from include.local.airflow_api import Run
from include.local.interrupts import pause

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event

    from include.faults.real.scene import Scene

#: The DAGs of a scenario; they run on their schedules as well.
DAGS = (
    "marketplace_inbox",
    "subscription_onboarding",
    "usage_import",
    "metering_push",
    "metering_push_resolution",
    "billing_period_close",
    "aku_readings",
    "aku_metering",
)
#: What runs by itself when all is over.
_HEALING = ("marketplace_inbox", "metering_push", "metering_push_resolution", "billing_period_close")
_PATIENCE_SECONDS, _HEALING_SECONDS = 300.0, 300.0
_HELPS_AFTER_SECONDS, _SWEEPS_AFTER_SECONDS, _LOOKS_AFTER_SECONDS = 6.0, 30.0, 0.4


class StuckError(Exception):
    """Something that was waited for did not happen in time."""


class Operator:
    """Does what an operator would: triggers DAGs, clears tasks, waits until a stack has recovered."""

    def __init__(self, scene: Scene) -> None:
        self._scene, self._lock = scene, threading.Lock()
        self._helped_at = self._swept_at = 0.0

    def begin(self, dag_id: str, conf: Mapping[str, object] | None = None) -> Run:
        """Trigger a DAG."""
        return self._scene.airflow.begin(dag_id, f"by-hand-{time.time_ns()}", conf)

    def wait(self, over: Event | None, is_done: Callable[[], bool], otherwise: str) -> None:
        """Once all faults are over, what waits for its next try is done at once.

        Raises:
            StuckError: it does not come to its end.
        """
        began = time.monotonic()
        while not is_done():
            waited = time.monotonic() - began
            if (over is None or over.is_set()) and waited > _HELPS_AFTER_SECONDS:
                self._help_on(sweeps=over is not None)
            if waited > _PATIENCE_SECONDS:
                raise StuckError(f"{otherwise} after {_PATIENCE_SECONDS:.0f} s.")
            pause(_LOOKS_AFTER_SECONDS)

    def heal(self, period: str) -> None:
        """Nothing goes wrong any more; all that runs by itself runs, until nothing changes.

        Raises:
            StuckError: it does not come to rest.
        """
        self._scene.calm()
        deadline, before = time.monotonic() + _HEALING_SECONDS, None
        while True:
            self.wait(None, lambda: not self._scene.airflow.under_way(DAGS), "A run does not end")
            after = self._states()
            if after == before:
                return
            if time.monotonic() > deadline:
                raise StuckError(f"It does not come to rest: {after}.")
            before = after
            for dag_id in _HEALING:
                self.begin(dag_id, {"period": period} if dag_id == "billing_period_close" else {})

    def _help_on(self, *, sweeps: bool) -> None:
        """Have done at once what waits for its next try, again what failed of an onboarding, and sweep the inbox."""
        with self._lock:
            if time.monotonic() - self._helped_at < _HELPS_AFTER_SECONDS:
                return
            airflow = self._scene.airflow
            for task in airflow.tasks_in("up_for_retry"):
                airflow.clear(Run(task["dag_id"], task["dag_run_id"]), [task])
            for task in airflow.tasks_in("failed"):
                if task["dag_id"] == "subscription_onboarding":
                    airflow.clear(Run(task["dag_id"], task["dag_run_id"]), only_failed=True)
            self._helped_at = time.monotonic()
            if sweeps and self._helped_at - self._swept_at > _SWEEPS_AFTER_SECONDS:
                self.begin("marketplace_inbox")
                self._swept_at = self._helped_at

    def _states(self) -> list[tuple[Any, ...]]:
        with self._scene.session() as session:
            return states(session)
