"""Comparing 744,000 hours of ours with as many of the Marketplace's, against a bare pandas merge of the same hours.

Both sides begin with rows in memory: ours copies them into the scratch table, adds each hour up, and gives each a
verdict and what may explain it; the bare side merges two frames by subscription and hour and subtracts. Amounts are
exact decimals on our side, and floats on the bare one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from benchmarks.measuring import Ratio, cost, empty_warehouse, in_turns
from include.domain.money import Decimal
from include.reconciliation.hours.compare_files import HourAmount, compare_amounts

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: Subscriptions, hours of each, repetitions; 1,000 times 744 is a month of the size that the goal is about.
SIZES = {"full": (1000, 744, 3), "small": (20, 744, 3)}
START = datetime(2026, 10, 1, tzinfo=UTC)
_NOTHING = (None, None, None)
#: Every so many hours the Marketplace's amount is another one.
_DIFFERS_EVERY = 1000


def run(size: str) -> list[Ratio]:
    subscriptions, hours, repetitions = SIZES[size]
    ours = _amounts(subscriptions, hours)
    theirs = [
        row._replace(amount=row.amount * 2) if number % _DIFFERS_EVERY == 0 else row for number, row in enumerate(ours)
    ]
    bare_ours, bare_theirs = _frame(ours), _frame(theirs)
    differing = len(range(0, len(ours), _DIFFERS_EVERY))
    with empty_warehouse() as warehouse:
        took = in_turns(
            repetitions,
            bare=lambda: _merge(bare_ours, bare_theirs, differing),
            ours=lambda: _compare(warehouse, ours, theirs, differing),
        )
    name = f"comparison of {len(ours):,} hours"
    return [cost(name, took["ours"], took["bare"], "", "times a bare pandas merge of floats")]


def _amounts(subscriptions: int, hours: int) -> list[HourAmount]:
    starts = [START + timedelta(hours=n) for n in range(hours)]
    return [
        HourAmount(f"sub-{n:06d}", hour, Decimal(100 + (n + k) % 900) / 100, "CNY", _NOTHING)
        for n in range(subscriptions)
        for k, hour in enumerate(starts)
    ]


def _frame(rows: list[HourAmount]) -> pd.DataFrame:
    frame = pd.DataFrame([row[:4] for row in rows], columns=["subscription_id", "hour", "amount", "currency"])
    return frame.astype({"amount": float})


def _merge(ours: pd.DataFrame, theirs: pd.DataFrame, differing: int) -> None:
    merged = ours.merge(theirs, on=["subscription_id", "hour"], how="outer", suffixes=("_ours", "_theirs"))
    difference = merged["amount_theirs"].fillna(0) - merged["amount_ours"].fillna(0)
    assert int((difference.abs() > 0).sum()) == differing


def _compare(warehouse: Engine, ours: list[HourAmount], theirs: list[HourAmount], differing: int) -> None:
    verdicts = compare_amounts(warehouse, ours, theirs)
    assert sum(each.verdict != "agrees" for each in verdicts) == differing
