"""A way to the parts of a running stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.local import state
from include.local.airflow_api import AirflowApi
from include.warehouse import server
from include.warehouse.embedded import server_url

if TYPE_CHECKING:
    from sqlalchemy import URL

    from include.local.stack import Running


def airflow_of(running: Running) -> AirflowApi:
    """Its Airflow, as the administrator sees it."""
    return AirflowApi(running.settings.ui_url, "admin", state.load_passwords(running.state)["admin"])


def postgres_of(running: Running) -> URL:
    """Its PostgreSQL's maintenance database."""
    return server_url(server.socket_folder(running.state.postgres.resolve()))
