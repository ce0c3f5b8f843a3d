"""The pages where people see them: in the navigation of Airflow's own UI."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.support.breaking import wait_until
from tests.support.serving import serve
from tests.support.showcase import fill_showcase

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def answers(url: str) -> bool:
    """Whether a server does."""
    with suppress(httpx.TransportError):
        return httpx.get(url, trust_env=False).is_success
    return False


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


def test_below_a_path_of_its_own_links_stay_below_it(page, airflow_connections, warehouse, airflow):
    """As `api.base_url` says it: in a process of its own, because Airflow reads it once."""
    fill_showcase(warehouse, datetime.now(UTC))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    base_url = f"http://127.0.0.1:{port}/airflow"
    settings = {"AIRFLOW__API__BASE_URL": base_url, "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True"}
    command = [sys.executable, "-m", "uvicorn", "--factory", "airflow.api_fastapi.app:create_app", "--port", str(port)]
    with subprocess.Popen(command, env={**os.environ, **settings, "PYTHONPATH": str(ROOT)}) as server:
        try:
            wait_until(lambda: answers(f"{base_url}/api/v2/version"))
            page.goto(f"{base_url}/")
            page.get_by_role("link", name="Billing").click()
            frame = page.frame_locator("iframe")
            frame.get_by_role("link", name="Bills", exact=True).click()
            frame.get_by_role("link", name="Bill of orders, 2026-10").click()
            frame.get_by_role("heading", name="orders 2026-10").wait_for()
            assert page.frames[1].url.startswith(f"{base_url}/billing/bills/")
            outside = (
                f"[...document.querySelectorAll('[href]')].filter((a) => !a.href.startsWith('{base_url}/')).length"
            )
            assert page.frames[1].evaluate(outside) == 0
        finally:
            server.terminate()
