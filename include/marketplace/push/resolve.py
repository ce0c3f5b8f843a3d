"""Resolves records of which it is not known whether they arrived, by the bill that the Marketplace makes of them.

The bill has the usage of an instance by day. If a day's usage on the bill is what was accepted there, none of the day's
unknown records arrived; if it is that and some of the unknown ones, and no others would give the same sum, these
arrived. Otherwise a person decides. That something is on the bill is certain at once; that it is not, only when the
bill has had time to be made.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple, Protocol

from include.domain.billing_cycles import CYCLE_ZONE
from include.domain.errors import AkubillError
from include.domain.money import ZERO, Decimal
from include.domain.periods import time_zone
from include.domain.usage import SECONDS_PER_HOUR
from include.warehouse.engine import locked, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Engine

    from include.alibaba.bss import BillItem

#: Bills lag the usage by a day, and their columns by two: what is missing after this is not on the bill.
BILLED_AFTER = timedelta(hours=72)
#: Older days are the reconciliation's and a person's.
_LOOKED_BACK = timedelta(days=35)
#: More unknown records of a day are left to a person: too many sums would fit.
_MOST_UNKNOWN = 12
_USAGE_ITEMS = "PayAsYouGoBill"
#: AKU-hours on a bill are rounded at some place; so far from a whole AKU-second they are something else.
_NOISE = Decimal("0.01")


class DailyBills(Protocol):
    """One account's bills by day; include/alibaba/bss.py is the real one."""

    def instance_bill(
        self, billing_cycle: str, *, billing_date: date, instance_id: str, product_code: str
    ) -> Iterable[BillItem]:
        """The items of an instance's day."""


@dataclass(slots=True)
class Resolved:
    """What came of it.

    Attributes:
        outcomes: how many records got each outcome; `unknown` for those that stay.
        failures: per account id, why its bill could not be read.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)


class _Day(NamedTuple):
    account_id: str
    marketplace_instance_id: str
    product_code: str
    day_start: datetime
    accepted: int | None
    record_keys: list[int]
    quantities: list[int]


def resolve_by_bills(warehouse: Engine, channel: str, at: datetime, bills_of: Callable[[str], DailyBills]) -> Resolved:
    """Resolve what the bills resolve.

    Args:
        warehouse: where the ledger is.
        channel: the channel that these bills are of.
        at: the instant of the run.
        bills_of: opens a buyer's bills by account id; may raise what a missing or refused access raises.
    """
    resolved = Resolved()
    facts = {"channel": channel, "zone": CYCLE_ZONE, "since": at - _LOOKED_BACK}
    with warehouse.connect() as connection:
        days = [
            _Day(**row)
            for row in connection.execute(statement("marketplace/push/list_doubtful_days"), facts).mappings()
        ]
    for day in days:
        try:
            arrived = _arrived(day, _billed(bills_of(day.account_id), day), at)
        except AkubillError as error:
            resolved.failures[day.account_id] = str(error)
            arrived = None
        if arrived is None:
            resolved.outcomes["unknown"] += len(day.record_keys)
            continue
        lost = [key for key in day.record_keys if key not in arrived]
        with warehouse.begin() as connection, locked(connection, "marketplace", "push", channel):
            for keys, outcome, reason in ((arrived, "accepted", "on_bill"), (lost, "missed", "not_on_bill")):
                changed = {"record_keys": keys, "outcome": outcome, "reason": reason, "now": at}
                done = connection.execute(statement("marketplace/push/resolve_unknown"), changed).rowcount
                resolved.outcomes[outcome] += done
    resolved.outcomes += Counter()  # without those that are 0
    return resolved


def _billed(bills: DailyBills, day: _Day) -> int | None:
    """AKU-seconds that the bill has of the day; None where it says something else than usage in hours."""
    local = day.day_start.astimezone(time_zone(CYCLE_ZONE))
    items = bills.instance_bill(
        f"{local:%Y-%m}",
        billing_date=local.date(),
        instance_id=day.marketplace_instance_id,
        product_code=day.product_code,
    )
    hours = ZERO
    for item in items:
        if item.item != _USAGE_ITEMS:
            return None  # a refund, or an adjustment: its usage says nothing of what arrived
        if item.usage is None:
            return None
        hours += item.usage
    seconds = hours * SECONDS_PER_HOUR
    whole = int(seconds.to_integral_value())
    return whole if abs(seconds - whole) <= _NOISE else None


def _arrived(day: _Day, billed: int | None, at: datetime) -> list[int] | None:
    """Which of the day's unknown records arrived; None where that is not certain."""
    if billed is None or len(day.record_keys) > _MOST_UNKNOWN:
        return None
    places = _only_sum(day.quantities, billed - (day.accepted or 0))
    if places is None:
        return None
    is_complete = len(places) == len(day.quantities)
    if not is_complete and at < day.day_start + timedelta(days=1) + BILLED_AFTER:
        return None
    return [day.record_keys[place] for place in places]


def _only_sum(quantities: Sequence[int], wanted: int) -> tuple[int, ...] | None:
    """The places of the quantities that give this sum, if there is one way only."""
    found = [
        places
        for count in range(len(quantities) + 1)
        for places in combinations(range(len(quantities)), count)
        if sum(quantities[place] for place in places) == wanted
    ]
    return found[0] if len(found) == 1 else None
