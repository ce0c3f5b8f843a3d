from __future__ import annotations

import pytest
from typer.testing import CliRunner

from include.cli.reconciliation import app
from tests.support.showcase import NOW, fill_showcase

pytestmark = pytest.mark.slow


def test_stored_verdicts_are_listed(airflow_connections, warehouse):
    runner = CliRunner()
    assert "Nothing was compared yet" in runner.invoke(app, ["list"]).output
    fill_showcase(warehouse, NOW)
    listed = runner.invoke(app, ["list", "--period", "2026-10"], env={"COLUMNS": "200"}).output
    assert "missing_there" in listed
    assert "2026-09" not in listed


def test_reconciling_says_what_it_did_and_who_could_not_be_asked(airflow_connections, warehouse):
    fill_showcase(warehouse, NOW)
    done = CliRunner().invoke(app, ["run", "--period", "2026-09"])
    assert done.output.startswith("2026-09: 5 agrees; 0 newly reconciled")
    assert "alibaba_buyer_1100000000000001 is missing" in str(done.exception)
