"""`akubill reconciliation import-settlement` and `settlements`: what they print, and with which exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from include.domain.billing_cycles import billing_cycle
from tests.support.builders import make_bill, make_buyer, make_instance, make_subscription, make_usage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    Command = Callable[..., tuple[int, str, str]]

PERIOD = "2026-10"
HEADER = "charged_id,period,kind,amount,currency\n"


@pytest.fixture
def export(warehouse: Engine, airflow_connections: Any, tmp_path: Path) -> Path:
    """An export by the hour, and a bill of 12.34 that it adds up to."""
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection))
        make_usage(connection, make_instance(connection, key), billing_cycle(PERIOD).window.start, [3600] * 10)
        make_bill(connection, key, PERIOD, "12.34")
    file = tmp_path / "october.csv"
    hours = [f"mp-01-orders,2026-10-01T{hour:02d}:00:00+08:00,charge,1.23,CNY\n" for hour in range(10)]
    file.write_text(f"{HEADER}{''.join(hours)}mp-01-orders,2026-10,charge,0.04,CNY\n", encoding="utf-8")
    return file


def test_an_export_is_imported_once_and_its_hours_add_up_to_the_month(export: Path, akubill: Command) -> None:
    code, out, err = akubill("reconciliation", "import-settlement", str(export))
    assert (code, err) == (0, "")
    assert out == ("october.csv: 11 lines stored, 0 rejected.\nSee `akubill reconciliation settlements` for 2026-10.\n")
    code, out, err = akubill("reconciliation", "import-settlement", str(export))
    assert (code, out.splitlines()[0]) == (0, "october.csv was imported before; nothing has changed.")
    code, out, err = akubill("reconciliation", "settlements", "--format", "json")
    [row] = json.loads(out)
    assert (code, row["period"], row["settled_amount"], row["difference"]) == (0, PERIOD, "12.34", "0.00")
    assert (row["verdict"], row["sentence"]) == (*("agrees", "The settlement export has 12.34 CNY, as our bill does."),)


def test_a_line_that_breaks_a_rule_is_said_and_the_others_are_stored(export: Path, akubill: Command) -> None:
    with export.open("a", encoding="utf-8") as file:
        file.write("mp-1,2026-10,payout,1,CNY\n")
    code, out, err = akubill("reconciliation", "import-settlement", str(export))
    assert (code, out.splitlines()[0]) == (1, "october.csv: 11 lines stored, 1 rejected.")
    assert err.startswith("october.csv line 13, kind is 'payout'")


def test_a_file_that_is_no_export_is_one_sentence(
    warehouse: Engine, airflow_connections: Any, akubill: Command, tmp_path: Path
) -> None:
    code, out, err = akubill("reconciliation", "import-settlement", str(tmp_path / "none.csv"))
    assert (code, out, err.count("\n")) == (1, "", 1)
    code, out, _ = akubill("reconciliation", "settlements")
    assert (code, out) == (0, "No settlement export has that. Run `akubill reconciliation import-settlement FILE`.\n")
    code, _, err = akubill("reconciliation", "settlements", "--period", "October")
    assert (code, "is not a month" in err) == (1, True)
