"""Puts the billing pages into the Airflow UI: under Browse, and at /billing.

Plugins are loaded by every process of Airflow, tasks included, so the pages are built at the first request only.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send


@cache
def _pages() -> FastAPI:
    from airflow.api_fastapi.core_api.security import get_user

    from include.orchestration.connections import warehouse
    from include.reporting.pages import create_pages

    return create_pages(current_user=get_user, warehouse=warehouse)


async def billing_pages(scope: Scope, receive: Receive, send: Send) -> None:
    """The pages as an ASGI app."""
    await _pages()(scope, receive, send)


class BillingPagesPlugin(AirflowPlugin):
    """Bills and environments, for all logged-in users."""

    name = "billing_pages"
    fastapi_apps = [{"app": billing_pages, "url_prefix": "/billing", "name": "Billing"}]  # noqa: RUF012 (Airflow's form)
    external_views = [  # noqa: RUF012
        {"name": "Bills", "href": "/billing/", "destination": "nav", "url_route": "bills", "nav_top_level": True}
    ]
