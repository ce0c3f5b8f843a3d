"""A period is closed block by block, which its bills do not show."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from tenacity import retry, stop_after_delay, wait_fixed

from include.billing.bills import blocks, close
from include.billing.bills.close import close_period, close_shard, sum_up
from include.domain.sharding import SHARDS
from include.warehouse.engine import USAGE, locked
from tests.support.billing.documents import bills_of
from tests.support.billing.october import DUE, OCTOBER

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

WAITING = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")


@pytest.fixture
def nine(prices: Engine, subscribe: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Nine subscriptions in blocks of two."""
    monkeypatch.setattr(blocks, "BLOCK", 2)
    for number in range(9):
        subscribe(f"s{number}", usage=(3600 + number,))
    return prices


def test_a_close_that_ends_between_two_blocks_leaves_whole_bills_and_goes_on_there(
    nine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = blocks.list_blocks(nine)
    with monkeypatch.context() as broken:
        broken.setattr(close, "list_blocks", lambda warehouse, shard: [*blocks.list_blocks(warehouse, shard), None])
        with pytest.raises(TypeError):
            close_shard(nine, OCTOBER, first % SHARDS, DUE)
    before = bills_of(nine)
    assert {bill.state for bill in before} == {"issued"}
    assert 0 < len(before) < 9

    closed = close_period(nine, OCTOBER, DUE)

    assert (closed.drafted_count, closed.issued_count, closed.missing) == (9 - len(before), 9, [])
    assert [bill for bill in bills_of(nine) if bill.bill_id in {one.bill_id for one in before}] == before


def test_shards_are_closed_side_by_side_and_by_two_runs_at_once(nine: Engine) -> None:
    with ThreadPoolExecutor(2 * SHARDS) as workers:
        shards = list(workers.map(lambda n: close_shard(nine, OCTOBER, n % SHARDS, DUE), range(2 * SHARDS)))
    closed = sum_up(nine, OCTOBER, shards)
    assert (closed.drafted_count, closed.issued_count, closed.missing) == (9, 9, [])
    with nine.connect() as connection:
        issues = text("SELECT count(*) FROM billing.bill_events WHERE to_state = 'issued'")
        assert connection.scalar(issues) == 9


def test_usage_is_written_between_two_blocks(nine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits to write usage is let in before the next block, and not before the first one is done."""
    order: list[Any] = []
    issue = close.issue

    def write() -> None:
        with nine.begin() as connection, locked(connection, *USAGE):
            order.append("usage")

    with ThreadPoolExecutor(1) as writer:

        def issue_while_one_waits(connection: Any, period: Any, at: Any, by: Any, subscriptions: Any) -> None:
            if not order:
                writer.submit(write)
                _see_one_wait(nine)
            order.append(subscriptions)
            issue(connection, period, at, by, subscriptions)

        monkeypatch.setattr(close, "issue", issue_while_one_waits)
        close_period(nine, OCTOBER, DUE)
    assert [order.index("usage"), len(order)] == [1, len(blocks.list_blocks(nine)) + 1]


@retry(stop=stop_after_delay(10), wait=wait_fixed(0.05))
def _see_one_wait(warehouse: Engine) -> None:
    with warehouse.connect() as connection:
        assert connection.scalar(WAITING) == 1
