"""The same work done several times at once gives what doing it once gives."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from include.domain.periods import HOUR, BillingPeriod, Window
from include.metering.hours.close import close_hours
from include.metering.imports.load import import_usage
from include.metering.polling.record import record_polls
from tests.support.breaking import held, wait_until
from tests.support.builders import make_buyer, make_subscription, rows
from tests.support.metering.lives import Environment, at, every_five_minutes, gaps, hour_states, hours, kafka

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

OCTOBER = BillingPeriod("2026-10", "Asia/Shanghai")
DUE = OCTOBER.window.end + 6 * HOUR
USAGE = "SELECT instance_id, hour_start, aku_seconds FROM metering.usage JOIN metering.instances USING (instance_key)"
T = TypeVar("T")


def both_at_once(warehouse: Engine, table: str, first: Callable[[], T], second: Callable[[], T]) -> tuple[T, T]:
    """Have the first stop in the middle until the second has begun, too."""
    with ThreadPoolExecutor(2) as pool:
        with held(warehouse, table) as is_wanted:
            one = pool.submit(first)
            wait_until(lambda: is_wanted() or one.done())
            two = pool.submit(second)
            waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            wait_until(lambda: bool(rows(warehouse, waits)) or two.done())
            assert not one.done()
        return one.result(), two.result()


def usage_file(folder: Path, name: str, *aku_seconds: int) -> Path:
    """A file of consecutive hours of one instance."""
    lines = [
        f"sub-01-orders,kf-1,{(OCTOBER.window.start + n * HOUR).isoformat()},{quantity}"
        for n, quantity in enumerate(aku_seconds)
    ]
    file = folder / name
    file.write_text("\n".join(["subscription_id,instance_id,hour,aku_seconds", *lines]), encoding="utf-8")
    return file


def test_two_imports_of_one_file_load_it_once(warehouse: Engine, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        make_subscription(connection, make_buyer(connection), metering_started_at=None)
    file = usage_file(tmp_path, "usage.csv", 1, 2, 3)

    def load() -> bool:
        return import_usage(warehouse, file, DUE).imported_before

    assert both_at_once(warehouse, "metering.usage", load, load) == (False, True)
    assert [row[2] for row in rows(warehouse, f"{USAGE} ORDER BY hour_start")] == [1, 2, 3]
    assert rows(warehouse, "SELECT rows_loaded FROM metering.imports") == [(3,)]


def test_of_two_files_for_the_same_hours_the_later_one_counts(warehouse: Engine, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        make_subscription(connection, make_buyer(connection), metering_started_at=None)
    earlier, later = usage_file(tmp_path, "a.csv", 1, 2, 3), usage_file(tmp_path, "b.csv", 4, 5)
    done = both_at_once(
        warehouse,
        "metering.usage",
        lambda: import_usage(warehouse, earlier, DUE).rows_changed,
        lambda: import_usage(warehouse, later, DUE).rows_changed,
    )
    assert done == (0, 2)
    assert [row[2] for row in rows(warehouse, f"{USAGE} ORDER BY hour_start")] == [4, 5, 3]


def test_two_closings_of_the_same_hours_leave_them_closed_once(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 20, kafka(6)), orders.poll(30, error="unreachable"))
    orders.tell(*every_five_minutes(orders, 125, kafka(9, m=40), since=50))

    def close() -> int:
        return close_hours(warehouse, Window(at(0), at(120)), at(127)).closed

    assert both_at_once(warehouse, "metering.usage", close, close) == (2, 2)
    once = hours(warehouse), gaps(warehouse)
    assert len(once[0]) == 2
    close()
    assert (hours(warehouse), gaps(warehouse)) == once


def test_polls_that_arrive_while_their_hour_is_being_closed_are_not_lost(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 65, kafka(6)))
    late = orders.poll(42.5, kafka(9, m=41))

    def close() -> None:
        close_hours(warehouse, Window(at(0), at(60)), at(67))

    def arrive() -> None:
        record_polls(warehouse, [late])

    both_at_once(warehouse, "metering.usage", close, arrive)
    assert [state for _, state, _ in hour_states(warehouse)] == ["stale"]
    close()
    assert [state for _, state, _ in hour_states(warehouse)] == ["closed"]
    assert hours(warehouse)[0].aku_seconds > 6 * 3600
