"""Every task that fails for a known reason has one sentence in its log, and no traceback."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import BaseOperator, dag

from include.domain.errors import ConflictError
from include.orchestration.defaults import task_defaults
from include.orchestration.errors import REPORTS, operator_reporting_known_errors, task

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.dag_processing.dagbag import DagBag

pytestmark = pytest.mark.slow
SENTENCE = "It exists already. Give another name."


def does(task: Any) -> Any:
    """What carries a task's work: its function, or its operator."""
    settings = task.partial_kwargs | {"class": task.operator_class} if hasattr(task, "partial_kwargs") else {}
    work = getattr(task, "python_callable", None) or settings.get("python_callable")
    return work or settings.get("class") or type(task)


def test_every_task_of_every_dag_reports_known_errors(dagbag: DagBag) -> None:
    tasks = [task for dag in dagbag.dags.values() for task in dag.tasks]
    assert len(dagbag.dags) >= 18
    left_out = [f"{task.dag.dag_id}.{task.task_id}" for task in tasks if not getattr(does(task), REPORTS, False)]
    assert left_out == [], "use `task` or `operator_reporting_known_errors` of include/orchestration/errors.py"


@operator_reporting_known_errors
class Failing(BaseOperator):
    def execute(self, context: Any) -> None:
        raise ConflictError(SENTENCE)


@dag(schedule=None, default_args=task_defaults("operations", retries=0))
def failing() -> None:
    @task
    def known() -> None:
        raise ConflictError(SENTENCE)

    @task
    def missing_file() -> None:
        open("/no/such/file").close()  # noqa: PTH123

    @task
    def fault() -> None:
        raise ValueError("a fault of the program")

    @task(map_index_template="{{ name }}")
    def mapped(name: str) -> None:
        from airflow.sdk import get_current_context

        get_current_context()["name"] = name  # type: ignore[typeddict-unknown-key]
        raise ConflictError(SENTENCE)

    known()
    missing_file()
    fault()
    mapped.expand(name=["orders"])
    Failing(task_id="operator")


#: Airflow finds it by parsing this file.
FAILING = failing()


def test_known_reasons_are_sentences_and_faults_keep_their_traceback(
    airflow: None, caplog: pytest.LogCaptureFixture
) -> None:
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(DagBag(dag_folder=__file__), "dags-folder", None)
    with caplog.at_level(logging.ERROR):
        done = FAILING.test()
    assert {str(task.state) for task in done.get_task_instances()} == {"failed"}
    said = [record.getMessage() for record in caplog.records if record.name == "include.orchestration.errors"]
    assert said.count(SENTENCE) == 3
    assert [line for line in said if line.startswith("'/no/such/file' cannot be used: No such file")]
    assert len(said) == 4
    [mapped] = [task for task in done.get_task_instances() if task.task_id == "mapped"]
    assert mapped.rendered_map_index == "orders"


def test_work_that_ends_otherwise_is_left_alone() -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from include.orchestration.errors import reporting_known_errors

    def skip() -> None:
        raise AirflowSkipException("There is nothing to do.")

    skipping: Callable[[], None] = reporting_known_errors(skip)
    with pytest.raises(AirflowSkipException):
        skipping()
