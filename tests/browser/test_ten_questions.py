"""The questions of docs/how-to/answer-ten-questions.md, each answered with as many clicks as it says there.

Question 9 starts a run, and is asked in the running demo (tests/support/walk.py).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.routing import Mount

from include.billing.bills.previews import draft_running
from include.billing.evidence.explain import explain_document
from include.domain.periods import BillingPeriod, Window
from include.metering.hours.close import close_hours
from include.reporting.pages.app import create_pages
from include.warehouse.embedded import scratch_warehouse
from tests.support.metered_line import END, make_line
from tests.support.metering.lives import at, kafka
from tests.support.questions import Reader, clicks_of
from tests.support.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page
    from sqlalchemy import URL

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def metered(postgres_server: URL) -> Iterator[str]:
    """Pages of one subscription that was really polled, metered and billed, and drafted in its second month."""
    with scratch_warehouse(postgres_server) as engine:
        orders = make_line(engine)
        until = END + 24 * 60
        for minutes in range(END + 10, until + 10, 10):
            orders.tell(orders.poll(minutes, kafka(10, m=END - 87)))
        close_hours(engine, Window(at(END), at(until)), at(until + 7))
        draft_running(engine, BillingPeriod("2026-11", "Asia/Shanghai"), at(until) + timedelta(minutes=10))
        pages = create_pages(current_user=lambda: "ada", warehouse=lambda: engine, explain=explain_document)
        with serve(Starlette(routes=[Mount("/billing", pages)])) as base_url:
            yield base_url


@pytest.fixture
def reader(page: Page, site: str) -> Reader:
    page.goto(f"{site}/billing/")
    return Reader(page)


@pytest.fixture
def reader_of_metered(page: Page, metered: str) -> Reader:
    page.goto(f"{metered}/billing/")
    return Reader(page)


def test_1_is_any_money_being_lost_right_now(reader: Reader) -> None:
    reader.sees("Money is at risk", "differs from the Marketplace", "Where the usage of", "Metered")
    assert reader.clicks == clicks_of(1)


def test_2_which_consoles_are_silent_and_since_when(reader: Reader) -> None:
    reader.link("Data quality")
    reader.link("Silent consoles")
    reader.sees("env-01-clickstream", "The console did not answer within 10 s.")
    assert reader.clicks == clicks_of(2)


def test_3_why_is_this_bill_held_and_who_must_act(reader: Reader) -> None:
    reader.click(reader.page.get_by_label("Kinds of work").get_by_role("link", name="Held bill"))
    row = reader.page.get_by_role("row", name="Bill 2026-10-sub-02-risk")
    expect(row).to_contain_text("gap")
    expect(row.locator("td[data-label='Owner']")).not_to_be_empty()
    reader.link("Open the bill")
    reader.sees("Why it is held")
    assert reader.clicks == clicks_of(3)


def test_4_where_does_this_amount_come_from_to_the_poll(reader_of_metered: Reader) -> None:
    reader = reader_of_metered
    reader.page.goto(reader.page.url + "bills/2026-10-sub-11-orders")
    for place in ("table.lines tbody td[data-label='Amount'] a", "td[data-label='Day'] a", "td[data-label='Hour'] a"):
        reader.click(reader.page.locator(place).last)
    reader.sees("What each instance used", "Readings", "What the console said")
    assert reader.clicks == clicks_of(4)


def test_5_why_is_this_month_higher_than_last(reader: Reader) -> None:
    reader.link("Bills")
    reader.link("Bill of orders, 2026-10")
    reader.sees("Why it differs from 2026-09", "By Kafka instance", "By price")
    assert reader.clicks == clicks_of(5)


def test_6_what_did_the_marketplace_charge_and_why_does_it_differ(reader: Reader) -> None:
    reader.link("Reconciliation")
    reader.click(reader.page.locator("#subscriptions").get_by_role("link", name="Its days").last)
    reader.sees("Billed by the Marketplace", "412.60", "Days of all subscriptions")
    assert reader.clicks == clicks_of(6)


def test_7_what_is_not_reported_or_not_billed_yet(reader: Reader) -> None:
    reader.sees("Not reported yet, by cut-off", "Time left", "Drafts")
    assert reader.clicks == clicks_of(7)


def test_8_what_will_this_buyer_pay_at_the_months_end(reader_of_metered: Reader) -> None:
    reader_of_metered.link("Subscriptions")
    reader_of_metered.link("orders")
    expect(reader_of_metered.page.locator(".payable")).to_contain_text("expected at the end: 6\u202f966.35 CNY")
    assert reader_of_metered.clicks == clicks_of(8)


def test_10_what_happened_to_this_subscription_since_its_order(reader: Reader) -> None:
    reader.link("Subscriptions")
    reader.link("risk")
    reader.sees("What happened")
    assert reader.page.locator("ol.timeline li").count() > 2
    assert reader.clicks == clicks_of(10)


def test_from_a_held_bill_to_its_gap_and_the_form_that_waives_it(reader: Reader, page: Page) -> None:
    """To the form; that it waives the gap, and that the bill is then issued, is tested at the DAG."""
    reader.link("Bills")
    reader.lists(state="held")
    reader.link("Bill of risk, 2026-10")
    reader.sees("Why it is held", "Open gaps.")
    reader.link("Its gaps")
    reader.sees("Bill 2026-10-sub-02-risk waits for it.")
    reader.link("Waive")
    expect(page).to_have_url(re.compile(r"/start/gap_waiver\?gaps=\d+$"))
    assert reader.clicks + len(["Start the run"]) == clicks_of(2, "review-a-held-bill")
