"""Bills that wait for better data: what holds them, what frees them, and what they are in the end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from include.billing.evidence.explain import explain_bill
from include.domain.periods import HOUR
from tests.support.office import every_five_minutes, middle_of

if TYPE_CHECKING:
    from datetime import datetime

    from include.domain.periods import BillingPeriod
    from include.onboarding.activation import Report
    from tests.support.office import Office

SHOP = "1650000000000001"
#: From minute 100 to minute 220 of the month's last day the console is not polled.
OUTAGE = (100, 220)


@pytest.fixture
def last_day(last_month: BillingPeriod) -> datetime:
    """When the month's last 24 hours begin."""
    return last_month.window.end - timedelta(hours=24)


@pytest.fixture
def shop(office: Office, last_month: BillingPeriod, last_day: datetime) -> Report:
    """A buyer whose history is imported and whose last day of the month is metered.

    In the outage its instance grows from 4 to 9 AKU and back to 6 again.
    """
    office.clock.at = last_day
    report = office.onboard(SHOP, began_on=middle_of(last_month).isoformat())
    minutes = int((last_day - report.started_at) / timedelta(minutes=1))
    office.live(
        report,
        report.started_at,
        script=[
            {"at": 0, "instance": "orders", "do": "create", "aku": 4},
            {"at": 60 * (minutes + 130), "instance": "orders", "do": "resize", "aku": 9},
            {"at": 60 * (minutes + 190), "instance": "orders", "do": "resize", "aku": 6},
        ],
    )
    assert office.import_history(report).rows_rejected == 0
    return report


@pytest.fixture
def polls(last_day: datetime, last_month: BillingPeriod) -> tuple[list[datetime], list[datetime]]:
    """The day's polls, and those that were not answered in time."""
    day = every_five_minutes(last_day, last_month.window.end + timedelta(minutes=10))
    start, end = (last_day + timedelta(minutes=minute) for minute in OUTAGE)
    return [at for at in day if not start <= at < end], [at for at in day if start <= at < end]


def test_a_gap_holds_the_bill_until_better_data_comes_and_then_it_is_issued_to_the_cent(
    office: Office, shop: Report, polls: tuple[list[datetime], list[datetime]], last_month: BillingPeriod
) -> None:
    office.poll_then(shop, polls[0])
    office.clock.at = last_month.window.end + timedelta(minutes=15)
    closed = office.close_hours()
    assert closed.closed == 24
    assert closed.gaps > 0
    held = office.close(last_month)
    assert (held.held_count, held.issued_count) == (1, 0)
    assert "of unknown usage are open" in held.held[0].sentence
    assert "close the period again" in held.held[0].sentence
    drafted = office.bills()[0].total
    # What is not known is estimated in the buyer's favour: the draft charges less than the buyer used.
    assert drafted < office.marketplace_total(SHOP, last_month)

    office.poll_then(shop, polls[1])
    office.clock.wait(300)
    office.close_hours()
    assert {row.state for row in office.rows("SELECT state FROM metering.gaps")} == {"resolved"}
    assert office.close(last_month).issued_count == 1
    assert office.bills()[0].total == office.marketplace_total(SHOP, last_month) > drafted
    assert [verdict.verdict for verdict in office.reconcile(last_month)] == ["agrees"]


def test_a_late_poll_changes_an_hour_that_is_on_a_draft(
    office: Office, shop: Report, polls: tuple[list[datetime], list[datetime]], last_month: BillingPeriod
) -> None:
    office.poll_then(shop, polls[0])
    office.clock.at = last_month.window.end + timedelta(minutes=15)
    office.close_hours()
    office.close(last_month)
    [draft] = office.bills()
    assert draft.state == "held"

    one_of_them = next(at for at in polls[1] if at.minute == 35)
    office.poll_then(shop, [one_of_them])
    office.clock.wait(300)
    assert office.close_hours().instance_hours > 0
    office.close(last_month)
    [made_again] = office.bills()
    assert made_again.state == "held"
    assert made_again.total > draft.total
    explained = explain_bill(office.warehouse, f"{last_month.name}-{shop.subscription_id}")
    assert all(line.hours_agree for line in explained.lines)


def test_an_hour_that_was_not_closed_holds_the_bill_and_a_later_answer_frees_it(
    office: Office, shop: Report, polls: tuple[list[datetime], list[datetime]], last_month: BillingPeriod
) -> None:
    everything = sorted(polls[0] + polls[1])
    quiet_from = last_month.window.end - HOUR
    office.poll_then(shop, [at for at in everything if at < quiet_from])
    office.clock.at = last_month.window.end + timedelta(minutes=5)
    office.close_hours()
    held = office.close(last_month)
    assert held.held_count == 1
    assert "hours" in held.held[0].sentence
    assert "not closed" in held.held[0].sentence

    office.poll_then(shop, [at for at in everything if at >= quiet_from])
    office.clock.wait(600)
    office.close_hours()
    assert office.close(last_month).issued_count == 1
    assert [verdict.verdict for verdict in office.reconcile(last_month)] == ["agrees"]


def test_a_late_answer_does_not_touch_what_is_issued(
    office: Office, shop: Report, polls: tuple[list[datetime], list[datetime]], last_month: BillingPeriod
) -> None:
    office.poll_then(shop, sorted(polls[0] + polls[1]))
    office.clock.at = last_month.window.end + timedelta(minutes=15)
    office.close_hours()
    assert office.close(last_month).issued_count == 1
    issued = office.rows("SELECT * FROM billing.bills"), office.rows("SELECT * FROM billing.bill_lines")
    late = [at + timedelta(seconds=150) for at in polls[1]]
    office.poll_then(shop, late)
    office.clock.wait(3600)
    office.close_hours()
    assert issued == (office.rows("SELECT * FROM billing.bills"), office.rows("SELECT * FROM billing.bill_lines"))
    explained = explain_bill(office.warehouse, f"{last_month.name}-{shop.subscription_id}")
    assert all(line.hours_agree for line in explained.lines)
