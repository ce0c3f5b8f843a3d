from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.support.documents import NOTE, PAYG, fill_documents

pytestmark = pytest.mark.slow


def run(dagbag, **conf):
    return dagbag.dags["bill_export"].test(run_conf=conf)


def states(done):
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


FORMATS = ["pdf", "csv", "focus"]
ALL_DONE = dict.fromkeys(["find_due", "print_documents", "write_lines", "write_focus", "report"], "success")


@pytest.fixture
def exporting(warehouse, airflow_connections, tmp_path):
    with warehouse.begin() as connection:
        fill_documents(connection)
    airflow_connections.setenv("AIRFLOW_VAR_AKUBILL_EXPORTS", str(tmp_path / "files"))
    airflow_connections.setenv("AIRFLOW__AKUBILL__EXPORT_ROOTS", str(tmp_path))
    return tmp_path / "files"


def ledger(warehouse):
    with warehouse.connect() as connection:
        return connection.scalars(text("SELECT uri FROM reporting.exports ORDER BY uri")).all()


def test_it_sweeps_every_hour_and_listens_for_bills(dagbag):
    timetable = dagbag.dags["bill_export"].timetable
    assert type(timetable).__name__ == "AssetOrTimeSchedule"
    assert [asset.name for asset in timetable.asset_condition.objects] == ["bills"]


def test_what_has_no_file_yet_is_written_to_the_place_that_the_variable_names(dagbag, exporting, warehouse):
    assert states(run(dagbag, formats=["pdf"])) == ALL_DONE
    assert (exporting / "2026-10/bills" / f"{PAYG}.en.pdf").read_bytes().startswith(b"%PDF-")
    assert (exporting / "2026-12/bills" / f"{NOTE}.en.pdf").exists()
    assert len(ledger(warehouse)) == 5
    assert ledger(warehouse)[0] == f"file://{exporting}/2026-10/bills/{PAYG}.en.pdf"


def test_a_period_named_by_hand_is_written_whole_in_the_asked_language_and_place(
    dagbag, exporting, warehouse, tmp_path
):
    place = tmp_path / "elsewhere"
    assert states(run(dagbag, period="2026-10", formats=FORMATS, language="zh", destination=str(place))) == ALL_DONE
    assert sorted(path.name for path in place.rglob("*") if path.is_file()) == [
        "2026-10-payg.zh.pdf",
        "2026-10-prepaid.zh.pdf",
        "focus-1.2-2026-10.parquet",
        "lines-2026-10.csv",
    ]
    assert not exporting.exists()


def test_a_place_of_an_unknown_kind_fails_with_what_to_do(dagbag, exporting, warehouse, monkeypatch):
    monkeypatch.setenv("AIRFLOW__AKUBILL__EXPORT_ROOTS", "nosuch://bucket")
    done = run(dagbag, period="2026-10", formats=["csv"], destination="nosuch://bucket/bills")
    assert states(done)["find_due"] == "failed"
    assert ledger(warehouse) == []


def test_a_place_that_the_installation_does_not_allow_fails_at_once_and_nothing_is_written(
    dagbag, exporting, warehouse, tmp_path_factory, caplog
):
    outside = tmp_path_factory.mktemp("dags")
    done = run(dagbag, period="2026-10", formats=["csv"], destination=str(outside))
    assert states(done) == dict.fromkeys(ALL_DONE, "upstream_failed") | {"find_due": "failed"}
    assert "where exports may go" in caplog.text
    assert (list(outside.iterdir()), ledger(warehouse)) == ([], [])


def test_an_export_elsewhere_leaves_nothing_out_of_the_regular_files(dagbag, exporting, warehouse, tmp_path):
    run(dagbag, period="2026-10", formats=["csv"], destination=str(tmp_path / "elsewhere"))
    assert states(run(dagbag, period=None, formats=["csv"], destination=None)) == ALL_DONE
    assert (exporting / "2026-10/lines-2026-10.csv").exists()


def test_hostile_fields_are_refused_by_the_form(dagbag, exporting):
    from airflow.sdk.exceptions import ParamValidationError

    for field in ({"period": "../../etc"}, {"language": "fr"}, {"formats": ["exe"]}, {"destination": "x" * 501}):
        with pytest.raises(ParamValidationError):
            run(dagbag, **field)
