"""The bills whose pictures are in the docs add up: what the chart shows is what the lines charge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.domain.money import Decimal, round_amount
from tests.support.bill_pictures import issue_bills

if TYPE_CHECKING:
    from sqlalchemy import Engine

pytestmark = pytest.mark.slow


def test_the_bills_in_the_pictures_add_up(warehouse: Engine) -> None:
    for printed in issue_bills(warehouse).values():
        header = printed.header
        charted = sum(day.aku_seconds for day in printed.days)
        assert header.state == "issued"
        assert charted == 3600 * sum(line.quantity for line in printed.lines if line.unit == "AKU-hour")
        for line in printed.lines:
            assert round_amount(line.quantity * line.unit_price, 2, "down") == line.amount
        assert sum((line.amount for line in printed.lines), Decimal(0)) == header.subtotal
