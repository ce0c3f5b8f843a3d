from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.page_addresses import EVERY_PAGE

pytestmark = pytest.mark.slow

BYTES_LOADED = """["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
    .reduce((sum, entry) => sum + entry.encodedBodySize, 0)"""
GROUND = "getComputedStyle(document.body).backgroundColor"


def test_one_goes_from_the_list_to_a_bill_and_back(page, site):
    page.goto(f"{site}/billing/bills")
    page.get_by_role("link", name="Bill of risk, 2026-10").click()
    expect(page.get_by_role("heading", name="risk 2026-10")).to_be_visible()
    expect(page.get_by_text("Why it is held")).to_be_visible()
    page.get_by_role("link", name="Bills of 2026-10").click()
    expect(page.locator("tbody tr")).to_have_count(5)


def test_filters_are_kept_in_the_address(page, site):
    page.goto(f"{site}/billing/bills")
    page.get_by_label("State").select_option("reconciled")
    page.get_by_label("Find").fill("ord")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.reload()
    assert page.get_by_label("State").input_value() == "reconciled"
    assert page.get_by_label("Find").input_value() == "ord"


@pytest.mark.parametrize("width", [360, 700, 1000, 1280])
def test_nothing_is_wider_than_the_screen(page, site, width):
    page.set_viewport_size({"width": width, "height": 800})
    too_wide = []
    for path in EVERY_PAGE:
        page.goto(site + path)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            too_wide.append(path)
    assert too_wide == []


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(246, 247, 249)"), ("dark", "rgb(15, 19, 24)")])
def test_light_and_dark_follow_the_browser(page, site, scheme, ground):
    page.emulate_media(color_scheme=scheme)
    for path in EVERY_PAGE:
        page.goto(site + path)
        assert page.evaluate(GROUND) == ground, path


def test_the_largest_page_stays_small_over_the_wire(page, site):
    sizes = {}
    for path in EVERY_PAGE:
        page.goto(site + path)
        page.wait_for_load_state("networkidle")
        sizes[path] = page.evaluate(BYTES_LOADED)
    assert 0 < max(sizes.values()) <= 300 * 1024, sizes


def test_in_airflows_frame_its_theme_wins_and_is_followed_at_once(page, site):
    page.emulate_media(color_scheme="light")
    page.goto(f"{site}/frame")
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="Bills").wait_for()
    inner = page.frames[1]
    assert inner.evaluate(GROUND) == "rgb(15, 19, 24)"
    page.evaluate("document.documentElement.className = 'light'")
    inner.wait_for_function("document.documentElement.dataset.theme === 'light'")
    assert inner.evaluate(GROUND) == "rgb(246, 247, 249)"


def test_in_airflows_frame_links_and_filters_work(page, site):
    page.goto(f"{site}/frame")
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="Subscriptions").click()
    # A click does not wait for a page inside a frame, and both pages have a field "Find".
    frame.get_by_role("heading", name="Subscriptions").wait_for()
    frame.get_by_label("Find").fill("ledger")
    frame.get_by_role("button", name="Show").click()
    frame.get_by_text("The console did not answer").wait_for()


@pytest.mark.parametrize("width", [360, 700, 1280])
def test_the_usage_of_a_month_is_drawn_whole(page, site, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{site}/billing/bills/2026-10-sub-01-clickstream")
    hours = page.locator("table.heat tbody td")
    assert hours.count() == 31 * 24
    last = hours.last.bounding_box()
    assert last["width"] >= 4
    assert last["x"] + last["width"] <= width
    assert page.evaluate("Chart.getChart(document.querySelector('canvas')).data.labels.length") == 31


def test_pages_work_without_scripts(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/billing/bills")
    expect(page.locator("tbody tr")).to_have_count(5)
    context.close()


def test_one_goes_from_a_difference_to_the_evidence_of_a_record(page, site):
    page.goto(f"{site}/billing/reconciliation?period=2026-10")
    page.get_by_role("link", name="Its records").last.click()
    page.get_by_role("link", name="Accepted").click()
    page.locator("tbody tr").first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Attempts")).to_be_visible()
