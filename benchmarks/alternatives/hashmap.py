"""A month closed by CloudKitty's hashmap rating: a price for the service, and a point for each hour of each instance.

Run on its own, in an environment with CloudKitty: `python hashmap.py START END`. The prices are given to the rating as
it would read them from its own database.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from datetime import datetime
from decimal import Decimal  # noqa: TID251 (runs without the product)

import psycopg2
from cloudkitty.dataframe import DataFrame, DataPoint
from cloudkitty.rating.hash import HashMap

SERVICE = "aku"
QUERY = """
SELECT hour_start, subscription_key, aku_seconds FROM metering.usage
WHERE hour_start >= %s AND hour_start < %s ORDER BY hour_start
"""


class Prices(HashMap):  # type: ignore[misc]
    """1.20 for each AKU-hour."""

    def _load_rates(self, start: object = None) -> None:  # noqa: ARG002 (its name)
        flat = {"_DEFAULT_": {"type": "flat", "cost": Decimal("1.20")}}
        self._entries = {SERVICE: {"mappings": flat, "thresholds": {}}}


def main(start: str, end: str) -> None:
    rating = Prices()
    amounts: dict[int, Decimal] = defaultdict(Decimal)
    with psycopg2.connect("") as connection:
        with connection.cursor(name="usage") as usage:
            usage.itersize = 10_000
            usage.execute(QUERY, (start, end))
            for hour, subscription_key, aku_seconds in usage:
                frame = DataFrame(start=hour, end=hour)
                quantity = Decimal(aku_seconds) / 3600
                frame.add_point(DataPoint("AKU-hour", quantity, 0, {"subscription": subscription_key}, {}), SERVICE)
                for _, point in rating.process(frame).iterpoints():
                    amounts[subscription_key] += point.price
        with connection.cursor() as bills:
            bills.execute("DROP TABLE IF EXISTS alternative.bills")
            bills.execute("CREATE TABLE alternative.bills (subscription_key bigint, amount numeric)")
            rows = [(key, round(amount, 2)) for key, amount in amounts.items()]
            bills.executemany("INSERT INTO alternative.bills VALUES (%s, %s)", rows)


if __name__ == "__main__":
    main(*(datetime.fromisoformat(argument).isoformat() for argument in sys.argv[1:]))
