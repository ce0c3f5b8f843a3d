"""A client of Airflow's REST API: what an operator's script would use."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed
from tenacity.nap import sleep_using_event

from include.domain.errors import AkubillError, ConfigurationError, RetriableError
from include.local.interrupts import INTERRUPTED, pause

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_P = ParamSpec("_P")
_R = TypeVar("_R")
#: Who says in a task's log why it failed.
LOGGER = "include.orchestration.errors"
_ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}


def retried(error: type[Exception], seconds: float, every: float = 1) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Tries a call again after that error, or after one of the network; callers check for Ctrl-C first, by pause(0)."""
    return retry(
        retry=retry_if_exception_type((error, httpx.TransportError)),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(every),
        sleep=sleep_using_event(INTERRUPTED),
        reraise=True,
    )


#: For what is only asked.
_with_retries = retried(RetriableError, 180)


@dataclass(frozen=True, slots=True)
class Run:
    """One DAG run."""

    dag_id: str
    run_id: str

    @property
    def path(self) -> str:
        """Its place in the API, and in the UI."""
        return f"/dags/{self.dag_id}/runs/{self.run_id}"


class AirflowApi:
    """One user's session with the API."""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        """Log in."""
        self._client = httpx.Client(base_url=base_url, timeout=30, trust_env=False)
        answer = self._client.post("/auth/token", json={"username": username, "password": password})
        if not answer.is_success:
            raise ConfigurationError(f"Airflow refused the login of {username} ({answer.status_code}). `make doctor`.")
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def put_connection(self, connection_id: str, **fields: object) -> None:
        """Create the connection, or change it to be like this."""
        body = {"connection_id": connection_id, **fields}
        answer = self._client.post("/api/v2/connections", json=body)
        if answer.status_code == httpx.codes.CONFLICT:
            answer = self._client.patch(f"/api/v2/connections/{connection_id}", json=body)
        _require(answer, f"the connection {connection_id}")

    def trigger(self, dag_id: str, conf: Mapping[str, object], **fields: object) -> Run:
        """Start a run by hand; waits for a DAG that was not parsed yet."""
        self.wait_for_dag(dag_id)
        body = {"logical_date": None, "conf": conf, **fields}
        answer = self._client.post(f"/api/v2/dags/{dag_id}/dagRuns", json=body)
        _require(answer, f"the DAG {dag_id}")
        return Run(dag_id, answer.json()["dag_run_id"])

    def unpause(self, dag_id: str) -> None:
        """Let the DAG run on its schedule."""
        self.wait_for_dag(dag_id)
        _require(self._client.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": False}), f"the DAG {dag_id}")

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """The last hundred runs of a DAG, newest first."""
        return list(self._get(f"/api/v2/dags/{dag_id}/dagRuns?limit=100&order_by=-run_after")["dag_runs"])

    @_with_retries
    def wait_for_dag(self, dag_id: str) -> None:
        """Wait until Airflow knows the DAG; after a start it takes a moment to parse it."""
        pause(0)
        if self._client.get(f"/api/v2/dags/{dag_id}").status_code == httpx.codes.NOT_FOUND:
            raise RetriableError(f"Airflow does not know the DAG {dag_id}; look for import errors in the UI.")

    def follow(self, run: Run, tell: Callable[[str, str], None], timeout_seconds: float = 600) -> str:
        """Wait until the run ends and return its state; `tell` hears of each task and state as it ends."""
        reported: set[str] = set()
        deadline = time.monotonic() + timeout_seconds
        while True:
            state = self._get(f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}")["state"]
            for task in self.tasks(run):
                name = f"{task['task_id']}" + (f"[{task['map_index']}]" if task["map_index"] >= 0 else "")
                if task["state"] in _ENDED and name not in reported:
                    reported.add(name)
                    tell(name, task["state"])
            if state in {"success", "failed"}:
                return str(state)
            if time.monotonic() > deadline:
                raise RetriableError(f"{run.dag_id} ({run.run_id}) is still {state} after {timeout_seconds:.0f} s.")
            pause(1.5)

    def tasks(self, run: Run) -> list[dict[str, Any]]:
        """The run's task instances."""
        found = self._get(f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances?limit=200")
        return list(found["task_instances"])

    def note(self, run: Run) -> str:
        """The run's note; empty if it has none."""
        return str(self._get(f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}")["note"] or "")

    def result(self, run: Run, task_id: str) -> Any:  # noqa: ANN401 (whatever the task returned)
        """What a task returned."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        return self._get(path)["value"]

    def errors(self, run: Run, task_id: str, attempt: int = 1) -> list[str]:
        """The errors in a task's log: our sentences, and what other exceptions say."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}/logs/{attempt}"
        lines = [line for line in self._get(path)["content"] if isinstance(line, dict)]
        said = [str(line["event"]) for line in lines if line.get("logger") == LOGGER]
        return said + [str(detail["exc_value"]) for line in lines for detail in line.get("error_detail") or []]

    @_with_retries
    def _get(self, path: str) -> dict[str, Any]:
        """What it answers; on a busy machine it may not answer at once."""
        pause(0)
        answer = self._client.get(path, headers={"Accept": "application/json"})
        if answer.is_server_error:
            raise RetriableError(f"Airflow answered {answer.status_code} for {path}: {answer.text[:500]}")
        _require(answer, path)
        return dict(answer.json())


def _require(answer: httpx.Response, what: str) -> None:
    if not answer.is_success:
        raise AkubillError(f"Airflow answered {answer.status_code} for {what}: {answer.text[:500]}")
