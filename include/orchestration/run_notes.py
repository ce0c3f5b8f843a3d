"""Writes what a run's tasks said of their work into the run's note, when the run has ended.

A task cannot write a note, so Airflow's scheduler does it (plugins/run_notes.py): it calls its listeners in the
transaction that ends the run. Airflow's session refuses commits there, its savepoints included, so the note is written
in a savepoint of the connection. Whatever goes wrong is undone to there and logged: a note is not worth a scheduler.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import object_session

from include.domain.words.outcomes import say_note
from include.orchestration.defaults import TAG
from include.orchestration.outcomes import LONGEST, OUTCOME

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)
#: Whose note it is: Airflow keeps the id of the user with a note, and no user is called so.
AUTHOR = "akubill: outcome of the run"


def write_note(dag_run: DagRun) -> None:
    """Put the outcome of a run that has ended into its note; a person's note stays as it is.

    A run that is cleared and ends again gets its new outcome, and no note where its tasks say nothing any more. The
    runs of `dag.test()` belong to no session and get no note.
    """
    try:
        session = object_session(dag_run)
        if session is not None and _is_ours(dag_run):
            _write(session, dag_run)
    except Exception:
        log.exception("The note of run %s of %s could not be written.", dag_run.run_id, dag_run.dag_id)


def _is_ours(dag_run: DagRun) -> bool:
    """Whether it is a run of our DAGs, as an installation may have others."""
    dag = getattr(dag_run, "dag", None)
    return dag is not None and TAG in dag.tags


def _write(session: Session, dag_run: DagRun) -> None:
    from airflow.models.dagrun import DagRunNote

    session.flush()  # Airflow does so next: what it has decided of tasks and notes is to be read here
    known = dag_run.dag_run_note
    if known is not None and known.user_id != AUTHOR:
        return
    ours = (DagRunNote.dag_run_id == dag_run.id) & (DagRunNote.user_id == AUTHOR)
    connection = session.connection()
    with connection.begin_nested():
        note = _note_of(session, dag_run)
        if known is None and note:
            connection.execute(insert(DagRunNote).values(dag_run_id=dag_run.id, user_id=AUTHOR, content=note))
        elif known is not None and note:
            connection.execute(update(DagRunNote).where(ours).values(content=note))
        elif known is not None:
            connection.execute(delete(DagRunNote).where(ours))
    session.expire(dag_run, ["dag_run_note"])


def _note_of(session: Session, dag_run: DagRun) -> str:
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.state import TaskInstanceState

    is_of_task = (
        (XComModel.dag_id == TaskInstance.dag_id)
        & (XComModel.run_id == TaskInstance.run_id)
        & (XComModel.task_id == TaskInstance.task_id)
        & (XComModel.map_index == TaskInstance.map_index)
        & (XComModel.key == OUTCOME)
    )
    has_ended = TaskInstance.state.in_([TaskInstanceState.SUCCESS, TaskInstanceState.SKIPPED, TaskInstanceState.FAILED])
    query = (
        select(  # type: ignore[call-overload]
            TaskInstance.task_id, TaskInstance.map_index, TaskInstance.rendered_map_index, TaskInstance.state,
            XComModel.value,
        )
        .outerjoin(XComModel, is_of_task)
        .where(TaskInstance.dag_id == dag_run.dag_id, TaskInstance.run_id == dag_run.run_id, has_ended)
        .order_by(TaskInstance.end_date, TaskInstance.task_id, TaskInstance.map_index)
    )  # fmt: skip
    outcomes, failures = [], []
    for task in session.connection().execute(query):
        if task.state == TaskInstanceState.FAILED:
            item = "" if task.map_index < 0 else f" [{task.rendered_map_index or task.map_index}]"
            failures.append((f"{task.task_id}{item}", task.value))
        elif task.value:
            outcomes.append(task.value)
    return say_note(outcomes, failures, LONGEST)
