"""Fetches what the Marketplace charges each buyer by the hour, from the buyer's own settlement bill.

What charges.py promises holds here, too: a fetch replaces all hours of one buyer and cycle, a failure is written down,
and it stops no other buyer. A settlement bill names orders, not instances. Only what is for one whole hour is kept: a
licence's term, and an adjustment that is for no time, have nothing to be compared with by the hour.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Protocol

from include.domain.errors import RetriableError
from include.domain.money import ZERO
from include.domain.periods import HOUR, floor_to_hour
from include.reconciliation.charges import FetchedCharges, fetch_from_buyers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from sqlalchemy import Engine

    from include.alibaba.bss import SettledItem
    from include.domain.money import Decimal

#: So often a bill is read that changes while it is read.
_READ_AT_MOST = 3


class SettlementBills(Protocol):
    """One account's settlement bills; include/alibaba/bss.py is the real one."""

    def settle_bill(self, billing_cycle: str, *, product_code: str | None = None) -> Iterable[SettledItem]:
        """The items of a cycle's settlement bill, of one product if given."""


def fetch_hourly_charges(
    warehouse: Engine, cycle: str, at: datetime, bills_of: Callable[[str], SettlementBills]
) -> FetchedCharges:
    """Replace the cycle's hourly charges of every buyer that answers, and write down who did not.

    Args:
        warehouse: where charges are stored.
        cycle: the billing cycle, YYYY-MM (UTC+8).
        at: the instant of the run.
        bills_of: opens a buyer's bills by account id; may raise what a missing or refused access raises.

    Raises:
        InvalidInputError: when the cycle is not a month.
    """

    def read(account_id: str, codes: list[str]) -> list[dict[str, Any]]:
        bills = bills_of(account_id)
        return _sums(item for code in codes for item in _read(bills, cycle, code))

    return fetch_from_buyers(warehouse, "reconciliation/hours", cycle, at, read)


def _read(bills: SettlementBills, cycle: str, code: str) -> list[SettledItem]:
    """The whole bill as it was at one time: one that changed while it was read is read again."""
    for _ in range(_READ_AT_MOST - 1):
        try:
            return list(bills.settle_bill(cycle, product_code=code))
        except RetriableError:
            continue
    return list(bills.settle_bill(cycle, product_code=code))


def _sums(items: Iterable[SettledItem]) -> list[dict[str, Any]]:
    """Amounts per order, hour, kind of item and currency: an hour may have several records."""
    sums: defaultdict[tuple[str, datetime, str, str], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    for item in items:
        hour = _hour_of(item)
        if hour is None:
            continue
        found = sums[item.order_id or "", hour, item.item, item.currency]
        for place, amount in enumerate((item.pretax_gross_amount, item.round_down_discount, item.pretax_amount)):
            found[place] += amount or ZERO
    return [
        {
            "order_id": order_id,
            "hour_start": hour,
            "item": kind,
            "currency": currency,
            "gross_amount": gross,
            "rounded_off": rounded_off,
            "amount": amount,
        }
        for (order_id, hour, kind, currency), (gross, rounded_off, amount) in sums.items()
    ]


def _hour_of(item: SettledItem) -> datetime | None:
    """The hour that it is for; None where it is for another time, or for none."""
    start, end = item.usage_start, item.usage_end
    if start is None or end is None or end - start != HOUR or start != floor_to_hour(start):
        return None
    return start
