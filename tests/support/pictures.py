"""The pictures in docs/pictures, of the running demo, the showcase, and documents of bills that the product issued.

Run `make pictures` to take them again: ten minutes, with Chromium. The form of a held bill comes from
tests/browser/test_bill_review_form.py, because nothing is held in the demo.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from playwright.sync_api import sync_playwright

from include.domain.periods import BillingPeriod
from include.local.demo import ZONE, Demo, analysts_warehouse
from include.local.stack import down, up
from include.local.state import State, load_passwords
from include.reporting.document_data import read_document
from include.reporting.document_words import TYPST
from include.reporting.documents import draw_document
from tests.support.bill_pictures import PICTURES, draw_bills
from tests.support.page_pictures import SCHEMES, draw_pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from include.local.demo import DemoResult

_FORM_TEST = "tests/browser/test_bill_review_form.py::test_a_person_reads_the_bill_in_the_form_and_approves_it"


class Shot(NamedTuple):
    """A picture of a page: its address, its size, and what is done on the page first.

    Attributes:
        has_dark: whether there is a dark one, too; its name ends with `-dark`.
        click: a section of Airflow's form that is opened.
        follow: where the links are that lead on to the page, one after the other.
    """

    name: str
    path: str
    width: int = 1400
    height: int = 900
    is_whole: bool = False
    has_dark: bool = False
    click: str = ""
    follow: tuple[str, ...] = ()


def say(line: str, *_style: str) -> None:
    """A line of progress."""
    print(line, flush=True)  # noqa: T201


def main() -> None:
    """Take them all."""
    draw_bills()
    with tab() as page:
        draw_pages(page)
    form = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", _FORM_TEST]
    subprocess.run(form, check=True, env={**os.environ, "AKUBILL_PICTURE": str(PICTURES / "bill-review.png")})
    with TemporaryDirectory(prefix="akubill-pictures-") as folder:
        place = State(Path(folder) / "state")
        try:
            demo = Demo(up(place, say), say, datetime.now(UTC))
            played = demo.play()
            correct_a_bill(demo, played)
            with tab() as page:
                log_in(page, demo)
                for shot in shots(demo, played):
                    take(page, demo, shot)
        finally:
            down(place, say)


def correct_a_bill(demo: Demo, played: DemoResult) -> None:
    """A refund as a note, a discount on the next bill, and a draft of the running month that has it."""
    orders = played.subscriptions[0].subscription_id
    asked: dict[str, object] = {
        "subscription": orders,
        "bill": bill_of(demo, orders),
        "reason": "The console was down for a day; agreed by mail.",
    }
    refund = {"cause": "refund", "delivery": "note", "refund_amount": "120.00", "refund_line": 1}
    demo.run("bill_correction", "refund", asked | refund)
    discount = {"cause": "discount", "delivery": "next_bill", "discount_percent": "5"}
    demo.run("bill_correction", "discount", asked | discount)
    demo.run("running_drafts", "drafts", {})
    plans = {"first_plan": "automq-byoc-payg", "second_plan": "automq-byoc-tiered"}
    demo.run("price_plan_comparison", "what-if", {"period": demo.periods[-1].name, **plans})
    warehouse = analysts_warehouse(demo.running)
    with warehouse.connect() as connection:
        [page] = draw_document(read_document(connection, f"CN-{asked['bill']}-1"), "en", 100)
    warehouse.dispose()
    (PICTURES / "credit-note.png").write_bytes(page)


def bill_of(demo: Demo, subscription: str) -> str:
    """Id of the last closed period's bill."""
    return f"{demo.periods[-1].name}-{subscription}"


def shots(demo: Demo, played: DemoResult) -> Iterator[Shot]:
    """What is taken from the demo."""
    orders = played.subscriptions[0].subscription_id
    month = f"/billing/bills?period={demo.periods[-1].name}"
    running = BillingPeriod.containing(demo.now, ZONE).name
    yield Shot("dags", "/dags", height=1100)
    yield Shot("onboarding-form", "/dags/subscription_onboarding", 1200, 1500, click="Environment")
    succeeded, refused = (run_of(demo, is_refused=is_refused) for is_refused in (False, True))
    yield Shot("onboarding-run", succeeded)
    yield Shot("onboarding-refused", f"{refused}/tasks/admit")
    yield Shot("today", "/plugin/billing", 1400, 1000)
    yield Shot("today-whole", "/billing/", 1200, 800, is_whole=True, has_dark=True)
    yield Shot("today-narrow", "/billing/", 700, 800, is_whole=True)
    yield Shot("bills-demo", "/plugin/billing/billing/bills", height=800)
    yield Shot("bills", month, 1200, 800, is_whole=True, has_dark=True)
    bill = bill_of(demo, orders)
    yield Shot("bill", f"/billing/bills/{bill}", 1200, 800, is_whole=True, has_dark=True)
    yield Shot("bill-line", f"/billing/bills/{bill}/lines/1", 1200, 1000)
    levels = ("td[data-label='Day'] a", "td[data-label='Hour'] a")
    yield Shot("bill-line-hour", f"/billing/bills/{bill}/lines/1", 1200, 700, follow=levels)
    yield Shot("bill-running", f"/billing/bills/{running}-{orders}", 1200, 1150)
    yield Shot("subscriptions", "/billing/subscriptions", 1200, 800, is_whole=True, has_dark=True)
    yield Shot("subscription", f"/billing/subscriptions/{orders}", 1200, 800, is_whole=True, has_dark=True)
    compared = f"/billing/reconciliation?period={demo.periods[-1].name}"
    yield Shot("reconciliation", compared, 1200, 800, is_whole=True, has_dark=True)
    yield Shot("ledger", "/billing/reconciliation/ledger", 1200, 900, has_dark=True)
    yield Shot("record", "/billing/reconciliation/ledger", 1200, 800, is_whole=True, follow=("tbody td a",))
    yield Shot("price-plans", "/billing/price-plans", 1200, 800, is_whole=True, has_dark=True)
    yield Shot("comparison", "/billing/price-plans", 1200, 700, has_dark=True, follow=("#what-if tbody a",))
    yield Shot("form", f"/billing/start/bill_correction?subscription={orders}&bill={bill}", 1200, 1000)
    # The last one, as a reader keeps the language that is chosen.
    yield Shot("bill-chinese", f"/billing/bills/{bill}?lang=zh", 1200, 1000)


def run_of(demo: Demo, *, is_refused: bool) -> str:
    """Path of the newest onboarding that refused the buyer, as its note says, or that did not."""
    runs = [run for run in demo.operator.runs("subscription_onboarding") if run["state"] == "success"]
    run_id = next(run["dag_run_id"] for run in runs if ("is refused" in (run["note"] or "")) == is_refused)
    return f"/dags/subscription_onboarding/runs/{run_id}"


def with_chinese(folder: str) -> dict[str, str | float | bool]:
    """The environment of a browser that has the fonts of printed bills, too: a machine may have no Chinese ones."""
    file = Path(folder) / "fonts.conf"
    fonts, include = TYPST / "fonts", '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
    file.write_text(f"<fontconfig>{include}<dir>{fonts}</dir></fontconfig>", encoding="utf-8")
    return {**os.environ, "FONTCONFIG_FILE": str(file)}


@contextmanager
def tab() -> Iterator[Page]:
    """A tab of a browser that has every font."""
    with sync_playwright() as playwright, TemporaryDirectory(prefix="akubill-fonts-") as folder:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], env=with_chinese(folder))
        yield browser.new_context(timezone_id="UTC").new_page()
        browser.close()


def log_in(page: Page, demo: Demo) -> None:
    """Log the administrator in."""
    settings, passwords = demo.running.settings, load_passwords(demo.running.state)
    login = {"username": "admin", "password": passwords["admin"]}
    token = httpx.post(f"{settings.ui_url}/auth/token", json=login).json()["access_token"]
    cookie: Any = {"name": "_token", "value": token, "url": settings.ui_url}
    page.context.add_cookies([cookie])


def take(page: Page, demo: Demo, shot: Shot) -> None:
    """Open the page, wait until it is quiet, and take its picture."""
    page.set_viewport_size({"width": shot.width, "height": shot.height})
    page.emulate_media(color_scheme="light")
    page.goto(f"{demo.running.settings.ui_url}{shot.path}")
    page.wait_for_timeout(4000)
    for place in shot.follow:
        page.locator(place).first.click()
        page.wait_for_load_state()
    if shot.click:
        page.get_by_role("button", name="Trigger").first.click()
        page.get_by_role("button", name=shot.click).click()
        page.wait_for_timeout(2000)
    for scheme, ending in SCHEMES[: 2 if shot.has_dark else 1]:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(500)
        page.screenshot(path=PICTURES / f"{shot.name}{ending}.png", full_page=shot.is_whole)
    say(f"{shot.name}.png")


if __name__ == "__main__":
    main()
