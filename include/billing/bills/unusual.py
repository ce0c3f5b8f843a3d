"""Finds bills whose amount is unusual for their own subscription, and says so in words.

A bill is unusual when it is at least twice, or at most half, of the median of the subscription's earlier bills, lies
further from it than five median absolute deviations, and differs by an amount worth a person's look. The median and the
deviation from it, unlike mean and variance, do not follow a single odd month. Fewer than three earlier bills say
nothing. Amounts are before tax, without licences and corrections; all arithmetic is exact.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from include.billing.rating.rate import window_of
from include.domain.money import Decimal, plain, round_amount
from include.domain.usage import aku_hours
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from include.domain.periods import BillingPeriod

MIN_BILLS = 3
FACTOR = 2
DEVIATIONS = 5
#: In the bill's currency.
MIN_DIFFERENCE = Decimal(100)
#: Prices are an average over the bill, so hourly truncation moves them a little.
_SAME_PRICE = Decimal("0.02")


class Unusual(NamedTuple):
    """A bill that is far from what its subscription pays, and a sentence on it."""

    bill_key: int
    sentence: str


class _Compared(NamedTuple):
    bill_key: int
    currency: str
    amount: Decimal
    aku_seconds: int
    bill_count: int
    amounts: list[Decimal]
    amount_before: Decimal
    aku_seconds_before: int


def find_unusual(connection: Connection, period: BillingPeriod) -> list[Unusual]:
    """The period's drafts whose amount is unusual.

    Args:
        connection: the transaction that made the drafts.
        period: theirs.
    """
    rows = connection.execute(statement("billing/bills/list_amounts"), window_of(period)).mappings().all()
    return judge(pd.DataFrame(rows)) if rows else []


def judge(bills: pd.DataFrame) -> list[Unusual]:
    """The unusual drafts among bills.

    Args:
        bills: a row each of drafts and of earlier bills, with subscription_key, bill_key, currency, is_draft,
            aku_seconds (int) and amount (Decimal).
    """
    is_draft = bills["is_draft"].astype(bool)
    earlier = bills[~is_draft].groupby("subscription_key")
    # Decimals are objects to pandas; the standard library's median of them is exact.
    usual = earlier.agg(
        bill_count=("amount", "size"),
        amounts=("amount", list),
        amount_before=("amount", median),
        aku_seconds_before=("aku_seconds", lambda values: int(median(values))),
    )
    usual = usual[usual["bill_count"] >= MIN_BILLS]
    compared = bills[is_draft].join(usual, on="subscription_key", how="inner")
    rows = (_Compared(*row) for row in compared[list(_Compared._fields)].itertuples(index=False, name=None))
    return [
        Unusual(row.bill_key, _describe(row)) for row in rows if is_unusual(row.amount, row.amounts, row.amount_before)
    ]


def is_unusual(amount: Decimal, earlier: Sequence[Decimal], usual: Decimal) -> bool:
    """Whether the amount is far from earlier ones, whose median is `usual`, by all three measures."""
    distance = abs(amount - usual)
    if distance < MIN_DIFFERENCE:
        return False
    deviation = median(abs(one - usual) for one in earlier)
    return (amount >= FACTOR * usual or FACTOR * amount <= usual) and distance > DEVIATIONS * deviation


def _describe(row: _Compared) -> str:
    return (
        f"The amount of {plain(row.amount)} {row.currency} is {_compare(row.amount, row.amount_before)} in the last "
        f"{row.bill_count} months ({plain(row.amount_before)} {row.currency} in the middle); "
        f"{_explain_usage(row.aku_seconds, row.aku_seconds_before)}, {_explain_price(row)}. "
        "Look at its lines; if they are right, approve the bill or waive this."
    )


def _compare(amount: Decimal, usual: Decimal) -> str:
    if usual <= 0:
        return "more than it was"
    if amount * 10 < usual:
        return "less than a tenth of what it was"
    return f"{plain(round_amount(amount / usual, 1, 'half_even'))} times what it was"


def _explain_usage(now: int, before: int) -> str:
    if now == before:
        return "usage is unchanged"
    return f"usage {'rose' if now > before else 'fell'} from {aku_hours(before)} to {aku_hours(now)} AKU-hours"


def _explain_price(row: _Compared) -> str:
    if not row.aku_seconds or not row.aku_seconds_before:
        return "with no usage to divide it by"
    now, before = row.amount * 3600 / row.aku_seconds, row.amount_before * 3600 / row.aku_seconds_before
    if abs(now - before) <= _SAME_PRICE * before:
        return "price unchanged"
    old, new = (_four_digits(price) for price in (before, now))
    return f"the price of an AKU-hour {'rose' if now > before else 'fell'} from {old} to {new}"


def _four_digits(price: Decimal) -> str:
    """A price to at least two places and four digits that count, so that small prices do not become nothing."""
    return plain(round_amount(price, max(2, 3 - price.adjusted()), "half_even"))
