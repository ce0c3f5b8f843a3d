"""settlement_import on a real Airflow: a file by its name, lines that are left out, and files that it does not read."""

from __future__ import annotations

import pytest

from include.domain.billing_cycles import billing_cycle
from include.reconciliation.settlements.compare import list_settlement_verdicts
from tests.support.builders import make_bill, make_buyer, make_instance, make_subscription, make_usage, rows

pytestmark = pytest.mark.slow
PERIOD = "2026-10"
HEADER = "charged_id,period,kind,amount,currency\n"
GOOD = "mp-01-orders,2026-10,charge,12.34,CNY\n"


@pytest.fixture
def folder(warehouse, airflow_connections, tmp_path):
    """The folder for settlement exports, beside which another file lies."""
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection))
        make_usage(connection, make_instance(connection, key), billing_cycle(PERIOD).window.start, [3600] * 10)
        make_bill(connection, key, PERIOD, "12.34")
    place = tmp_path / "settlements"
    place.mkdir()
    (tmp_path / "outside.csv").write_text(HEADER + GOOD, encoding="utf-8")
    airflow_connections.setenv("AKUBILL_SETTLEMENTS", str(place))
    return place


def run(dagbag, file: str) -> dict[str, str]:
    done = dagbag.dags["settlement_import"].test(run_conf={"file": file})
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


def test_a_file_is_imported_by_its_name_and_once(dagbag, folder, warehouse, capfd):
    (folder / "october.csv").write_text(HEADER + GOOD, encoding="utf-8")
    for _ in range(2):
        assert run(dagbag, "october.csv") == {"import_file": "success", "report": "success"}
    assert rows(warehouse, "SELECT file_name, items FROM reconciliation.settlement_files") == [("october.csv", 1)]
    assert [each.verdict for each in list_settlement_verdicts(warehouse)] == ["agrees"]


def test_lines_that_break_a_rule_fail_the_report_and_not_the_others(dagbag, folder, warehouse, caplog):
    (folder / "october.csv").write_text(f"{HEADER}{GOOD}mp-1,2026-10,payout,1,CNY\n", encoding="utf-8")
    assert run(dagbag, "october.csv") == {"import_file": "success", "report": "failed"}
    assert "is neither charge nor refund" in caplog.text
    assert rows(warehouse, "SELECT items, rejected FROM reconciliation.settlement_files") == [(1, 1)]


def test_no_file_outside_the_folder_is_read(dagbag, folder, warehouse, caplog):
    from airflow.sdk.exceptions import ParamValidationError

    from include.domain.errors import InvalidInputError
    from include.orchestration.settlements import find_export

    (folder / "link.csv").symlink_to(folder.parent / "outside.csv")
    for name in ("link.csv", "none.csv", ".", "汉" * 200):
        assert run(dagbag, name)["import_file"] == "failed"
    assert caplog.text.count("is not a file in the folder for settlement exports") >= 4
    for name in ("../outside.csv", str(folder.parent / "outside.csv")):
        with pytest.raises(ParamValidationError):
            run(dagbag, name)
        with pytest.raises(InvalidInputError, match="is not a file in the folder for settlement exports"):
            find_export(name)
    assert rows(warehouse, "SELECT count(*) FROM reconciliation.settlement_files") == [(0,)]
