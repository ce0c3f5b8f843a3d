"""`akubill quote` and `plan` as a person calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

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
