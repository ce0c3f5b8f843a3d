"""Importing usage history into the warehouse."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.catalog.usage_shape import COLUMNS
from include.domain.errors import FatalError, InvalidInputError
from include.domain.words.metering import REJECTIONS
from include.metering.imports.load import UsageImport, import_usage, report_imports, require_good_rows
from include.warehouse.engine import USAGE, locked
from tests.support.builders import (
    apply_late_usage,
    make_bill,
    make_buyer,
    make_instance,
    make_subscription,
    make_usage,
)
from tests.support.metering.lives import NOON, Environment, every_five_minutes, kafka

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

AT = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)


class World(NamedTuple):
    """A buyer with two subscriptions; kf-old belongs to the second."""

    warehouse: Engine
    folder: Path
    first: int
    second: int
    old: int

    def csv(self, *rows: tuple[str, str, datetime | str, int | str], name: str = "usage.csv") -> Path:
        file = self.folder / name
        lines = [",".join(COLUMNS), *(",".join(_written(value) for value in row) for row in rows)]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    def load(
        self, *rows: tuple[str, str, datetime | str, int | str], again: bool = False, at: datetime = AT
    ) -> UsageImport:
        return import_usage(self.warehouse, self.csv(*rows), at, again=again)

    def usage(self) -> dict[tuple[str, datetime], int]:
        joined = "metering.usage INNER JOIN metering.instances USING (instance_key)"
        query = f"SELECT instance_id, hour_start, aku_seconds FROM {joined}"
        return {(row.instance_id, row.hour_start): row.aku_seconds for row in self.rows(query)}

    def rules(self) -> list[tuple[int, str]]:
        query = "SELECT row_number, rule FROM metering.rejections ORDER BY row_number"
        return [(row.row_number, row.rule) for row in self.rows(query)]

    def sentence(self) -> str:
        (row,) = self.rows("SELECT rule, facts FROM metering.rejections")
        return REJECTIONS[row.rule].say(row.facts)

    def rows(self, query: str) -> list:
        with self.warehouse.connect() as connection:
            return list(connection.execute(text(query)))


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def wait_until(holds: Callable[[], bool], seconds: int = 60) -> None:
    for _ in range(seconds * 50):
        if holds():
            return
        time.sleep(0.02)
    pytest.fail(f"did not happen within {seconds} seconds")


@pytest.fixture
def world(warehouse: Engine, tmp_path: Path) -> World:
    with warehouse.begin() as connection:
        buyer = make_buyer(connection)
        first = make_subscription(connection, buyer, "orders", started_at=OCTOBER)
        second = make_subscription(connection, buyer, "payments", started_at=OCTOBER)
        old = make_instance(connection, second, "kf-old")
    return World(warehouse, tmp_path, first, second, old)


FIRST, SECOND = "sub-01-orders", "sub-01-payments"


def test_good_rows_become_usage_and_their_instances_are_entered(world: World) -> None:
    done = world.load(
        (FIRST, "kf-new", "2026-10-01T08:00:00+08:00", 21600),
        (FIRST, "kf-new", OCTOBER + HOUR, 0),
        (SECOND, "kf-old", OCTOBER, 1_800_000),
    )
    assert (done.rows_read, done.rows_loaded, done.rows_changed, done.rows_unchanged, done.rows_rejected) == (
        3,
        3,
        0,
        0,
        0,
    )
    assert world.usage() == {
        ("kf-new", OCTOBER): 21600,
        ("kf-new", OCTOBER + HOUR): 0,
        ("kf-old", OCTOBER): 1_800_000,
    }
    (instance,) = world.rows("SELECT * FROM metering.instances WHERE instance_id = 'kf-new'")
    assert instance.subscription_key == world.first
    assert (instance.first_seen_at, instance.last_seen_at) == (OCTOBER, OCTOBER + HOUR)
    rows = world.rows("SELECT DISTINCT source, import_key, inferred_aku_seconds, gap_seconds FROM metering.usage")
    assert rows == [("import", done.import_key, 0, 0)]


def test_all_three_forms_load_the_same(world: World) -> None:
    rows = [[FIRST, "kf-new", (OCTOBER + n * HOUR).isoformat(), 100 + n] for n in range(3)]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame.to_csv(world.folder / "a.csv", index=False)
    frame.to_json(world.folder / "a.jsonl", orient="records", lines=True)
    frame.to_parquet(world.folder / "a.parquet", index=False)
    done = [import_usage(world.warehouse, world.folder / f"a.{form}", AT) for form in ("csv", "jsonl", "parquet")]
    assert [(each.rows_loaded, each.rows_unchanged) for each in done] == [(3, 0), (0, 3), (0, 3)]
    assert world.rows("SELECT format FROM metering.imports ORDER BY import_key") == [("csv",), ("jsonl",), ("parquet",)]


def test_the_same_file_twice_changes_nothing(world: World) -> None:
    rows: list[Any] = [(FIRST, "kf-new", OCTOBER, 21600), (FIRST, "kf-new", OCTOBER, "x")]
    first, second = world.load(*rows), world.load(*rows)
    assert not first.imported_before
    assert second == UsageImport(**{**first.facts(), "imported_before": True})
    assert "was imported before" in second.summary()
    assert world.rows("SELECT count(*) FROM metering.imports") == [(1,)]
    assert world.rows("SELECT revision FROM metering.usage") == [(1,)]


def test_an_old_file_again_does_not_undo_its_correction(world: World) -> None:
    world.load((FIRST, "kf-new", OCTOBER, 1))
    world.load((FIRST, "kf-new", OCTOBER, 2))
    world.load((FIRST, "kf-new", OCTOBER, 1))
    assert world.usage() == {("kf-new", OCTOBER): 2}


def test_a_corrected_file_replaces_what_an_earlier_import_said(world: World) -> None:
    world.load((FIRST, "kf-new", OCTOBER, 21600), (FIRST, "kf-new", OCTOBER + HOUR, 5))
    done = world.load((FIRST, "kf-new", OCTOBER, 10800), (FIRST, "kf-new", OCTOBER + HOUR, 5))
    assert (done.rows_loaded, done.rows_changed, done.rows_unchanged) == (1, 1, 1)
    assert world.usage()["kf-new", OCTOBER] == 10800
    query = f"SELECT import_key = {done.import_key}, revision FROM metering.usage ORDER BY hour_start"
    assert world.rows(query) == [(True, 2), (False, 1)]


def test_bad_rows_are_kept_with_their_reason_and_good_ones_are_loaded(world: World) -> None:
    done = world.load(
        (FIRST, "kf-new", OCTOBER, 1),
        (FIRST, "kf-new", OCTOBER + HOUR, -1),
        (FIRST, "kf-new", "2026-10-01T05:00:00", 1),
        ("sub-none", "kf-x", OCTOBER, 1),
        (FIRST, "kf-old", OCTOBER, 1),
        (FIRST, "kf-new", OCTOBER - HOUR, 1),
        (FIRST, "kf-new", OCTOBER, 7),
        (FIRST, "kf-new", AT.replace(minute=0), 1),
    )
    assert (done.rows_read, done.rows_loaded, done.rows_rejected) == (8, 2, 6)
    assert world.usage() == {("kf-new", OCTOBER): 1, ("kf-old", OCTOBER): 1}
    assert world.rules() == [
        (2, "negative_quantity"),
        (3, "naive_time"),
        (4, "unknown_subscription"),
        (6, "before_start"),
        (7, "duplicate_row"),
        (8, "future_hour"),
    ]
    assert len(done.first_reasons) == 5
    assert done.first_reasons[2] == "Row 4: subscription sub-none is not known. Check the id, or onboard it first."
    assert f"metering.rejections, import_key {done.import_key}" in done.summary()
    (row,) = world.rows("SELECT * FROM metering.rejections WHERE row_number = 7")
    assert row.source == "import"
    assert row.rejected_at == AT
    assert row.payload == {
        "subscription_id": FIRST,
        "instance_id": "kf-new",
        "hour": "2026-10-01T00:00:00Z",
        "aku_seconds": 7,
    }
    assert row.facts["first_row"] == 1
    for row in world.rows("SELECT * FROM metering.rejections"):
        assert REJECTIONS[row.rule].names() <= set(row.facts)


def test_two_subscriptions_may_use_the_same_instance_id(world: World) -> None:
    done = world.load((FIRST, "kf-new", OCTOBER, 3), (SECOND, "kf-new", OCTOBER, 2), (FIRST, "kf-old", OCTOBER, 4))
    assert (done.rows_loaded, done.rows_rejected) == (3, 0)
    query = """
        SELECT subscription_key, instance_id, aku_seconds FROM metering.usage
        JOIN metering.instances USING (instance_key, subscription_key) ORDER BY 1, 2
    """
    assert world.rows(query) == [(world.first, "kf-new", 3), (world.first, "kf-old", 4), (world.second, "kf-new", 2)]
    sums = world.rows("SELECT subscription_key, aku_seconds FROM metering.subscription_hours ORDER BY 1")
    assert sums == [(world.first, 7), (world.second, 2)]


def test_the_hours_of_two_subscriptions_with_one_instance_id_are_no_duplicates(world: World) -> None:
    world.load((FIRST, "kf-old", OCTOBER, 1))
    done = world.load((FIRST, "kf-old", OCTOBER, 5), (SECOND, "kf-old", OCTOBER, 6), (SECOND, "kf-old", OCTOBER, 7))
    assert (done.rows_changed, done.rows_loaded, world.rules()) == (1, 2, [(3, "duplicate_row")])


def test_a_wrong_row_does_not_take_an_instance_from_its_console(warehouse: Engine, tmp_path: Path) -> None:
    orders, payments = Environment(warehouse, "a"), Environment(warehouse, "b")
    world = World(warehouse, tmp_path, orders.subscription_key, payments.subscription_key, 0)
    wrong = ("sub-11-a", "kf-b", NOON - 2 * HOUR, 1)
    world.load(wrong)
    payments.tell(*every_five_minutes(payments, 60, kafka(10, name="kf-b")))
    payments.close()
    assert world.usage() == {("kf-b", NOON - 2 * HOUR): 1, ("kf-b", NOON): 36000}
    assert world.load(("sub-11-b", "kf-b", NOON - 2 * HOUR, 1)).rows_loaded == 1
    assert world.rules() == []


def test_no_instance_is_entered_for_rejected_rows(world: World) -> None:
    world.load((FIRST, "kf-new", OCTOBER - HOUR, 1))
    assert world.rows("SELECT instance_id FROM metering.instances") == [("kf-old",)]


def test_the_hour_in_which_a_subscription_started_counts_and_the_one_after_its_end_does_not(world: World) -> None:
    with world.warehouse.begin() as connection:
        connection.execute(
            text("UPDATE core.subscriptions SET started_at = :start, ended_at = :end, state = 'released'"),
            {"start": OCTOBER + HOUR / 2, "end": OCTOBER + 5 * HOUR / 2},
        )
    world.load(*((FIRST, "kf-new", OCTOBER + n * HOUR, 1) for n in range(-1, 4)))
    assert sorted(hour for _, hour in world.usage()) == [OCTOBER, OCTOBER + HOUR, OCTOBER + 2 * HOUR]
    assert world.rules() == [(1, "before_start"), (5, "after_end")]


def test_a_measured_hour_stays_as_it_is_and_a_different_value_is_rejected_with_both(world: World) -> None:
    with world.warehouse.begin() as connection:
        make_usage(connection, world.old, OCTOBER, [600, 700])
    done = world.load((SECOND, "kf-old", OCTOBER, 600), (SECOND, "kf-old", OCTOBER + HOUR, 701))
    assert (done.rows_loaded, done.rows_unchanged, done.rows_rejected) == (0, 1, 1)
    assert world.usage() == {("kf-old", OCTOBER): 600, ("kf-old", OCTOBER + HOUR): 700}
    assert world.rules() == [(2, "already_measured")]
    assert "was measured as 700 AKU-seconds; the file says 701" in world.sentence()


def test_a_file_counts_in_a_closed_hour_of_which_readings_found_nothing(world: World) -> None:
    with world.warehouse.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO metering.environment_hours SELECT :hour, environment_key, 'closed', 1, :hour "
                "FROM core.environments WHERE subscription_key = :key"
            ),
            {"hour": OCTOBER, "key": world.first},
        )
    done = world.load((FIRST, "kf-a", OCTOBER, 0), (FIRST, "kf-b", OCTOBER, 1), (FIRST, "kf-b", OCTOBER + HOUR, 1))
    assert (done.rows_loaded, done.rows_unchanged, world.rules()) == (3, 0, [])


ADJUSTMENTS = """
SELECT instance_id, hour_start, aku_seconds_before, aku_seconds_after, cause, state
FROM billing.late_usage INNER JOIN metering.instances USING (instance_key) ORDER BY late_usage_key
"""


def test_an_hour_on_an_issued_bill_keeps_its_usage_and_the_difference_waits_as_an_adjustment(world: World) -> None:
    world.load((SECOND, "kf-old", OCTOBER, 600))
    with world.warehouse.begin() as connection:
        make_bill(connection, world.second, "2026-10", "1.00")
    inside, outside = datetime(2026, 10, 31, 15, tzinfo=UTC), datetime(2026, 10, 31, 16, tzinfo=UTC)
    done = world.load(
        (SECOND, "kf-old", OCTOBER, 550),
        (SECOND, "kf-old", OCTOBER, 601),
        (SECOND, "kf-old", OCTOBER + HOUR, 0),
        (SECOND, "kf-new", inside, 1),
        (SECOND, "kf-old", outside, 1),
        (FIRST, "kf-first", inside, 1),
    )
    assert world.rules() == [(2, "duplicate_row")]
    assert (done.rows_loaded, done.rows_late, done.rows_unchanged, done.rows_rejected) == (2, 2, 1, 1)
    assert done.late_for_bills == ["2026-10-sub-01-payments"]
    assert world.usage() == {("kf-old", OCTOBER): 600, ("kf-old", outside): 1, ("kf-first", inside): 1}
    assert world.rows(ADJUSTMENTS) == [
        ("kf-old", OCTOBER, 600, 550, "imported", "pending"),
        ("kf-new", inside, 0, 1, "imported", "pending"),
    ]
    assert "2 differ from issued bills and wait as late usage (2026-10-sub-01-payments)" in done.summary()


def test_importing_a_billed_hour_twice_is_the_same_as_once(world: World) -> None:
    with world.warehouse.begin() as connection:
        make_bill(connection, world.second, "2026-10", "1.00")
    row = (SECOND, "kf-old", OCTOBER, 550)
    first = world.load(row)
    assert world.load(row).imported_before
    again = world.load(row, again=True)
    assert (first.rows_late, again.rows_late) == (1, 1)
    assert [tuple(each)[2:4] for each in world.rows(ADJUSTMENTS)] == [(0, 550)]


def test_the_last_file_decides_what_waits_and_one_that_says_as_billed_withdraws_it(world: World) -> None:
    world.load((SECOND, "kf-old", OCTOBER, 600))
    with world.warehouse.begin() as connection:
        make_bill(connection, world.second, "2026-10", "1.00")
    world.load((SECOND, "kf-old", OCTOBER, 550))
    world.load((SECOND, "kf-old", OCTOBER, 650), at=AT + HOUR)
    assert [tuple(each)[2:] for each in world.rows(ADJUSTMENTS)] == [(600, 650, "imported", "pending")]
    done = world.load((SECOND, "kf-old", OCTOBER, 600), again=True, at=AT + 2 * HOUR)
    assert (done.rows_late, done.rows_unchanged) == (0, 1)
    assert [each.state for each in world.rows(ADJUSTMENTS)] == ["withdrawn"]


def test_after_an_adjustment_was_applied_a_file_is_held_against_what_is_billed_by_then(world: World) -> None:
    world.load((SECOND, "kf-old", OCTOBER, 600))
    with world.warehouse.begin() as connection:
        make_bill(connection, world.second, "2026-10", "1.00")
    world.load((SECOND, "kf-old", OCTOBER, 550))
    with world.warehouse.begin() as connection:
        apply_late_usage(connection, world.second, "2026-10")
    assert world.load((SECOND, "kf-old", OCTOBER, 550), again=True).rows_unchanged == 1
    assert world.load((SECOND, "kf-old", OCTOBER, 600), again=True).rows_late == 1
    assert [tuple(each)[2:4] for each in world.rows(ADJUSTMENTS)] == [(600, 550), (550, 600)]


def test_a_billed_hour_that_was_measured_is_not_adjusted_by_a_file(world: World) -> None:
    with world.warehouse.begin() as connection:
        make_usage(connection, world.old, OCTOBER, [600])
        make_bill(connection, world.second, "2026-10", "1.00")
    done = world.load((SECOND, "kf-old", OCTOBER, 550))
    assert (done.rows_late, world.rules()) == (0, [(1, "already_measured")])
    assert world.rows(ADJUSTMENTS) == []


def test_a_billed_hour_of_which_readings_know_otherwise_is_not_adjusted_by_a_file(world: World) -> None:
    world.load((SECOND, "kf-old", OCTOBER, 600), (SECOND, "kf-old", OCTOBER + HOUR, 600))
    with world.warehouse.begin() as connection:
        bill = make_bill(connection, world.second, "2026-10", "1.00")
        connection.execute(
            text("""
            INSERT INTO billing.late_usage (bill_key, subscription_key, environment_key, instance_key,
                hour_start, aku_seconds_before, aku_seconds_after, peak_aku_before, peak_aku_after, used_seconds_before,
                used_seconds_after, cause, found_at)
            SELECT :bill, subscription_key, environment_key, instance_key, :hour, 600, 700, 1, 1, 600, 700,
                'late_answer', :hour
            FROM metering.instances WHERE instance_key = :old
            """),
            {"bill": bill, "hour": OCTOBER, "old": world.old},
        )
    done = world.load((SECOND, "kf-old", OCTOBER, 550), (SECOND, "kf-old", OCTOBER + HOUR, 550))
    assert (done.rows_late, world.rules()) == (1, [(1, "already_measured")])
    assert [tuple(each)[2:] for each in world.rows(ADJUSTMENTS)] == [
        (600, 700, "late_answer", "pending"),
        (600, 550, "imported", "pending"),
    ]


def test_a_bill_that_is_issued_while_a_file_is_read_is_not_gone_behind(world: World) -> None:
    """Another session issues bills and holds the usage lock; the import checks rows only when it has it."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        with world.warehouse.begin() as other, locked(other, *USAGE):
            running = pool.submit(world.load, (FIRST, "kf-new", OCTOBER, 9))
            wait_until(lambda: bool(world.rows("SELECT 1 FROM pg_locks WHERE NOT granted")) or running.done())
            make_bill(other, world.first, "2026-10", "1.00")
        assert running.result(60).rows_late == 1
    assert world.usage() == {}
    assert [tuple(each)[2:4] for each in world.rows(ADJUSTMENTS)] == [(0, 9)]


@pytest.mark.parametrize("state", ["draft", "held"])
def test_a_bill_that_is_not_issued_holds_up_nothing(world: World, state: str) -> None:
    with world.warehouse.begin() as connection:
        make_bill(connection, world.first, "2026-10", "1.00", state)
    assert world.load((FIRST, "kf-new", OCTOBER, 1)).rows_loaded == 1


def test_a_file_can_be_judged_again_when_the_world_has_changed(world: World) -> None:
    rows = [(FIRST, "kf-new", OCTOBER, 1), ("sub-01-later", "kf-later", OCTOBER, 2)]
    first = world.load(*rows)
    with world.warehouse.begin() as connection:
        make_subscription(connection, "1100000000000001", "later")
    again = world.load(*rows, again=True)
    assert again.import_key == first.import_key
    assert (again.rows_loaded, again.rows_unchanged, again.rows_rejected, world.rules()) == (1, 1, 0, [])


@pytest.mark.parametrize(
    "content", ["", "nonsense\n1\n", ",".join(COLUMNS) + f'\n{FIRST},kf-new,{OCTOBER.isoformat()},1\nx,"y']
)
def test_of_a_broken_file_nothing_is_loaded(world: World, content: str) -> None:
    file = world.csv()
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInputError):
        import_usage(world.warehouse, file, AT)
    assert world.usage() == {}
    assert world.rows("SELECT 1 FROM metering.imports") == []
    assert world.rows("SELECT instance_id FROM metering.instances") == [("kf-old",)]


def test_a_missing_file_is_named(world: World) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        import_usage(world.warehouse, world.folder / "none.csv", AT)


@pytest.mark.slow
def test_an_import_that_is_killed_leaves_nothing_and_can_be_done_again(world: World) -> None:
    import subprocess
    import sys

    hours = [OCTOBER + n * HOUR for n in range(700)]
    file = world.csv(*((FIRST, f"kf-{n}", hour, 1) for n in range(300) for hour in hours))
    program = (
        "import sys\nfrom datetime import datetime\nfrom pathlib import Path\n"
        "from include.metering.imports.load import import_usage\nfrom include.warehouse.engine import open_warehouse\n"
        "import_usage(open_warehouse(sys.argv[1]), Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3]))"
    )
    url = world.warehouse.url.render_as_string(hide_password=False)
    child = subprocess.Popen([sys.executable, "-c", program, url, str(file), AT.isoformat()], env=os.environ)
    begun = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted"
    wait_until(lambda: bool(world.rows(begun)) or child.poll() is not None)
    child.kill()
    assert child.wait() == -9, "it was done before it could be killed: take a larger file"
    assert world.usage() == {}
    done = import_usage(world.warehouse, file, AT)
    assert (done.rows_loaded, done.imported_before) == (210_000, False)


def test_readings_that_close_an_hour_meanwhile_are_not_overwritten(world: World) -> None:
    """The other session holds its hour uncommitted while the import judges; then the unique key decides."""
    from concurrent.futures import ThreadPoolExecutor

    from include.domain.errors import RetriableError

    world.load((SECOND, "kf-old", OCTOBER + HOUR, 1))
    url = world.warehouse.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with ThreadPoolExecutor(1) as pool, psycopg.connect(url) as other:
        other.execute(
            "INSERT INTO metering.usage "
            "(hour_start, instance_key, subscription_key, environment_key, aku_seconds, peak_aku, used_seconds, "
            "source) "
            "SELECT %s, instance_key, subscription_key, environment_key, 5, 1, 5, 'readings' FROM metering.instances",
            [OCTOBER],
        )
        running = pool.submit(world.load, (SECOND, "kf-old", OCTOBER, 9))
        wait_until(lambda: bool(world.rows("SELECT 1 FROM pg_locks WHERE NOT granted")) or running.done())
        other.commit()
        with pytest.raises(RetriableError, match="judged again"):
            running.result()
    assert world.load((SECOND, "kf-old", OCTOBER, 9)).rows_rejected == 1
    assert world.usage()["kf-old", OCTOBER] == 5


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(
        st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=12),
        min_size=1,
        max_size=3,
    )
)
def test_usage_is_what_the_last_file_says_and_in_it_the_first_row(
    world: World, files: list[list[tuple[str, int, int]]]
) -> None:
    """Against a plain dictionary, over any files in any order."""
    with world.warehouse.begin() as connection:
        connection.execute(text("DELETE FROM metering.usage"))
        connection.execute(text("DELETE FROM metering.imports"))
        connection.execute(text("DELETE FROM metering.rejections"))
    expected: dict[tuple[str, datetime], int] = {}
    seen: set[str] = set()
    for rows in files:
        first: dict[tuple[str, datetime], int] = {}
        for name, hour, quantity in rows:
            first.setdefault((f"kf-{name}", OCTOBER + hour * HOUR), quantity)
        done = world.load(*((FIRST, f"kf-{name}", OCTOBER + hour * HOUR, quantity) for name, hour, quantity in rows))
        if str(rows) not in seen:
            changed = {key for key, value in first.items() if key in expected and expected[key] != value}
            assert done.rows_loaded == len(set(first) - set(expected)) + len(changed)
            assert done.rows_changed == len(changed)
            assert done.rows_rejected == len(rows) - len(first)
            assert done.rows_read == done.rows_loaded + done.rows_unchanged + done.rows_rejected
            expected |= first
        seen.add(str(rows))
        assert world.usage() == expected


def test_a_report_sums_up_and_fails_when_a_file_is_missing(world: World) -> None:
    done = world.load((FIRST, "kf-new", OCTOBER, 1), (FIRST, "kf-new", OCTOBER, 2))
    assert report_imports(["usage.csv"], [done]) == {
        "files": 1,
        "rows_read": 2,
        "rows_loaded": 1,
        "rows_changed": 0,
        "rows_unchanged": 0,
        "rows_late": 0,
        "rows_rejected": 1,
    }
    with pytest.raises(FatalError, match="1 of 2 files were not imported"):
        report_imports(["usage.csv", "other.csv"], [done])
    with pytest.raises(FatalError, match="find_files says why"):
        report_imports(None, [])


def test_rejected_rows_need_a_person_even_where_others_are_loaded(world: World) -> None:
    good = world.load((FIRST, "kf-new", OCTOBER, 1))
    require_good_rows([good])
    bad = world.load((FIRST, "kf-other", OCTOBER, 1), (FIRST, "kf-other", OCTOBER, 2))
    with pytest.raises(FatalError, match=r"all others are imported.* 2 rows read, 1 loaded .* 1 rejected\. .* First: "):
        require_good_rows([good, bad])


def test_lines_that_are_no_rows_are_kept_with_their_number_and_the_others_are_loaded(world: World) -> None:
    row = '{"subscription_id": "%s", "instance_id": "%s", "hour": "2026-10-01T00:00:00Z", "aku_seconds": 3600}'
    file = world.folder / "usage.jsonl"
    lines = [row % ("sub-01-orders", "kf\\ud83d"), row % ("sub-01-orders", "kf-1"), "{", "[]"]
    file.write_text("\n".join(lines), encoding="utf-8")
    done = import_usage(world.warehouse, file, AT)
    assert (done.rows_read, done.rows_loaded, done.rows_rejected) == (4, 1, 3)
    assert world.rules() == [(1, "bad_instance_id"), (3, "not_a_row"), (4, "not_a_row")]
