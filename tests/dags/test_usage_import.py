"""The DAG usage_import: sweeps, single files, bad rows, broken files."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from tests.support.builders import make_buyer, make_subscription

pytestmark = pytest.mark.slow

HEADER = "subscription_id,instance_id,hour,aku_seconds\n"
GOOD = "sub-01-orders,kf-new,2026-10-01T08:00:00+08:00,21600\n"
BAD = "sub-01-orders,kf-new,2026-10-01T09:00:00,21600\n"


@pytest.fixture
def folder(warehouse, airflow_connections, tmp_path):
    airflow_connections.setenv("AKUBILL_USAGE_DROP", str(tmp_path))
    with warehouse.begin() as connection:
        make_subscription(connection, make_buyer(connection), "orders")
    return tmp_path


def drop(folder, name, content):
    (folder / name).write_text(content, encoding="utf-8")
    an_hour_ago = datetime.now(UTC).timestamp() - 3600
    os.utime(folder / name, (an_hour_ago, an_hour_ago))


def run(dagbag, **conf):
    """A run with that form; `dag.test` keeps what one run was given as defaults, so the form is given whole."""
    return dagbag.dags["usage_import"].test(run_conf={"file": None, "again": False, **conf})


def states(done):
    return {
        task.task_id + ("" if task.map_index < 0 else f"[{task.map_index}]"): str(task.state)
        for task in done.get_task_instances()
    }


def counts(warehouse):
    with warehouse.connect() as connection:
        return connection.execute(
            text(
                "SELECT (SELECT count(*) FROM metering.usage), (SELECT count(*) FROM metering.rejections), "
                "(SELECT count(*) FROM metering.imports)"
            )
        ).one()


def test_a_sweep_imports_what_waits_and_moves_it_away(dagbag, folder, warehouse):
    drop(folder, "a.csv", HEADER + GOOD + BAD)
    drop(folder, "b.csv", HEADER + GOOD)
    done = run(dagbag)
    assert {name for name, state in states(done).items() if state != "success"} == {"require_good_rows"}
    named = sorted(task.rendered_map_index for task in done.get_task_instances() if task.map_index >= 0)
    assert named == ["a.csv", "a.csv", "b.csv", "b.csv"]
    assert counts(warehouse) == (1, 1, 2)
    assert [file.name[:2] for file in sorted((folder / "imported").iterdir())] == ["a.", "b."]
    assert list(folder.glob("*.csv")) == []


def test_an_empty_folder_is_no_failure(dagbag, folder, warehouse):
    done = run(dagbag)
    assert (states(done)["report"], str(done.state)) == ("success", "success")
    assert counts(warehouse) == (0, 0, 0)


def test_the_form_imports_one_file_and_the_same_file_again_changes_nothing(dagbag, folder, warehouse):
    drop(folder, "a.csv", HEADER + GOOD)
    drop(folder, "b.csv", HEADER + BAD)
    run(dagbag, file="a.csv")
    assert counts(warehouse) == (1, 0, 1)
    assert (folder / "b.csv").exists()
    drop(folder, "again.csv", HEADER + GOOD)
    assert states(run(dagbag, file="again.csv"))["report"] == "success"
    assert counts(warehouse) == (1, 0, 1)


def test_a_broken_file_fails_with_its_sentence_is_put_aside_and_stops_no_other(dagbag, folder, warehouse):
    drop(folder, "broken.parquet", "PAR1")
    drop(folder, "good.csv", HEADER + GOOD)
    done = run(dagbag)
    assert states(done) == {
        "find_files": "success",
        "each_file.import_file[0]": "failed",
        "each_file.put_away[0]": "upstream_failed",
        "each_file.import_file[1]": "success",
        "each_file.put_away[1]": "success",
        "report": "failed",
        "require_good_rows": "upstream_failed",
    }
    assert counts(warehouse) == (1, 0, 1)
    assert (folder / "refused/broken.parquet").exists()


def test_a_link_fails_one_run_and_no_later_one(dagbag, folder, warehouse, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    drop(outside, "payroll.csv", HEADER + GOOD)
    (folder / "a.csv").symlink_to(outside / "payroll.csv")
    os.utime(folder / "a.csv", (0, 0), follow_symlinks=False)
    assert states(run(dagbag))["each_file.import_file[0]"] == "failed"
    assert states(run(dagbag))["report"] == "success"
    assert counts(warehouse) == (0, 0, 0)
    assert (outside / "payroll.csv").exists()


@pytest.mark.parametrize("name", ["../a.csv", "none.csv"])
def test_a_file_that_is_not_in_the_folder_is_refused(dagbag, folder, warehouse, name):
    done = run(dagbag, file=name)
    assert (states(done)["find_files"], states(done)["report"]) == ("failed", "failed")
    assert str(done.state) == "failed"
