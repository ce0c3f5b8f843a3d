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


def test_a_read_only_place_fails_with_what_to_do(dagbag, exporting, warehouse):
    done = run(dagbag, period="2026-10", formats=["csv"], destination="nosuch://bucket/bills")
    assert states(done)["write_lines"] == "failed"
    assert ledger(warehouse) == []


def test_hostile_fields_are_refused_by_the_form(dagbag, exporting):
    from airflow.sdk.exceptions import ParamValidationError

    for field in ({"period": "../../etc"}, {"language": "fr"}, {"formats": ["exe"]}, {"destination": "x" * 501}):
        with pytest.raises(ParamValidationError):
            run(dagbag, **field)
