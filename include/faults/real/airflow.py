"""A client of Airflow's API that keeps asking while the server is down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from include.domain.errors import AkubillError
from include.local.airflow_api import AirflowApi, Run, retried
from include.local.interrupts import pause

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

_with_patience = retried(AkubillError, 90, every=0.5)
ENDED = {"success", "failed"}


class PatientApi(AirflowApi):
    """Asks again until it is answered; a run has the name that it was given, so it is started once."""

    @_with_patience
    def begin(self, dag_id: str, run_id: str, conf: Mapping[str, object] | None = None) -> Run:
        """Start a run, or find that it was started."""
        body = {"logical_date": None, "conf": conf or {}, "dag_run_id": run_id}
        self._do("POST", f"/dags/{dag_id}/dagRuns", body, httpx.codes.CONFLICT)
        return Run(dag_id, run_id)

    @_with_patience
    def state(self, run: Run) -> str:
        """How far it is."""
        return str(self._do("GET", f"/dags/{run.dag_id}/dagRuns/{run.run_id}")["state"])

    @_with_patience
    def under_way(self, dag_ids: Collection[str]) -> list[Run]:
        """Runs of these DAGs that have not ended."""
        found = self._do("GET", "/dags/~/dagRuns?state=running&state=queued&limit=100")["dag_runs"]
        return [Run(row["dag_id"], row["dag_run_id"]) for row in found if row["dag_id"] in dag_ids]

    @_with_patience
    def tasks_in(self, state: str) -> list[dict[str, Any]]:
        """Task instances of all runs that are in that state."""
        found = self._do("GET", f"/dags/~/dagRuns/~/taskInstances?state={state}&limit=100")["task_instances"]
        return list(found)

    @_with_patience
    def clear(self, run: Run, tasks: Collection[Mapping[str, Any]] = (), *, only_failed: bool = False) -> None:
        """Have tasks of a run done again; if none are named, all of them."""
        body: dict[str, object] = {"dry_run": False, "dag_run_id": run.run_id, "only_failed": only_failed}
        if tasks:
            body["task_ids"] = [
                [each["task_id"], each["map_index"]] if each["map_index"] >= 0 else each["task_id"] for each in tasks
            ]
        self._do("POST", f"/dags/{run.dag_id}/clearTaskInstances", body)

    @_with_patience
    def backfill(self, dag_id: str, begin: datetime, end: datetime) -> None:
        """Run a DAG again for a while that is over; one that is under way is left alone."""
        window = {"from_date": begin.isoformat(), "to_date": end.isoformat()}
        body = {"dag_id": dag_id, **window, "reprocess_behavior": "completed", "max_active_runs": 2, "dag_run_conf": {}}
        self._do("POST", "/backfills", body, httpx.codes.CONFLICT)

    @_with_patience
    def put_cloud_account(self, connection_id: str, port: int, account_id: str, key_id: str, secret: str) -> None:
        """An account of the cloud, which is called at that port of this machine."""
        self.put_connection(
            connection_id,
            conn_type="alibaba_cloud",
            host="127.0.0.1",
            port=port,
            login=key_id,
            password=secret,
            extra=json.dumps({"account_id": account_id, "region_id": "cn-hangzhou", "protocol": "http"}),
        )

    def _do(self, method: str, path: str, body: Mapping[str, object] | None = None, also: int = 0) -> dict[str, Any]:
        pause(0)
        answer = self._client.request(method, f"/api/v2{path}", json=body)
        if not answer.is_success and answer.status_code != also:
            raise AkubillError(f"Airflow answered {answer.status_code} for {path}: {answer.text[:300]}")
        return dict(answer.json())
