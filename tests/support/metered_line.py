"""A line of a bill that was really polled, metered and billed: a day and three hours of one instance."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.domain.periods import Window
from include.metering.hours.close import close_hours
from tests.support.billing.october import DUE, OCTOBER, price_plan, version
from tests.support.metering.lives import Environment, at, kafka

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: Minutes after noon at which October ends in Shanghai, and 27 hours before.
END = int((OCTOBER.window.end - at(0)) / timedelta(minutes=1))
START = END - 27 * 60


def make_line(warehouse: Engine) -> Environment:
    """An issued bill of 6 AKU for 27 hours, and of 10 from the last hour and a half on, with what the console said."""
    publish_price_plans(warehouse, [price_plan(version(charge_every="period"))])
    orders = Environment(warehouse, metered_from=at(START), started_at=at(START))
    for n in range(0, 27 * 60 + 10, 10):
        size = kafka(10, m=END - 87) if START + n > END - 90 else kafka(6)
        said = [{"list": [size | {"tag": "<script>alert(1)</script>" + "x" * 5_000}]}]
        poll = replace(orders.poll(START + n, size), payload=zlib.compress(json.dumps(said).encode()))
        orders.tell(poll)
    close_hours(warehouse, Window(at(START), at(END)), at(END + 7))
    close_period(warehouse, OCTOBER, DUE)
    return orders
