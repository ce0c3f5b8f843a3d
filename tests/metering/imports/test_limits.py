"""A small usage file that holds much: every way in refuses it or takes it in little memory, and stores little of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.billing.quotes.compare_plans import compare_plans
from include.billing.quotes.quote import quote
from include.catalog import usage_shape
from include.catalog.loader import catalog_price_plans
from include.domain.errors import InvalidInputError
from include.metering.imports import load
from include.metering.imports.load import import_usage
from tests.support.builders import make_buyer, make_subscription
from tests.support.memory import peak_megabytes
from tests.support.usage_files import BOUND, HEADER, long_cells, repeated, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

AT = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
IMPORT = """
from datetime import datetime
from pathlib import Path
from include.metering.imports.load import import_usage
from include.warehouse.engine import open_warehouse
import_usage(open_warehouse(sys.argv[1]), Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3]))
"""


def rows(warehouse: Engine, query: str) -> list[tuple[object, ...]]:
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@pytest.mark.parametrize(
    ("count", "cells"),
    [(3_000_000, {"hour": "2026-10-01T00:00:00"}), (300_000, {})],
    ids=["by_themselves", "by_the_warehouse"],
)
def test_of_millions_of_bad_rows_a_thousand_are_stored_and_all_are_counted(
    warehouse: Engine, tmp_path: Path, count: int, cells: dict[str, str]
) -> None:
    file = write(tmp_path / "usage.parquet", repeated(count, **cells))
    assert file.stat().st_size < 100_000
    url = warehouse.url.render_as_string(hide_password=False)
    assert peak_megabytes(IMPORT, url, str(file), AT.isoformat()) < BOUND
    assert rows(warehouse, "SELECT rows_read, rows_rejected FROM metering.imports") == [(count, count)]
    assert rows(warehouse, "SELECT count(*), max(row_number) FROM metering.rejections") == [(1_000, 1_000)]


def test_the_first_rejections_are_those_of_the_lowest_row_numbers_whatever_their_rule(
    warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warehouse.begin() as connection:
        make_subscription(connection, make_buyer(connection), "orders", started_at=datetime(2026, 9, 1, tzinfo=UTC))
    monkeypatch.setattr(load, "MOST_REJECTIONS", 3)
    good, unknown, naive = (
        "sub-01-orders,kf-1,2026-10-01T01:00:00Z,1\n",
        "sub-none,kf-1,2026-10-01T01:00:00Z,1\n",
        "sub-01-orders,kf-1,2026-10-01T01:00:00,1\n",
    )
    file = tmp_path / "usage.csv"
    file.write_text(HEADER + unknown + good + naive + good + naive + unknown + naive)
    done = import_usage(warehouse, file, AT)
    assert (done.rows_read, done.rows_loaded, done.rows_rejected) == (7, 1, 6)
    assert rows(warehouse, "SELECT row_number, rule FROM metering.rejections ORDER BY 1") == [
        (1, "unknown_subscription"),
        (3, "naive_time"),
        (4, "duplicate_row"),
    ]
    assert "6 rejected. The first 3 rejected rows: metering.rejections, import_key" in done.summary()


def importing(warehouse: Engine, file: Path) -> object:
    return import_usage(warehouse, file, AT)


def quoting(warehouse: Engine, file: Path) -> object:
    return quote(warehouse, catalog_price_plans()[0], file, "2026-10")


def comparing(warehouse: Engine, file: Path) -> object:
    plan = catalog_price_plans()[0]
    return compare_plans(warehouse, plan, plan, "2026-10", usage=file)


@pytest.mark.parametrize("way_in", [importing, quoting, comparing], ids=lambda way_in: way_in.__name__)
def test_every_way_in_refuses_what_breaks_a_limit(
    warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way_in: Callable[[Engine, Path], object]
) -> None:
    with pytest.raises(InvalidInputError, match=r"Row 1 of usage.parquet, instance_id is 'kkk.* Nothing of it was loa"):
        way_in(warehouse, long_cells(tmp_path))
    with pytest.raises(InvalidInputError, match="has 5,000,001 rows, more than 5,000,000"):
        way_in(warehouse, write(tmp_path / "usage.parquet", repeated(5_000_001)))
    monkeypatch.setattr(usage_shape, "MOST_INSTANCES", 2)
    lines = [f"sub-01-orders,kf-{number},2026-10-01T01:00:00+08:00,1\n" for number in range(3)]
    (tmp_path / "usage.csv").write_text(HEADER + "".join(lines))
    with pytest.raises(InvalidInputError, match="names more than 2 instances"):
        way_in(warehouse, tmp_path / "usage.csv")
    assert rows(warehouse, "SELECT 1 FROM metering.imports") == []
