"""Each page, light and dark, against axe-core's rules; and by the keyboard alone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.support.page_addresses import EVERY_PAGE

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(page, site, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = []
    for path in EVERY_PAGE:
        page.goto(site + path)
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                nodes = [node["html"][:150] for node in violation["nodes"][:3]]
                found.append((path, violation["id"], nodes))
    assert found == []


def test_a_plot_is_read_with_the_arrow_keys_and_has_a_table_beside_it(page, site):
    page.goto(f"{site}/billing/")
    canvas = page.get_by_role("img", name="AKU-hours of each hour")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    shown = "Chart.getChart(document.querySelector('canvas')).tooltip.dataPoints[0].dataIndex"
    assert page.evaluate(shown) == 1
    page.get_by_text("As a table").first.press("Enter")
    assert page.locator("figure table tbody tr").count() == 48


def test_the_keyboard_alone_leads_from_a_held_bill_to_its_page(page, site):
    page.goto(f"{site}/billing/?kind=held_bill")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Open the bill":
            break
    page.keyboard.press("Enter")
    page.get_by_text("Why it is held").wait_for()
