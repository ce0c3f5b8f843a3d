"""A month closed by a script: pandas, and Decimal for each hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import Numeric, text

from benchmarks.close_period import PERIOD
from include.domain.money import Decimal, round_amount

if TYPE_CHECKING:
    from sqlalchemy import Engine

PRICE = Decimal("1.20")
QUERY = text(
    "SELECT subscription_key, hour_start, aku_seconds FROM metering.usage "
    "WHERE hour_start >= :start AND hour_start < :end"
)


def close_month(warehouse: Engine) -> None:
    """Read usage, add up its hours, charge each cut to cents, write the sums."""
    window = {"start": PERIOD.window.start, "end": PERIOD.window.end}
    with warehouse.begin() as connection:
        usage = pd.read_sql(QUERY, connection, params=window)
        hours = usage.groupby(["subscription_key", "hour_start"], as_index=False)["aku_seconds"].sum()
        hours["amount"] = [round_amount(Decimal(used) * PRICE / 3600, 2, "down") for used in hours["aku_seconds"]]
        bills = hours.groupby("subscription_key", as_index=False)[["aku_seconds", "amount"]].sum()
        bills.to_sql(
            "bills", connection, schema="alternative", if_exists="replace", index=False, dtype={"amount": Numeric}
        )
