"""The pages where people see them: in the navigation of Airflow's own UI."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.serving import serve
from tests.support.showcase import fill_showcase

pytestmark = pytest.mark.slow


@pytest.fixture
def airflow_ui(airflow_connections, warehouse):
    """Airflow's API server with its UI, our plugins, and the showcase as its warehouse; base URL and a login token."""
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    fill_showcase(warehouse, datetime.now(UTC))
    with serve(create_app()) as base_url:
        yield base_url, get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="ada", role="viewer"))


def test_a_viewer_goes_from_airflows_navigation_to_a_bill(page, airflow_ui):
    base_url, token = airflow_ui
    page.context.add_cookies([{"name": "_token", "value": token, "url": base_url}])
    page.goto(base_url)
    page.get_by_role("link", name="Billing").click()
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="Bills", exact=True).click()
    frame.get_by_role("link", name="Bill of orders, 2026-10").click()
    frame.get_by_role("heading", name="orders 2026-10").wait_for()
    assert page.url.endswith("/plugin/billing/billing/bills/2026-10-sub-01-orders")


def test_without_a_login_no_bill_is_shown(page, airflow_ui):
    base_url, _ = airflow_ui
    assert page.goto(f"{base_url}/billing/").status == 401
    assert page.get_by_text("Log in to Airflow").is_visible()
