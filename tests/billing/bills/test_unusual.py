"""Which amounts are unusual for a subscription, and the words for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from include.billing.bills.close import close_period
from include.billing.bills.unusual import judge
from include.domain.money import Decimal
from include.domain.words.billing import Finding
from tests.support.billing.october import DUE, OCTOBER
from tests.support.builders import make_bill

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine


def sentences(now: str, *earlier: str, hours: int = 100, hours_before: int = 100) -> list[str]:
    """What is said of a draft of that amount after bills of those."""
    rows = [
        {
            "subscription_key": 1,
            "bill_key": number,
            "currency": "CNY",
            "is_draft": number == 0,
            "aku_seconds": 3600 * (hours if number == 0 else hours_before),
            "amount": Decimal(amount),
        }
        for number, amount in enumerate([now, *earlier])
    ]
    return [Finding("amount_is_usual", found.facts).sentence for found in judge(pd.DataFrame(rows))]


def test_a_bill_far_above_the_earlier_ones_is_explained_by_its_usage() -> None:
    (sentence,) = sentences("288", "118", "120", "121", "120", "119", hours=240)
    assert sentence.startswith(
        "The amount of 288.00 CNY is 2.4 times what it was in the last 5 months (median 120.00 CNY); usage rose from "
        "100 to 240 AKU-hours, price unchanged."
    )


def test_a_bill_far_above_the_earlier_ones_is_explained_by_its_price() -> None:
    (sentence,) = sentences("288", "120", "120", "120")
    assert "usage is unchanged, the price of an AKU-hour rose from 1.2 to 2.88" in sentence


def test_a_bill_far_below_is_unusual_too() -> None:
    assert "less than a tenth of what it was" in sentences("0", "120", "120", "120", hours=0)[0]
    assert "0.5 times what it was" in sentences("110", "220", "220", "220", hours=50)[0]


@pytest.mark.parametrize(
    ("now", "earlier"),
    [
        ("288", ["120", "120"]),  # two bills say nothing
        ("200", ["120", "120", "120"]),  # not worth a look
        ("239", ["120", "120", "120"]),  # less than twice
        ("900", ["100", "700", "200", "600", "300"]),  # it always went up and down
        ("120", ["120", "120", "9000", "120"]),  # one odd month does not make the next one odd
    ],
)
def test_what_is_usual_is_not_mentioned(now: str, earlier: list[str]) -> None:
    assert sentences(now, *earlier) == []


def test_an_odd_month_does_not_hide_the_next_one() -> None:
    assert sentences("9000", "120", "120", "9000", "120")


def test_an_unusual_bill_is_held_and_others_are_not(prices: Engine, subscribe: Callable[..., int]) -> None:
    odd = subscribe("odd", usage=(360_000,) * 24)
    subscribe("new", usage=(360_000,) * 24)
    with prices.begin() as connection:
        for month in ("2026-06", "2026-07", "2026-08", "2026-09"):
            make_bill(connection, odd, month, "120.00")
    closed = close_period(prices, OCTOBER, DUE + timedelta(days=1))
    assert (closed.issued_count, closed.held_count) == (1, 1)
    (held,) = closed.held
    assert (held.bill_id, held.finding) == ("2026-10-sub-01-odd", "amount_is_usual")
    assert "24 times what it was in the last 4 months" in held.sentence
