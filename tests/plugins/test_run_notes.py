"""Notes of runs, written where Airflow ends a run: with its session, which refuses commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.airflow import note_of

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.dagrun import DagRun

pytestmark = pytest.mark.slow
WHY = (
    "**release** failed: Subscription is 'sub-none': it is not known. Take the id from the page of environments, like "
    "sub-…."
)


@pytest.fixture
def failed(dagbag: DagBag, airflow_connections: pytest.MonkeyPatch) -> DagRun:
    """A run that was refused, with its note."""
    form = {"subscription": "sub-none", "ended_at": "2026-10-20", "reason": "The buyer released the product."}
    dag = dagbag.dags["subscription_release"]
    done = dag.test(run_conf=form)
    assert note_of(dag, done) == WHY
    return done


def stored_note(dag_run: DagRun) -> str | None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        stored = session.get(DagRun, dag_run.id)
        return stored.note if stored else None


def end_again(dagbag: DagBag, dag_run: DagRun, outcome: str | None) -> None:
    """The run is cleared, its task ends well and says something else, and the scheduler finds the run ended."""
    from airflow.models.dagrun import DagRun
    from airflow.models.xcom import XComModel
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.utils.session import create_session
    from airflow.utils.sqlalchemy import prohibit_commit
    from airflow.utils.state import DagRunState, TaskInstanceState
    from sqlalchemy import delete

    serialized = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dagbag.dags[dag_run.dag_id]))
    with create_session() as session:
        session.execute(delete(XComModel).where(XComModel.run_id == dag_run.run_id))
        if outcome:
            XComModel.set(
                "outcome",
                outcome,
                dag_id=dag_run.dag_id,
                task_id="release",
                run_id=dag_run.run_id,
                serialize=False,
                session=session,
            )
        session.commit()
        with prohibit_commit(session) as guard:
            run = session.get(DagRun, dag_run.id)
            assert run is not None
            run.dag, run.state = serialized, DagRunState.RUNNING
            for task in run.get_task_instances(session=session):
                task.state = TaskInstanceState.SUCCESS
            run.update_state(session=session, execute_callbacks=False)
            assert run.state == DagRunState.SUCCESS
            guard.commit()


def test_the_note_says_why_a_task_failed_and_a_run_that_ends_again_gets_its_new_outcome_or_none(
    dagbag: DagBag, failed: DagRun
) -> None:
    end_again(dagbag, failed, "It is released.")
    assert stored_note(failed) == "It is released."
    end_again(dagbag, failed, None)
    assert stored_note(failed) is None


def test_a_persons_note_stays(dagbag: DagBag, failed: DagRun, desk) -> None:
    path = f"dags/subscription_release/dagRuns/{failed.run_id}"
    assert desk("li", "op").patch(path, json={"note": "I look at it."}).status_code == 200
    end_again(dagbag, failed, "It is released.")
    assert stored_note(failed) == "I look at it."


def test_a_note_that_cannot_be_stored_does_not_keep_the_run_from_ending(
    dagbag: DagBag, failed: DagRun, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("include.orchestration.run_notes.LONGEST", 2000)
    end_again(dagbag, failed, "x" * 1500)  # the column has a thousand
    assert stored_note(failed) == WHY
    assert "could not be written" in caplog.text


def test_a_plugin_costs_a_task_nothing_but_its_own_file() -> None:
    import subprocess
    import sys
    from pathlib import Path

    plugin = Path(__file__).parents[2] / "plugins" / "run_notes.py"
    probe = (
        "import runpy, sys\nfrom airflow.plugins_manager import AirflowPlugin\nbefore = set(sys.modules)\n"
        "runpy.run_path(sys.argv[1])\n"
        "print(sorted(name for name in set(sys.modules) - before if 'listeners' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", probe, str(plugin)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]"]
