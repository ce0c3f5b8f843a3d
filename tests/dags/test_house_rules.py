"""What holds for every DAG; a failure says how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

from include.orchestration.defaults import AUDIENCES

pytestmark = pytest.mark.slow


def test_every_dag_file_imports(dagbag: DagBag) -> None:
    assert dagbag.import_errors == {}


def test_every_dag_says_what_it_is_for_whom_it_belongs_to_and_how_it_retries(dagbag: DagBag) -> None:
    for dag in dagbag.dags.values():
        assert dag.doc_md, f"{dag.dag_id}: pass doc_md=__doc__"
        assert "akubill" in dag.tags, f"{dag.dag_id}: add the tag from orchestration.defaults"
        waits_for_people = any(task.task_type == "AwaitAnswer" for task in dag.tasks)
        assert dag.max_active_runs <= (1000 if waits_for_people else 16), f"{dag.dag_id}: bound its runs"
        for task in dag.tasks:
            assert task.owner in AUDIENCES, f"{task.task_id}: use task_defaults()"
            assert task.owner in dag.tags, f"{dag.dag_id}: tag it with its audience, {task.owner}"
            assert task.has_retry_policy or task.retry_policy, f"{task.task_id}: use task_defaults()"


def test_every_mapped_task_is_named_by_what_it_does(dagbag: DagBag) -> None:
    for dag in dagbag.dags.values():
        for task in dag.tasks:
            if task.is_mapped or list(task.iter_mapped_task_groups()):
                assert task.map_index_template, f"{task.task_id}: give it a map_index_template"


def test_assets_lead_from_readings_to_reconciliations(dagbag: DagBag) -> None:
    """What each DAG reads and makes, by its tasks and by what starts it."""
    makes = {
        (read.name, dag.dag_id, made.name)
        for dag in dagbag.dags.values()
        for task in dag.tasks
        for read in task.inlets
        for made in task.outlets
    }
    assert makes >= {
        ("readings", "aku_metering", "hourly usage"),
        ("hourly usage", "metering_push", "ledger of pushes"),
        ("hourly usage", "billing_period_close", "bills"),
        ("bills", "reconciliation", "reconciliations"),
    }
    made = {name for dag in dagbag.dags.values() for task in dag.tasks for name in (each.name for each in task.outlets)}
    read = {name for dag in dagbag.dags.values() for task in dag.tasks for name in (each.name for each in task.inlets)}
    assert read <= made, "no DAG makes what these read"


#: Scheduled DAGs whose runs come one after the other, although a person may trigger them with a form: why. A run by
#: hand of a DAG without a form does what the scheduled one does, and takes as long.
ONE_AT_A_TIME = {
    "billing_period_close": "months close in their order; what a form can get wrong fails at once",
    "usage_import": "a run moves the files that another would take; it does nothing but work until it ends",
    "warehouse_upkeep": "what one run keeps, another must not drop meanwhile; it is daily and short",
}


def test_runs_asked_for_by_hand_do_not_hold_up_the_schedule(dagbag: DagBag) -> None:
    alone = {dag.dag_id for dag in dagbag.dags.values() if dag.params and dag.max_active_runs == 1}
    assert alone == set(ONE_AT_A_TIME), "allow several runs and lock in the product, or say here why not"


def test_every_dag_survives_serialisation(dagbag: DagBag) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in dagbag.dags.values():
        assert DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag)).dag_id == dag.dag_id


def test_dag_files_import_nothing_heavy() -> None:
    import subprocess
    import sys
    from pathlib import Path

    root = Path(__file__).parents[2]
    probe = (
        "import runpy, sys, airflow.sdk\n"
        "from airflow.sdk import dag, task\n"
        "for path in sys.argv[1:]: runpy.run_path(path)\n"
        "heavy = {'pandas', 'pandera', 'pyarrow', 'sqlalchemy', 'httpx', 'fastapi'} & (set(sys.modules) - before)\n"
        "print(' '.join(sorted(heavy)))"
    ).replace("for path", "before = set(sys.modules)\nfor path", 1)
    files = [str(path) for path in sorted((root / "dags").glob("*.py"))]
    done = subprocess.run([sys.executable, "-c", probe, *files], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "", "import these inside the tasks"
