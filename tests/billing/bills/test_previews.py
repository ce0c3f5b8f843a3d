"""Drafts of a running period and their forecasts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from include.billing.bills.close import close_period
from include.billing.bills.previews import PeriodNotRunningError, draft_running
from include.billing.prices.plans import publish_price_plans
from tests.support.billing.documents import bills_of
from tests.support.billing.october import DUE, OCTOBER, price_plan, version
from tests.support.builders import environment_of, make_buyer, make_instance, make_subscription, make_usage

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

START = OCTOBER.window.start
HOURS = 744


@pytest.fixture
def live(warehouse: Engine) -> Callable[..., int]:
    """Makes a subscription with so many closed hours of usage from the period's start on, or from `since`."""

    def make(usage: list[int], since: datetime = START, name: str = "orders", **columns: Any) -> int:
        with warehouse.begin() as connection:
            if not connection.scalar(text("SELECT count(*) FROM core.buyers")):
                make_buyer(connection)
            key = make_subscription(connection, "1100000000000001", name, **columns)
            make_usage(connection, make_instance(connection, key, f"kf-{name}"), since, usage)
            connection.execute(
                text("""
                INSERT INTO metering.environment_hours (hour_start, environment_key, state, revision, closed_at)
                SELECT hour, :environment, 'closed', 1, hour
                FROM generate_series(CAST(:start AS timestamptz), :end, interval '1 hour') AS hour
                """),
                {
                    "environment": environment_of(connection, key),
                    "start": since,
                    "end": since + timedelta(hours=len(usage) - 1),
                },
            )
        return key

    return make


def test_the_rest_of_the_month_counts_as_the_mean_of_the_last_seven_days(
    prices: Engine, live: Callable[..., int]
) -> None:
    live([7200] * 100 + [3600] * 168)
    (draft,) = draft_running(prices, OCTOBER, START + timedelta(hours=269))
    assert (str(draft.total), str(draft.forecast_total)) == ("441.60", str(441.60 + 1.2 * (HOURS - 268)) + "0")
    assert draft.aku_seconds == 100 * 7200 + 168 * 3600


def test_a_subscription_of_yesterday_is_expected_to_go_on_as_it_began(prices: Engine, live: Callable[..., int]) -> None:
    began = START + timedelta(hours=480)
    live([3600] * 24, since=began, started_at=began)
    (draft,) = draft_running(prices, OCTOBER, began + timedelta(hours=24))
    assert (str(draft.total), str(draft.forecast_total)) == ("28.80", "316.80")


def test_tiers_count_in_the_forecast(warehouse: Engine, live: Callable[..., int]) -> None:
    tiers = [
        {"up_to": "100", "unit_price": "2", "flat_fee": "0"},
        {"up_to": None, "unit_price": "1", "flat_fee": "0"},
    ]
    publish_price_plans(warehouse, [price_plan(version(charge_every="period", model="graduated", tiers=tiers))])
    live([3600] * 50, started_at=START)
    (draft,) = draft_running(warehouse, OCTOBER, START + timedelta(hours=50))
    assert (str(draft.total), str(draft.forecast_total)) == ("100.00", "844.00")


def test_a_subscription_that_ended_costs_no_more(prices: Engine, live: Callable[..., int]) -> None:
    live([3600] * 10, state="released", ended_at=START + timedelta(hours=10))
    (draft,) = draft_running(prices, OCTOBER, START + timedelta(hours=20))
    assert draft.total == draft.forecast_total


def test_drafting_again_replaces_the_draft_and_tells_its_story_once(prices: Engine, live: Callable[..., int]) -> None:
    live([3600] * 10)
    for hour in (10, 10, 11):
        draft_running(prices, OCTOBER, START + timedelta(hours=hour))
    with prices.connect() as connection:
        assert connection.execute(text("SELECT to_state FROM billing.bill_events")).scalars().all() == ["draft"]
        assert connection.scalar(text("SELECT count(*) FROM billing.rating_hours")) == 0
    assert len(bills_of(prices)) == 1


def test_a_running_draft_cannot_be_issued_and_closing_makes_it_again(prices: Engine, live: Callable[..., int]) -> None:
    live([3600] * 10)
    draft_running(prices, OCTOBER, START + timedelta(hours=10))
    for state in ("held", "issued"):
        with prices.connect() as connection, pytest.raises(DBAPIError, match="draft of a running period"):
            connection.execute(
                text("UPDATE billing.bills SET state = :state, issued_at = CASE :state WHEN 'issued' THEN now() END"),
                {"state": state},
            )
    close_period(prices, OCTOBER, DUE)
    (bill,) = bills_of(prices)
    assert (bill.state, str(bill.total), bill.forecast_total) == ("held", "12.00", None)


@pytest.mark.parametrize("at", [START - timedelta(seconds=1), OCTOBER.window.end])
def test_only_the_period_that_is_running_is_drafted(prices: Engine, at: datetime) -> None:
    with pytest.raises(PeriodNotRunningError, match="2026-10 runs from 2026-10-01T00:00:00"):
        draft_running(prices, OCTOBER, at)
