"""A month before metering, of which nothing is known, is held: zero is a fact only where somebody said so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.billing.bills.answers import Answer
from include.billing.bills.close import close_period
from include.billing.bills.review import show_bill, waive
from include.operations.audits import audit_issued_bills
from tests.support.billing.documents import documents
from tests.support.billing.october import BILL, DUE, OCTOBER
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

START, END = OCTOBER.window.start, OCTOBER.window.end
FINDING = "earlier_usage_is_known"
DAY = timedelta(days=1)


@pytest.fixture
def moved(prices: Engine) -> Callable[..., int]:
    """Makes a subscription that began before it was metered."""

    def make(began: datetime, metered: datetime, usage: tuple[int, ...] = ()) -> int:
        with prices.begin() as connection:
            key = make_subscription(
                connection, make_buyer(connection), started_at=began, metering_started_at=metered, requested_at=metered
            )
            if usage:
                make_usage(connection, make_instance(connection, key), max(began, START), usage)
        return key

    return make


def found(warehouse: Engine) -> list[str]:
    return [one.finding for one in close_period(warehouse, OCTOBER, DUE).held]


def test_a_month_whose_history_was_never_imported_is_held_and_says_what_to_do(
    prices: Engine, moved: Callable[..., int]
) -> None:
    moved(START - 40 * DAY, END + 3 * DAY)
    assert found(prices) == [FINDING]
    [finding] = show_bill(prices, BILL).findings
    assert finding.title == "Usage before metering is not known"
    assert finding.sentence == (
        "No usage is known from 2026-09-30 16:00 UTC to 2026-10-31 16:00 UTC: the subscription began before metering "
        "did, at 2026-11-03 16:00 UTC, and no file has this time. Import it (usage_import), hours without usage as 0, "
        "then close the period again. If nothing was used, waive this."
    )


def test_the_part_of_a_month_before_metering_counts_too(prices: Engine, moved: Callable[..., int]) -> None:
    moved(START + 2 * DAY, START + 12 * DAY)
    assert FINDING in found(prices)
    finding = next(one for one in show_bill(prices, BILL).findings if one.finding == FINDING)
    assert "from 2026-10-02 16:00 UTC to 2026-10-12 16:00 UTC" in finding.sentence


@pytest.mark.parametrize("usage", [(3600,), (0,)])
def test_history_is_known_also_where_it_is_zero(
    prices: Engine, moved: Callable[..., int], usage: tuple[int, ...]
) -> None:
    moved(START - 40 * DAY, END + 3 * DAY, usage)
    assert found(prices) == []
    assert documents(prices)[0].state == "issued"


def test_a_subscription_that_was_metered_all_along_may_use_nothing(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    subscribe()
    assert found(prices) == []
    assert (documents(prices)[0].state, documents(prices)[0].total) == ("issued", 0)


def test_the_time_of_the_deployment_is_no_history(prices: Engine, moved: Callable[..., int]) -> None:
    moved(END - timedelta(hours=1), END + timedelta(hours=1))
    assert found(prices) == []


def test_who_waives_it_is_not_asked_again_by_the_daily_audit(prices: Engine, moved: Callable[..., int]) -> None:
    moved(START - 40 * DAY, END + 3 * DAY)
    close_period(prices, OCTOBER, DUE)
    shown = show_bill(prices, BILL).row.fingerprint
    answer = Answer(BILL, "ben", "The buyer had no instance in October.", shown)
    assert waive(prices, answer, FINDING, DUE + DAY).state == "issued"
    assert audit_issued_bills(prices, DUE + DAY) == []
    with prices.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET metering_started_at = metering_started_at + '1 day'"))
    assert [one.claim for one in audit_issued_bills(prices, DUE + DAY)] == [FINDING], "other facts"
