"""The pages inside a real Airflow API server app: who may see them, and which warehouse they read."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from tests.support.builders import make_bill, make_buyer, make_subscription

if TYPE_CHECKING:
    from fastapi import FastAPI

pytestmark = pytest.mark.slow

PATHS = [
    "/billing/",
    "/billing/bills",
    "/billing/subscriptions",
    "/billing/bills/2026-10-sub-01-orders",
    "/billing/static/pages.css",
]


@pytest.fixture(scope="session")
def api_server(airflow: None) -> FastAPI:
    """The API server's app, with our plugins."""
    from airflow.api_fastapi.app import create_app

    return create_app(apps="core")


@pytest.fixture
def anonymous(api_server, airflow_connections):
    return TestClient(api_server)


@pytest.fixture
def viewer(api_server, airflow_connections):
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="ada", role="viewer"))
    return TestClient(api_server, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("path", PATHS)
def test_without_a_login_the_answer_is_401(anonymous, path):
    assert anonymous.get(path).status_code == 401


def test_the_page_for_strangers_leads_to_airflows_login(anonymous):
    page = anonymous.get("/billing/subscriptions?state=active")
    [link] = re.findall(r'href="([^"]+)" target="_top">Log in<', page.text)
    answer = anonymous.get(html.unescape(link), follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == "/auth/login?next=%2Fbilling%2Fsubscriptions%3Fstate%3Dactive"


def test_a_viewer_sees_the_bills_of_the_warehouse_connection(viewer, warehouse):
    with warehouse.begin() as connection:
        make_bill(connection, make_subscription(connection, make_buyer(connection)), "2026-10", "12.34")
    for path in PATHS:
        assert viewer.get(path).status_code == 200
    page = viewer.get("/billing/bills").text
    assert "12.34" in page
    assert 'href="/billing/bills/2026-10-sub-01-orders"' in page


def test_the_pages_stand_in_airflows_navigation(viewer):
    plugins = viewer.get("/api/v2/plugins").json()["plugins"]
    ours = next(plugin for plugin in plugins if plugin["name"] == "billing_pages")
    assert [(view["name"], view["url_route"]) for view in ours["external_views"]] == [("Billing", "billing")]


def test_a_plugin_costs_a_task_nothing_but_its_own_file():
    import subprocess
    import sys
    from pathlib import Path

    plugin = Path(__file__).parents[2] / "plugins" / "billing_pages.py"
    probe = (
        "import runpy, sys\nfrom airflow.plugins_manager import AirflowPlugin\nbefore = set(sys.modules)\n"
        "runpy.run_path(sys.argv[1])\n"
        "print(len(set(sys.modules) - before), 'include.reporting.pages.app' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe, str(plugin)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "False"]
