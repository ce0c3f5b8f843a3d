"""Billing cycles of the Marketplace: calendar months of UTC+8, and when their bills are final.

Alibaba Cloud's bills are for reference only while their month runs; late charges, refunds and adjustments are entered
until day 3, 12:00 (UTC+8) of the next month, and then nothing changes any more.
Source: https://help.aliyun.com/document_detail/209402.html (DescribeInstanceBill).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from include.domain.periods import BillingPeriod, to_utc

if TYPE_CHECKING:
    from datetime import datetime

#: The zone of billing cycles; it has been UTC+8 without daylight saving since 1991.
CYCLE_ZONE = "Asia/Shanghai"
#: BSS answers for this many months.
MONTHS_KEPT = 18
_FINAL_AFTER = timedelta(days=2, hours=12)


def billing_cycle(name: str) -> BillingPeriod:
    """The cycle of that name, YYYY-MM.

    Raises:
        InvalidInputError: when it is not a month.
    """
    return BillingPeriod(name, CYCLE_ZONE)


def final_at(cycle: BillingPeriod) -> datetime:
    """The instant from which the cycle's bill is final, in UTC: day 3, 12:00 (UTC+8) of the next month."""
    return to_utc(cycle.local_end + _FINAL_AFTER)


def is_final(cycle: BillingPeriod, at: datetime) -> bool:
    """Whether the cycle's bill was final at that instant."""
    return to_utc(at) >= final_at(cycle)


def last_ended_cycle(at: datetime) -> BillingPeriod:
    """The newest cycle that lies wholly before that instant."""
    return BillingPeriod.containing(at, CYCLE_ZONE).previous


def oldest_kept_cycle(at: datetime) -> BillingPeriod:
    """The oldest cycle that BSS still answers for at that instant."""
    cycle = BillingPeriod.containing(at, CYCLE_ZONE)
    for _ in range(MONTHS_KEPT - 1):
        cycle = cycle.previous
    return cycle
