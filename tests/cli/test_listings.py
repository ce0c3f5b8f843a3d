"""Every listing is a table for people, or JSON or CSV for programs: the same fields, exact amounts, instants in UTC."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.cli.main import app
from include.cli.output import Listing, print_rows
from include.domain.money import Decimal
from tests.support.billing.documents import late_usage
from tests.support.billing.october import DUE, OCTOBER, open_gap, price_plan
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

if TYPE_CHECKING:
    from include.cli.output import Columns

ROW: dict[str, Any] = {
    "name": '=HYPERLINK("http://evil")',
    "amount": Decimal("-1200.50"),
    "at": datetime(2026, 11, 1, 8, 30, tzinfo=ZoneInfo("Asia/Shanghai")),
    "is_final": True,
    "count": 3,
    "note": None,
}
COLUMNS: Columns = {"Name": "name", "Amount": "amount", "At": "at", "Twice": lambda row: str(2 * row["count"])}
#: Commands that list something; a new one with --format belongs here.
LISTS = [
    ("bills", "list"),
    ("bills", "preview"),
    ("corrections", "list"),
    ("offers", "list"),
    ("gaps", "list"),
    ("reconciliation", "list"),
    ("machines", "list"),
    ("metering", "failing"),
    ("marketplace", "parked"),
]


def printed(capsys: pytest.CaptureFixture[str], form: Listing, *rows: object) -> str:
    print_rows(form, rows, columns=COLUMNS, fields=tuple(ROW), nothing="There is nothing.")
    return capsys.readouterr().out


def test_json_has_amounts_as_text_and_instants_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    [read] = json.loads(printed(capsys, Listing.JSON, ROW))
    assert read == {**ROW, "amount": "-1200.50", "at": "2026-11-01T00:30:00+00:00"}
    assert json.loads(printed(capsys, Listing.JSON)) == []


def test_csv_has_the_same_fields_and_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    header, cells = csv.reader(io.StringIO(printed(capsys, Listing.CSV, ROW)))
    assert header == list(ROW)
    assert cells == ["'" + ROW["name"], "-1200.50", "2026-11-01T00:30:00+00:00", "true", "3", ""]
    assert printed(capsys, Listing.CSV) == ",".join(ROW) + "\n"


def test_a_table_has_the_columns_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    heading, cells = printed(capsys, Listing.TABLE, ROW).splitlines()
    assert heading.split() == list(COLUMNS)
    assert cells.split()[-2:] == ["2026-11-01T00:30:00+00:00", "6"]
    assert printed(capsys, Listing.TABLE) == "There is nothing.\n"


@pytest.fixture
def listed(warehouse, airflow_connections):
    """A bill with late usage, and a gap."""
    publish_price_plans(warehouse, [price_plan()])
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), metering_started_at=None)
        make_usage(connection, make_instance(connection, key), OCTOBER.window.start, [36_000])
    close_period(warehouse, OCTOBER, DUE)
    late_usage(warehouse, "kf-1", OCTOBER.window.start, 39_600, DUE + timedelta(days=1))
    open_gap(warehouse, key)
    return warehouse


@pytest.mark.slow
@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_every_listing_has_the_three_forms_with_the_same_fields(listed, command):
    def call(form: str) -> str:
        done = CliRunner().invoke(app, [*command, "--format", form], env={"COLUMNS": "200", "LOGNAME": "anna"})
        assert done.exit_code == 0, done.exception
        return done.output

    rows = json.loads(call("json"))
    header, *cells = csv.reader(io.StringIO(call("csv")))
    assert len(cells) == len(rows)
    assert all(list(row) == header for row in rows)
    assert call("table").strip()
    for row in rows:
        for name, value in row.items():
            assert not isinstance(value, float), name
            if name.endswith("_at") and value is not None:
                assert datetime.fromisoformat(value).utcoffset() == timedelta(0)
