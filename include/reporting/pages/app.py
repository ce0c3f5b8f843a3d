"""The billing pages as a FastAPI app. They read the warehouse and change nothing.

Every route depends on the user that the caller hands in; the app knows neither Airflow nor where the warehouse is.
All text is escaped, nothing is loaded from elsewhere, and a page of an error says what to do without showing internals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from include.reporting.pages import (
    bill_line,
    bills,
    data_quality,
    findings,
    ledger,
    price_plans,
    reconciliation,
    start,
    subscription,
    subscriptions,
    today,
)
from include.reporting.pages.addresses import PlainAddresses, check_address
from include.reporting.pages.errors import add_error_pages
from include.reporting.pages.site import Site, speak

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from include.reporting.line_evidence import Explain

_PAGES = (
    today,
    subscriptions,
    subscription,
    bills,
    bill_line,
    reconciliation,
    findings,
    ledger,
    data_quality,
    price_plans,
    start,
)


def create_pages(
    *,
    current_user: Callable[..., object],
    warehouse: Callable[[], Engine],
    may_read: Callable[[Any, str], bool] = lambda _user, _view: True,
    log_in: Callable[[str], str] | None = None,
    explain: Explain | None = None,
    airflow_root: str = "",
) -> FastAPI:
    """The app of the billing pages.

    Args:
        current_user: a FastAPI dependency that yields the user, or answers 401.
        may_read: whether the user may read a view, by its name: that of the page.
        warehouse: opens the warehouse; called for every page, so that a changed connection takes effect at once. What
            it raises becomes a page.
        log_in: the address of the login that leads back to the page given; the page for strangers links to it.
        explain: explains a line of a bill down to its polls; without it, lines have no pages of their own.
        airflow_root: path that Airflow is served under, without a slash at the end; links to its own pages begin so.
    """
    app = FastAPI(
        title="Billing",
        dependencies=[Depends(current_user), Depends(check_address), Depends(speak)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.airflow_root = airflow_root
    app.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=6)
    app.add_middleware(PlainAddresses)
    add_error_pages(app, log_in)
    site = Site(app, current_user, warehouse, may_read, explain)
    for page in _PAGES:
        page.add_to(site)
    app.state.routes = {route.name: route for route in app.routes if isinstance(route, Route)}
    return app
