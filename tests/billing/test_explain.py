from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.billing.close import close_period
from include.billing.explain import explain_bill, list_bills
from include.billing.plans import publish_price_plans
from include.cli.bill_text import describe_bill
from include.domain.errors import InvalidInputError
from tests.billing.conftest import DUE, OCTOBER, price_plan, version

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

BILL = "2026-10-sub-01-orders"


@pytest.mark.parametrize("mode", ["down", "up", "half_up", "half_even"])
def test_the_hours_of_every_line_add_up_to_it(warehouse: Engine, subscribe: Callable[..., int], mode: str) -> None:
    rules = {"rounding": {"digits": 2, "mode": mode}}
    publish_price_plans(
        warehouse, [price_plan(version(**rules), version("2026-10-01T03:00:00+08:00", "0.03", **rules))]
    )
    subscribe(usage=(21_607, 15, 45, 600, 601, 1))
    close_period(warehouse, OCTOBER, DUE)

    explained = explain_bill(warehouse, BILL)

    assert [len(line.hours) for line in explained.lines] == [3, 3]
    assert all(line.hours_agree for line in explained.lines)


def test_an_explanation_goes_down_to_the_instances(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(21_607, 3_601))
    close_period(prices, OCTOBER, DUE)
    text_ = describe_bill(explain_bill(prices, BILL, 1), with_hours=True)
    assert "charged every hour, rounded down to 2 digits" in text_
    assert "2026-10-01 00:00+0800  6.001944 AKU-hours, 7.202333333, rounded 7.20" in text_
    assert "kf-orders: 21607 AKU-seconds from readings" in text_
    assert text_.endswith("Total 8.40 CNY")


def test_usage_that_changed_after_the_issue_is_said(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(21_607,))
    close_period(prices, OCTOBER, DUE)
    with prices.begin() as connection:
        connection.execute(text("UPDATE metering.usage SET aku_seconds = 1"))
    assert "no longer add up" in describe_bill(explain_bill(prices, BILL), with_hours=True)


@pytest.mark.parametrize(
    ("bill", "line", "sentence"), [("no-bill", None, "does not exist"), (BILL, 9, "is not a line")]
)
def test_an_unknown_bill_or_line_is_named(
    prices: Engine, subscribe: Callable[..., int], bill: str, line: int | None, sentence: str
) -> None:
    subscribe()
    close_period(prices, OCTOBER, DUE)
    with pytest.raises(InvalidInputError, match=sentence):
        explain_bill(prices, bill, line)


def test_bills_are_listed_by_period(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe()
    close_period(prices, OCTOBER, DUE)
    assert [bill.bill_id for bill in list_bills(prices, "2026-10")] == [BILL]
    assert list_bills(prices, "2026-09") == []
    assert len(list_bills(prices)) == 1
