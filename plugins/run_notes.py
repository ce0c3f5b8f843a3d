"""Has Airflow's scheduler write the outcome of a run into its note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun


class RunNotes:
    """Called where a run ends: in the scheduler, or in the API server when a person says how it ended."""

    @hookimpl
    def on_dag_run_success(self, dag_run: DagRun) -> None:
        """All is well."""
        self._write(dag_run)

    @hookimpl
    def on_dag_run_failed(self, dag_run: DagRun) -> None:
        """A task failed, or the run took too long."""
        self._write(dag_run)

    @staticmethod
    def _write(dag_run: DagRun) -> None:
        from include.orchestration.run_notes import write_note

        write_note(dag_run)


class RunNotesPlugin(AirflowPlugin):
    """Notes of runs."""

    name = "run_notes"
    listeners = [RunNotes()]  # noqa: RUF012 (Airflow's form)
