"""The callbacks inside a real Airflow API server app: without a login, and nothing else without one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from tests.support.airflow import connection_json
from tests.support.builders import rows
from tests.support.marketplace.callbacks import KEY, signed

if TYPE_CHECKING:
    from sqlalchemy import Engine

pytestmark = pytest.mark.slow
ADDRESS = "/marketplace/callbacks"


@pytest.fixture
def server(airflow_connections: pytest.MonkeyPatch) -> TestClient:
    """The API server's app with our plugins, as somebody without a login sees it."""
    from airflow.api_fastapi.app import create_app

    airflow_connections.setenv(
        "AIRFLOW_CONN_MARKETPLACE_CALLBACKS", connection_json(conn_type="akubill_marketplace", password=KEY)
    )
    return TestClient(create_app(apps="core"), follow_redirects=False)


def test_the_marketplace_needs_a_token_and_no_login(server: TestClient, warehouse: Engine) -> None:
    answer = server.get(f"{ADDRESS}?{signed(action='releaseInstance', instanceId='1')}")
    assert (answer.status_code, answer.json()) == (200, {"success": "true"})
    assert rows(warehouse, "SELECT action, instance_id FROM marketplace.inbox") == [("releaseInstance", "1")]
    assert server.get(f"{ADDRESS}?action=releaseInstance&token=0").status_code == 403
    for path in ("/billing/", "/api/v2/dags", "/api/v2/connections"):
        assert server.get(path).status_code == 401
    for path in ("/marketplace/", "/marketplace/docs", f"{ADDRESS}/"):
        assert server.get(path).status_code == 404


def test_a_plugin_costs_a_task_nothing_but_its_own_file() -> None:
    import subprocess
    import sys

    plugin = Path(__file__).parents[2] / "plugins" / "marketplace_callbacks.py"
    probe = (
        "import runpy, sys\nfrom airflow.plugins_manager import AirflowPlugin\nbefore = set(sys.modules)\n"
        "runpy.run_path(sys.argv[1])\n"
        "print(len(set(sys.modules) - before), 'include.marketplace.callbacks.app' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe, str(plugin)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "False"]
