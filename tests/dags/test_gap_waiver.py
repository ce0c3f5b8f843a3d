"""gap_waiver on a real Airflow: the form, the person, the refusals."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from include.metering.gaps.gaps import list_gaps
from tests.support.metering.lives import Environment, at, every_five_minutes, kafka

pytestmark = pytest.mark.slow
REASON = "The console was being moved; the buyer agrees."


@pytest.fixture
def gap(warehouse, airflow_connections) -> int:
    """An open gap's number."""
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 20, kafka(6)), *every_five_minutes(orders, 65, kafka(6), since=50))
    orders.close()
    [row] = list_gaps(warehouse, at(70))
    return row.gap_key


def run(dagbag, **conf: Any) -> dict[str, str]:
    """States of a run; `dag.test` keeps what one run was given as defaults, so the form is given whole."""
    form = {"gaps": None, "environment": None, "from": None, "to": None, "reason": REASON} | conf
    done = dagbag.dags["gap_waiver"].test(run_conf=form)
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


def stored(warehouse) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        query = text("SELECT state, closed_by, closed_reason FROM metering.gaps")
        return [tuple(row) for row in connection.execute(query)]


def test_the_user_who_triggered_waives_a_gap_with_a_reason(dagbag, gap, warehouse):
    assert run(dagbag, gaps=str(gap)) == {"waive_gaps": "success", "report": "success"}
    assert stored(warehouse) == [("waived", "dag_test", REASON)]
    assert run(dagbag, gaps=str(gap)) == {"waive_gaps": "success", "report": "success"}
    another = run(dagbag, gaps=str(gap), reason="It does not matter to anybody.")
    assert another == {"waive_gaps": "failed", "report": "upstream_failed"}
    assert stored(warehouse) == [("waived", "dag_test", REASON)]


def test_the_form_takes_numbers_as_people_write_them(dagbag, gap, warehouse):
    assert run(dagbag, gaps=f" {gap},{gap} ") == {"waive_gaps": "success", "report": "success"}
    assert stored(warehouse)[0][0] == "waived"


def test_an_environment_and_a_window_name_gaps_too(dagbag, gap, warehouse):
    window = {"from": "2026-10-01T20:00:00+08:00", "to": "2026-10-01T21:00:00+08:00"}
    assert run(dagbag, environment="env-11-orders", **window)["waive_gaps"] == "success"
    assert stored(warehouse)[0][0] == "waived"


def test_each_line_of_a_tasks_log_says_what_the_run_is_about(dagbag, gap, warehouse, monkeypatch):
    """Airflow writes the fields of structlog's context with every line."""
    from structlog.contextvars import get_contextvars

    from include.orchestration import gaps

    fields = []

    waive = gaps.waive_gaps_of_run

    def note_fields():
        fields.append(get_contextvars())
        return waive()

    monkeypatch.setattr(gaps, "waive_gaps_of_run", note_fields)
    window = {"from": "2026-10-01T20:00:00+08:00", "to": "2026-10-01T21:00:00+08:00"}
    assert run(dagbag, environment="env-11-orders", **window)["waive_gaps"] == "success"
    assert fields[0]["environment"] == "env-11-orders"
    assert "environment" not in get_contextvars()


@pytest.mark.parametrize("conf", [{}, {"gaps": "999999"}, {"environment": "env-11-orders"}])
def test_a_form_that_names_no_open_gap_fails_and_waives_nothing(dagbag, gap, warehouse, conf):
    assert run(dagbag, **conf)["waive_gaps"] == "failed"
    assert stored(warehouse) == [("open", None, None)]


@pytest.mark.parametrize(
    "conf",
    [{"reason": "short"}, {"reason": None}, {"reason": "x" * 501}, {"gaps": "0"}, {"gaps": "1, two"}, {"gaps": [1]}],
)
def test_the_form_refuses_what_is_out_of_bounds(dagbag, gap, conf):
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        run(dagbag, **{"gaps": str(gap), **conf})


def test_the_reason_has_no_default(dagbag):
    from airflow.sdk.exceptions import ParamValidationError

    param = dagbag.dags["gap_waiver"].params.get_param("reason")
    assert param.schema["title"] == "Reason"
    with pytest.raises(ParamValidationError):
        param.resolve("")
