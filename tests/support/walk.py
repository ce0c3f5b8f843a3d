"""A person's way through the running demo, in a real browser: what is asked, found, started and seen."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import expect, sync_playwright

from include.domain.periods import BillingPeriod
from include.local.airflow_api import AirflowApi, Run
from include.local.demo import ZONE
from include.local.state import load_passwords
from tests.support.questions import Reader, clicks_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Page

    from include.local.stack import Running

_REASON = "The console was down for a day; agreed by mail."


def walk(running: Running) -> None:
    """Log in, explain an amount, correct a bill, onboard a buyer, approve its held bill, ask what another plan costs.

    Then what a viewer may not start; and first of all what a stranger sees.
    """
    ui_url, passwords = running.settings.ui_url, load_passwords(running.state)
    assert httpx.get(f"{ui_url}/billing/", trust_env=False).status_code == 401
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            page = _log_in(browser, ui_url, "admin", passwords["admin"])
            api = AirflowApi(ui_url, "admin", passwords["admin"])
            frame = _open_billing(page)
            _explain_an_amount(frame)
            _correct_a_bill(page, frame, api)
            _onboard_a_buyer(page, api)
            _approve_its_held_bill(page, api)
            _compare_two_plans(page, api)
            _check_every_form(page)
            _try_as_viewer(_log_in(browser, ui_url, "viewer", passwords["viewer"]))
        finally:
            browser.close()


def _log_in(browser: Browser, ui_url: str, name: str, password: str) -> Page:
    page = browser.new_context(base_url=ui_url).new_page()
    page.set_default_timeout(60_000)
    page.goto("/")
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.locator("button[type=submit]").click()
    page.get_by_role("link", name="Billing", exact=True).wait_for()
    return page


def _open_billing(page: Page) -> FrameLocator:
    page.get_by_role("link", name="Billing", exact=True).click()
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="What waits for a person").wait_for()
    return frame


def _explain_an_amount(frame: FrameLocator) -> None:
    """From a bill to where its amount comes from, in three clicks: the line, a day, an hour."""
    frame.get_by_role("link", name="Bills", exact=True).click()
    frame.get_by_label("Find").fill("fraud")
    frame.get_by_label("Period").select_option("all")
    frame.get_by_role("button", name="Show").click()
    frame.get_by_role("link", name="Bill of fraud").first.click()
    for place in ("table.lines tbody td[data-label='Amount'] a", "td[data-label='Day'] a", "td[data-label='Hour'] a"):
        frame.locator(place).last.click()
    frame.get_by_role("heading", name="What each instance used").wait_for()


def _check_every_form(page: Page) -> None:
    """A browser understands each pattern: one that it does not is a rule that only the run would name."""
    broken = page.evaluate("""async () => {
        const read = async (path) => (await fetch(path)).json();
        const broken = [];
        const { dags } = await read("/api/v2/dags?limit=100");
        for (const { dag_id } of dags) {
            const { params } = await read(`/api/v2/dags/${dag_id}/details`);
            for (const [name, { schema }] of Object.entries(params ?? {})) {
                try { new RegExp(schema.pattern ?? "", "v"); } catch { broken.push(`${dag_id}.${name}`); }
            }
        }
        return broken;
    }""")
    assert broken == []
    page.goto("/billing/start/difference_explanation?findings=12x")
    page.locator("[name=reason]").fill(_REASON)
    page.get_by_role("button", name="Start the run").click()
    page.get_by_text("Findings '12x' is not accepted. Their numbers with commas or spaces").wait_for()


def _correct_a_bill(page: Page, frame: FrameLocator, api: AirflowApi) -> None:
    reader = Reader(frame)
    reader.link("Bills")
    reader.lists(period=_last_month().name)
    reader.link(f"Bill of fraud, {_last_month().name}")
    reader.link("Correct it")
    frame.locator("[name=reason]").fill(_REASON)
    frame.locator("[name=cause]").select_option("refund")
    frame.locator("[name=delivery]").select_option("note")
    frame.locator("[name=refund_amount]").fill("12.00")
    frame.locator("[name=refund_line]").fill("1")
    bill_id = frame.locator("[name=bill]").input_value()
    _start(frame, api, "bill_correction")
    assert reader.clicks + len(["Start the run"]) == clicks_of(3, "review-a-held-bill")
    frame.get_by_role("link", name=f"manual__{bill_id}__20").click()
    page.wait_for_url("**/dags/bill_correction/runs/**")
    page.goto(f"/billing/bills/CN-{bill_id}-1")
    expect(page.get_by_role("heading", level=1)).to_contain_text("fraud")


def _onboard_a_buyer(page: Page, api: AirflowApi) -> None:
    page.goto("/billing/start/subscription_onboarding?account_id=1650000000000001")
    fields = {"region": "cn-hangzhou", "environment_name": "walk", "network": "vpc-bp1walk"}
    for field, value in (fields | {"began_on": f"{_last_month().local_start:%Y-%m-%d}"}).items():
        control = page.locator(f"[name={field}]")
        if control.evaluate("control => control.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    page.locator("[name=department]").fill("Walk")
    _start(page, api, "subscription_onboarding")
    page.goto("/billing/subscriptions?search=walk")
    expect(page.locator("td[data-label='State']")).to_contain_text("Active")


def _approve_its_held_bill(page: Page, api: AirflowApi) -> None:
    """The buyer had the product a month ago and no history was imported, so a person has to agree to the bill."""
    period = _last_month().name
    page.goto(f"/billing/start/billing_period_close?period={period}")
    run = _start(page, api, "billing_period_close")
    assert "1 held" in api.note(run)
    page.goto("/billing/")
    reader = Reader(page)
    reader.link("Bills")
    reader.lists(period=period, state="held")
    reader.link(f"Bill of walk, {period}")
    reader.sees("Why it is held", "Usage before metering is not known.")
    reader.link("Approve or reject it")
    page.get_by_text("It is held because").wait_for()
    page.locator("#element_reason").fill("Nothing ran in that month; agreed by mail.")
    reader.button("Approve and issue")
    assert reader.clicks == clicks_of(1, "review-a-held-bill")
    [review] = [run for run in api.runs("bill_review") if run["state"] != "failed"]
    assert api.follow(Run("bill_review", review["dag_run_id"]), lambda _task, _state: None) == "success"
    page.goto(f"/billing/bills?period={period}&search=walk")
    expect(page.locator("td[data-label='State']")).to_contain_text("Issued")


def _compare_two_plans(page: Page, api: AirflowApi) -> None:
    """What would another plan have cost? As many clicks as the how-to says."""
    page.goto("/billing/")
    page.get_by_role("link", name="Price plans").click()
    page.get_by_role("link", name="Compare two plans").click()
    page.locator("[name=first_plan]").wait_for()
    assert page.locator("[name=second_plan]").input_value() == "automq-byoc-tiered"
    assert page.locator("[name=period]").input_value() == _last_month().name
    _start(page, api, "price_plan_comparison")
    assert clicks_of(9) == 3
    page.goto("/billing/price-plans")
    expect(page.locator("#what-if tbody tr").first).to_contain_text("Done")


def _last_month() -> BillingPeriod:
    return BillingPeriod.containing(datetime.now(UTC), ZONE).previous


def _try_as_viewer(page: Page) -> None:
    page.goto("/billing/")
    page.get_by_role("heading", name="What waits for a person").wait_for()
    page.goto("/billing/start/warehouse_upkeep")
    page.get_by_role("button", name="Start the run").click()
    page.get_by_text("You may not start this DAG").wait_for()


def _start(place: Page | FrameLocator, api: AirflowApi, dag_id: str) -> Run:
    """Press the button, and wait until the run has ended well."""
    place.get_by_role("button", name="Start the run").click()
    link = place.locator("[role=status] a")
    link.wait_for()
    run = Run(dag_id, str(link.text_content()))
    assert api.follow(run, lambda _task, _state: None) == "success", api.note(run)
    return run
