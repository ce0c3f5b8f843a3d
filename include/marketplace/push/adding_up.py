"""Adds up where usage went, so that a page of many subscriptions reads sums and not a month of hours.

What is added up is marketplace.agreement, by subscription and day, and from these days what each bill charges for them,
by the rule of marketplace.agreement_in_money. Whatever changes usage or a record notes the day in the same transaction
(marketplace.note_changed_days): hours that are closed, closed again or imported, records that are entered, sent,
resolved or decided. Bills are never changed once they are made, so one that is to be added up is one that has no sums
yet, and one that was replaced is one that has sums and is no more; where it has included usage, which makes some of it
free, its days are noted too. A run takes the notes, and adds up what they name; what is noted meanwhile stays for the
next run.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from include.warehouse.engine import alone, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine

_DAY = timedelta(days=1)
#: What one transaction adds up at most; with 10,000 subscriptions it takes seconds.
_DAYS_AT_ONCE = 7
_BILLS_AT_ONCE = 5_000


class AddedUp(NamedTuple):
    """What a run added up: days of subscriptions, and bills."""

    days: int
    bills: int


def add_up(warehouse: Engine, at: datetime, is_over: Callable[[], bool] = lambda: False) -> AddedUp:
    """Add up what changed, the newest days first, in transactions that each leave true sums.

    Args:
        warehouse: where usage, ledger and bills are.
        at: when the run began; what is added up is at least as new.
        is_over: whether the run's time is over; the next one then goes on.

    Raises:
        RetriableError: when another run is at work on it.
    """
    days = bills = 0
    with alone(warehouse, ("marketplace", "agreement")) as connection:
        with connection.begin():
            connection.execute(statement("marketplace/push/forget_bills"))
        for step in (_add_up_new_bills, _add_up_days):
            while not is_over():
                with connection.begin():
                    done = step(connection, at)
                if not any(done):
                    break
                days, bills = days + done.days, bills + done.bills
    return AddedUp(days, bills)


def _add_up_new_bills(connection: Connection, at: datetime) -> AddedUp:
    new = connection.scalars(statement("marketplace/push/take_new_bills"), {"at_most": _BILLS_AT_ONCE}).all()
    _add_up_bills(connection, new, at)
    return AddedUp(0, len(new))


def _add_up_days(connection: Connection, at: datetime) -> AddedUp:
    """The newest days that were noted, and the bills that charge them."""
    taken = connection.execute(statement("marketplace/push/take_changes"), {"at_most": _DAYS_AT_ONCE}).all()
    if not taken:
        return AddedUp(0, 0)
    for day_start, subscription_keys in taken:
        facts = {"day_start": day_start, "day_end": day_start + _DAY, "subscription_keys": subscription_keys, "at": at}
        connection.execute(statement("marketplace/push/add_up_day"), facts)
    touched = {
        "subscription_keys": sorted({key for _, keys in taken for key in keys}),
        "since": taken[0].day_start,
        "until": taken[-1].day_start + _DAY,
    }
    bill_keys = connection.scalars(statement("marketplace/push/list_touched_bills"), touched).all()
    _add_up_bills(connection, bill_keys, at)
    return AddedUp(sum(len(keys) for _, keys in taken), len(bill_keys))


def _add_up_bills(connection: Connection, bill_keys: Sequence[int], at: datetime) -> None:
    connection.execute(statement("marketplace/push/add_up_bills"), {"bill_keys": list(bill_keys), "at": at})
