"""Blocks of subscriptions: what one transaction makes bills of, so that its time does not grow with their number.

A block is the subscriptions of neighbouring keys, whose hours lie next to each other. One session at a time works on a
block's bills. Sessions on different blocks share the lock on usage, which keeps usage from being written meanwhile.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from include.billing.rating.rate import window_of
from include.domain.sharding import SHARDS
from include.warehouse.engine import USAGE, alone_on_snapshot, locked, statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from include.domain.periods import BillingPeriod

#: Keys in a block: writers of usage wait for as long as the bills of so many take, which is a second or two.
BLOCK = 250


def list_blocks(warehouse: Engine, shard: int | None = None) -> list[int]:
    """The blocks that have subscriptions: of one of the `SHARDS` shards, or all."""
    with warehouse.connect() as connection:
        blocks = connection.execute(statement("billing/bills/list_blocks"), {"block_size": BLOCK}).scalars()
        return [block for block in blocks if shard is None or block % SHARDS == shard]


@contextmanager
def block_alone(warehouse: Engine, block: int) -> Iterator[Connection]:
    """A transaction on one snapshot, which is taken only when no other session works on the block's bills."""
    with alone_on_snapshot(warehouse, _work(block), shared=[USAGE]) as connection:
        yield connection


@contextmanager
def subscription_alone(warehouse: Engine, subscription_key: int) -> Iterator[Connection]:
    """The same for the block of a subscription."""
    with block_alone(warehouse, subscription_key // BLOCK) as connection:
        yield connection


@contextmanager
def bill_locked(connection: Connection, subscription_key: int) -> Iterator[None]:
    """Wait until no other session works on the bills of the subscription's block; for what needs no usage."""
    with locked(connection, *_work(subscription_key // BLOCK)):
        yield


def list_billable(connection: Connection, period: BillingPeriod, block: int) -> list[int]:
    """Keys of the block's subscriptions that the period may still bill: of its time zone, and without a final bill."""
    chosen = {
        **window_of(period),
        "time_zone": period.zone_name,
        "first_key": block * BLOCK,
        "until_key": (block + 1) * BLOCK,
    }
    return list(connection.execute(statement("billing/bills/list_billable"), chosen).scalars())


def _work(block: int) -> tuple[object, ...]:
    return "bills", block
