"""`akubill quote`, `plan` and `bills` as a person calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from include.cli.main import app
from tests.support.airflow import connection_json
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

if TYPE_CHECKING:
    from sqlalchemy import Engine

GOLDEN = Path(__file__).parents[1] / "billing" / "golden"


def akubill(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from include.cli.main import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])


def test_a_quote_is_printed_as_json_and_rows_outside_are_noted_on_standard_error() -> None:
    case = GOLDEN / "month_edges"
    done = akubill(
        "quote", "--plan", case / "plan.yaml", "--usage", case / "usage.csv", "--period", "2026-10", "--format", "json"
    )
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    assert json.loads(done.stdout) == {"bills": expected["bills"]}
    assert done.stderr == "3 row(s) lie outside the period 2026-10 and were left out.\n"
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("plan", "period", "sentence"),
    [
        ("plan.yaml", "2026-13", "Billing period is '2026-13'"),
        ("none.yaml", "2026-10", "cannot be read"),
        ("usage.csv", "2026-10", "does not hold a mapping"),
    ],
)
def test_a_mistake_is_a_sentence_on_standard_error_and_nothing_else(plan: str, period: str, sentence: str) -> None:
    case = GOLDEN / "zero_usage"
    done = akubill("quote", "--plan", case / plan, "--usage", case / "usage.csv", "--period", period)
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert (done.stdout, done.returncode) == ("", 1)


def test_a_plan_is_checked() -> None:
    done = akubill("plan", "check", GOLDEN / "version_split" / "plan.yaml")
    assert "automq-byoc-payg, CNY, 2 version(s)" in done.stdout


@pytest.mark.slow
def test_two_plans_are_compared_for_each_customer_on_the_usage_of_a_file() -> None:
    case = GOLDEN / "version_split"
    plans = GOLDEN / "zero_usage" / "plan.yaml", case / "plan.yaml"
    done = akubill("plan", "diff", *plans, "--usage", case / "usage.csv", "--period", "2026-10", "--format", "json")
    assert json.loads(done.stdout) == [
        {"subscription_id": "sub-a", "currency": "CNY", "first": "24.00", "second": "27.00", "difference": "3.00"}
    ]


@pytest.fixture
def used(warehouse: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A subscription with an hour of usage in January, and the connection to its warehouse."""
    from datetime import UTC, datetime

    url = warehouse.url
    monkeypatch.setenv(
        "AIRFLOW_CONN_WAREHOUSE",
        connection_json(conn_type="postgres", login="postgres", host=url.query["host"], schema=url.database),
    )
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), metering_started_at=None)
        make_usage(connection, make_instance(connection, key), datetime(2026, 1, 31, 15, tzinfo=UTC), [3600, 3600])
    return warehouse


def test_a_period_is_closed_listed_shown_and_explained(used: Engine) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["bills", *arguments], catch_exceptions=False, env={"COLUMNS": "200"})
        assert done.exit_code == 0
        return done.output

    bill = "2026-01-sub-01-orders"
    assert "1 bill(s) drafted; 1 issued in all, 0 held, 0 missing." in run("close", "--period", "2026-01")
    assert bill in run("list", "--period", "2026-01")
    assert "Total 1.20 CNY" in run("show", bill)
    assert "2026-01-31 23:00+0800  1 AKU-hours, 1.2, rounded 1.20" in run("explain", bill, "1")
    assert "AKU-hours, 1.2, rounded" not in run("explain", bill, "--depth", "lines")
    assert "readings as they stand now come to 0 AKU-seconds, 3600 were billed" in run(
        "explain", bill, "1", "--depth", "polls", "--hour", "2026-01-31T15:20Z"
    )
    assert "1 document(s) verified: 1 as issued, 0 not." in run("verify", bill)
