"""Finds bills whose amount is unusual for their own subscription, with the facts that explain it.

A bill is unusual when it is at least twice, or at most half, of the median of the subscription's earlier bills, lies
further from it than five median absolute deviations, and differs by an amount worth a person's look. The median and the
deviation from it, unlike mean and variance, do not follow a single odd month. Fewer than three earlier bills say
nothing. Amounts are before tax, without licences and corrections; all arithmetic is exact.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from include.billing.rating.rate import window_of
from include.domain.money import Decimal, plain, round_amount
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
    """A bill that is far from what its subscription pays, and the facts of the finding `amount_is_usual`."""

    bill_key: int
    facts: dict[str, Any]


class _Compared(NamedTuple):
    bill_key: int
    currency: str
    amount: Decimal
    aku_seconds: int
    bill_count: int
    amounts: list[Decimal]
    amount_before: Decimal
    aku_seconds_before: int


def find_unusual(connection: Connection, period: BillingPeriod, subscriptions: Sequence[int]) -> list[Unusual]:
    """The drafts whose amount is unusual.

    Args:
        connection: the transaction that made the drafts.
        period: theirs.
        subscriptions: whose drafts.
    """
    chosen = {**window_of(period), "subscriptions": list(subscriptions)}
    rows = connection.execute(statement("billing/bills/list_amounts"), chosen).mappings().all()
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
        Unusual(row.bill_key, _facts(row)) for row in rows if is_unusual(row.amount, row.amounts, row.amount_before)
    ]


def is_unusual(amount: Decimal, earlier: Sequence[Decimal], usual: Decimal) -> bool:
    """Whether the amount is far from earlier ones, whose median is `usual`, by all three measures."""
    distance = abs(amount - usual)
    if distance < MIN_DIFFERENCE:
        return False
    deviation = median(abs(one - usual) for one in earlier)
    return (amount >= FACTOR * usual or FACTOR * amount <= usual) and distance > DEVIATIONS * deviation


def _facts(row: _Compared) -> dict[str, Any]:
    return {
        "amount": f"{row.amount:f}",
        "usual_amount": f"{row.amount_before:f}",
        "currency": row.currency,
        "bill_count": row.bill_count,
        **_compare_amounts(row.amount, row.amount_before),
        "aku_seconds": row.aku_seconds,
        "usual_aku_seconds": row.aku_seconds_before,
        "usage_change": _direction(row.aku_seconds, row.aku_seconds_before),
        **_compare_prices(row),
    }


def _compare_amounts(amount: Decimal, usual: Decimal) -> dict[str, Any]:
    if usual <= 0:
        return {"amount_change": "above_nothing"}
    if amount * 10 < usual:
        return {"amount_change": "below_a_tenth"}
    return {"amount_change": "times", "times": plain(round_amount(amount / usual, 1, "half_even"))}


def _compare_prices(row: _Compared) -> dict[str, Any]:
    if not row.aku_seconds or not row.aku_seconds_before:
        return {"price_change": "unknown"}
    now, before = row.amount * 3600 / row.aku_seconds, row.amount_before * 3600 / row.aku_seconds_before
    change = "same" if abs(now - before) <= _SAME_PRICE * before else _direction(now, before)
    return {"price_change": change, "price": _four_digits(now), "usual_price": _four_digits(before)}


def _direction(now: Decimal | int, before: Decimal | int) -> str:
    return "same" if now == before else "rose" if now > before else "fell"


def _four_digits(price: Decimal) -> str:
    """A price to at least two places and four digits that count, so that small prices do not become nothing."""
    return plain(round_amount(price, max(2, 3 - price.adjusted()), "half_even"))
