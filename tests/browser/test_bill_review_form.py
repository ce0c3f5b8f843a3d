"""The form of a held bill, as the person who decides sees it in Airflow's UI."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright
from sqlalchemy import text

from tests.support.bill_review import REASON, REJECT, answer, form_of
from tests.support.billing.october import BILL
from tests.support.serving import serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow


def answer_in_the_form(page: Page, base_url: str, run_id: str) -> str:
    """Read the form and approve; what it says of the bill. AKUBILL_PICTURE names a file for a picture of it."""
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.goto(f"{base_url}/dags/bill_review/runs/{run_id}/tasks/await_answer/required_actions")
    page.get_by_text("It is held because").wait_for()
    page.locator("#element_reason").fill(REASON)
    if picture := os.environ.get("AKUBILL_PICTURE"):
        page.wait_for_timeout(3000)
        page.screenshot(path=picture)
    said = page.locator("body").inner_text()
    page.get_by_role("button", name="Approve and issue").click()
    page.wait_for_timeout(1000)
    return said


def test_a_person_reads_the_bill_in_the_form_and_approves_it(dagbag, desk, held_bill, warehouse):
    """The run must be in the main thread, so the browser is in another."""
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("There is no Chromium on this machine.")

    def act() -> str:
        form = form_of(desk("li", "op"))
        try:
            token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="li", role="op"))
            with serve(create_app()) as base_url, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                context = browser.new_context()
                context.add_cookies([{"name": "_token", "value": token, "url": base_url}])
                return answer_in_the_form(context.new_page(), base_url, form["task_instance"]["dag_run_id"])
        except Exception:
            answer(desk("li", "op"), form, REJECT)  # the run must not wait for ever
            raise

    with ThreadPoolExecutor(1) as pool:
        acting = pool.submit(act)
        dagbag.dags["bill_review"].test(run_conf={"bill": BILL, "hold": None})
        said = acting.result()

    assert f"Bill {BILL}: 1.20 CNY is held" in said
    assert "no_gap_is_open" in said
    with warehouse.connect() as connection:
        query = text("SELECT to_state, who, reason FROM billing.bill_events ORDER BY event_key DESC LIMIT 1")
        assert tuple(connection.execute(query).one()) == ("issued", "li", REASON)
