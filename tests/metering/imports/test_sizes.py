"""Usage files that say the peak of an hour and its seconds in use: what counts, and what a later file changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.catalog.usage_shape import COLUMNS, SIZES
from include.metering.imports.load import import_usage
from tests.support.builders import make_buyer, make_instance, make_subscription
from tests.support.metering.lives import sums_and_usage

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

AT = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
HOUR = "2026-10-01T08:00:00+08:00"
KNOWN = "SELECT aku_seconds, peak_aku, used_seconds, revision FROM metering.usage"


@pytest.fixture
def history(warehouse: Engine) -> Engine:
    """A subscription with an instance, of which nothing is known yet."""
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), started_at=datetime(2026, 9, 1, tzinfo=UTC))
        make_instance(connection, key, "kf-old")
    return warehouse


def load(history: Engine, folder: Path, *values: int | str) -> Any:
    """A file of one row: AKU-seconds, and sizes if they are given."""
    header = [*COLUMNS, *SIZES][: 3 + len(values)]
    file = folder / f"{'-'.join(map(str, values))}.csv"
    file.write_text(",".join(header) + f"\nsub-01-orders,kf-old,{HOUR},{','.join(map(str, values))}\n")
    return import_usage(history, file, AT)


def known(history: Engine) -> tuple[int, ...]:
    with history.connect() as connection:
        [row] = connection.execute(text(KNOWN))
    sums, used = sums_and_usage(history)
    assert sums == used
    return tuple(row)


def test_a_file_says_the_peak_and_the_seconds_in_use(history: Engine, tmp_path: Path) -> None:
    assert load(history, tmp_path, 19_800, 10, 2_700).rows_loaded == 1
    assert known(history) == (19_800, 10, 2_700, 1)


def test_without_them_the_least_counts(history: Engine, tmp_path: Path) -> None:
    load(history, tmp_path, 19_800)
    assert known(history) == (19_800, 6, 3_600, 1)


def test_a_later_file_with_another_peak_replaces_it(history: Engine, tmp_path: Path) -> None:
    load(history, tmp_path, 19_800)
    done = load(history, tmp_path, 19_800, 10, 2_700)
    assert (done.rows_changed, known(history)) == (1, (19_800, 10, 2_700, 2))


def test_a_later_file_that_says_less_changes_nothing(history: Engine, tmp_path: Path) -> None:
    load(history, tmp_path, 19_800, 10, 2_700)
    done = load(history, tmp_path, 19_800)
    assert (done.rows_changed, done.rows_unchanged) == (0, 1)
    assert known(history) == (19_800, 10, 2_700, 1)


def test_a_later_file_with_other_usage_has_its_own_least(history: Engine, tmp_path: Path) -> None:
    load(history, tmp_path, 19_800, 10, 2_700)
    load(history, tmp_path, 7_200)
    assert known(history) == (7_200, 2, 3_600, 2)


def test_sizes_of_a_file_of_json_lines_may_be_in_some_rows_only(history: Engine, tmp_path: Path) -> None:
    file = tmp_path / "usage.jsonl"
    rows = [
        {"hour": "2026-10-01T00:00:00Z", "peak_aku": 4, "used_seconds": 1800},
        {"hour": "2026-10-02T00:00:00Z"},
    ]
    named = {"subscription_id": "sub-01-orders", "instance_id": "kf-old", "aku_seconds": 7200}
    file.write_text("".join(json.dumps(named | row) + "\n" for row in rows))
    import_usage(history, file, AT)
    with history.connect() as connection:
        found = connection.execute(text(f"{KNOWN} ORDER BY hour_start")).all()
    assert [tuple(each)[:3] for each in found] == [(7_200, 4, 1_800), (7_200, 2, 3_600)]
