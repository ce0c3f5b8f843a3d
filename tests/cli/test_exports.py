from __future__ import annotations

import pytest
from typer.testing import CliRunner

from include.cli.main import app
from tests.support.documents import PAYG, fill_documents

pytestmark = pytest.mark.slow


@pytest.fixture
def filled(airflow_connections, warehouse):
    with warehouse.begin() as connection:
        fill_documents(connection)


def test_a_bill_is_written_where_the_command_says(filled, tmp_path):
    done = CliRunner().invoke(app, ["bills", "export", PAYG, "--to", str(tmp_path), "--language", "zh"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "2026-10" / "bills" / f"{PAYG}.zh.pdf").exists()
    assert done.output.startswith(f"file://{tmp_path}/2026-10/bills/{PAYG}.zh.pdf")


def test_a_period_is_written_as_focus_and_csv(filled, tmp_path):
    for form in ("focus", "csv"):
        done = CliRunner().invoke(
            app, ["bills", "export", "--period", "2026-10", "--to", str(tmp_path), "--format", form]
        )
        assert done.output.rstrip().endswith("2 documents")
    assert len(list((tmp_path / "2026-10").iterdir())) == 2
    none = CliRunner().invoke(app, ["bills", "export", "--period", "2027-01", "--to", str(tmp_path)])
    assert none.output == "There are no issued documents in 2027-01.\n"


def test_neither_and_both_are_refused(filled, tmp_path):
    for given in ([], [PAYG, "--period", "2026-10"]):
        done = CliRunner().invoke(app, ["bills", "export", *given, "--to", str(tmp_path)])
        assert "must be one bill or one period" in str(done.exception)
