"""Puts the billing pages into the Airflow UI: in its navigation, and at /billing.

Plugins are loaded by every process of Airflow, tasks included, so the pages are built at the first request only.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send


@cache
def _pages() -> FastAPI:
    from airflow.api_fastapi.core_api.security import get_user

    from include.billing.evidence.explain import explain_document
    from include.orchestration.connections import warehouse_pages
    from include.reporting.pages.app import create_pages

    return create_pages(
        current_user=get_user,
        warehouse=warehouse_pages,
        may_read=_may_read,
        log_in=_log_in,
        explain=explain_document,
        airflow_root=_airflow_root(),
    )


def _may_read(user: BaseUser, view: str) -> bool:
    """Whether Airflow's auth manager lets the user read the view."""
    from airflow.api_fastapi.app import get_auth_manager

    return get_auth_manager().is_authorized_custom_view(method="GET", resource_name=view, user=user)


def _log_in(page: str) -> str:
    """Airflow's login, whichever auth manager it has; it leads back to the page."""
    return f"{_airflow_root()}/api/v2/auth/login?{urlencode({'next': page})}"


def _airflow_root() -> str:
    """The path that Airflow is served under, without a slash at the end."""
    from airflow.configuration import conf

    return urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")


async def billing_pages(scope: Scope, receive: Receive, send: Send) -> None:
    """The pages as an ASGI app."""
    await _pages()(scope, receive, send)


class BillingPagesPlugin(AirflowPlugin):
    """The billing pages, for users who may read the views of their names."""

    name = "billing_pages"
    fastapi_apps = [{"app": billing_pages, "url_prefix": "/billing", "name": "Billing"}]  # noqa: RUF012 (Airflow's form)
    external_views = [  # noqa: RUF012
        {
            "name": "Billing",
            "href": f"{_airflow_root()}/billing/",
            "destination": "nav",
            "url_route": "billing",
            "nav_top_level": True,
        }
    ]
