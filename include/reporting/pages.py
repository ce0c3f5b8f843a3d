"""The billing pages as a FastAPI app: bills, one bill, environments. They read the warehouse and change nothing.

Every route depends on the user that the caller hands in; the app knows neither Airflow nor where the warehouse is.
All text is escaped, nothing is loaded from elsewhere, and a page of an error says what to do without showing internals.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException as StarletteHTTPException

from include.catalog.loader import load_product
from include.domain.errors import AkubillError, InvalidInputError
from include.domain.periods import time_zone
from include.reporting import bill_detail, bills, charts, environments, presentation
from include.reporting.page_addresses import PlainAddresses, check_address, page_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine

_HERE = Path(__file__).parent
_STATIC = {"pages.css": "text/css", "theme.js": "text/javascript"}
_LOG = logging.getLogger(__name__)
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'self'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class EnvironmentQuery(BaseModel):
    """What the address of the environments' page may hold."""

    state: str = Field("", max_length=50)
    search: str = Field("", max_length=200)
    page: int = Field(1, ge=1, le=10_000)


class BillQuery(EnvironmentQuery):
    """What the address of the bills' page may hold; the period is a month or `all`, empty for the newest."""

    period: str = Field("", max_length=50)
    verdict: str = Field("", max_length=50)


def create_pages(
    *,
    current_user: Callable[..., object],
    warehouse: Callable[[], Engine],
    may_read: Callable[[Any, str], bool] = lambda _user, _view: True,
    log_in: Callable[[str], str] | None = None,
) -> FastAPI:
    """The app of the billing pages.

    Args:
        current_user: a FastAPI dependency that yields the user, or answers 401.
        may_read: whether the user may read a view, by its name: Bills or Environments.
        warehouse: opens the warehouse; called for every page, so that a changed connection takes effect at once. What
            it raises becomes a page.
        log_in: the address of the login that leads back to the page given; the page for strangers links to it.
    """
    app = FastAPI(
        title="Billing",
        dependencies=[Depends(current_user), Depends(check_address)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_middleware(PlainAddresses)
    _add_error_pages(app, log_in)

    def readers_of(view: str) -> list[Any]:
        def check(user: object = Depends(current_user)) -> None:
            if not may_read(user, view):
                raise HTTPException(
                    403, f"You may not read the view {view}. Ask an administrator of Airflow for the right to read it."
                )

        return [Depends(check)]

    _add_pages(app, _pooled(warehouse), readers_of)
    return app


def _pooled(warehouse: Callable[[], Engine]) -> Callable[[], Engine]:
    """The warehouse as it is configured now, with the pool of the last time where it is still the same one."""
    held: list[Engine] = []

    def open_engine() -> Engine:
        fresh = warehouse()
        if not held or held[-1].url != fresh.url:
            held[:] = [fresh]
        return held[-1]

    return open_engine


def _add_pages(app: FastAPI, open_engine: Callable[[], Engine], readers_of: Callable[[str], list[Any]]) -> None:
    def reading() -> AbstractContextManager[Connection]:
        return open_engine().execution_options(postgresql_readonly=True).connect()

    @app.get("/", name="bills", dependencies=readers_of("Bills"))
    def show_bills(request: Request, asked: Annotated[BillQuery, Query()]) -> HTMLResponse:
        with reading() as connection:
            periods = bills.list_periods(connection)
            chosen = None if asked.period == "all" else asked.period or (periods[0] if periods else None)
            filters = bills.Filters(
                chosen, asked.state or None, asked.verdict or None, asked.search.strip() or None, asked.page
            )
            totals = bills.sum_bills(connection, chosen)
            rows = bills.list_bills(connection, filters)
            points = bills.list_open_points(connection, chosen)
        return _page(request, "bills.html", periods=periods, filters=filters, totals=totals, rows=rows, points=points)

    @app.get("/bills/{bill_id}", name="bill", dependencies=readers_of("Bills"))
    def show_bill(request: Request, bill_id: str) -> HTMLResponse:
        with reading() as connection:
            detail = bill_detail.find_bill(connection, bill_id)
        if detail is None:
            raise HTTPException(404, f"There is no bill {bill_id}.")
        zone = time_zone(detail.bill.time_zone)
        first = detail.bill.period_start.astimezone(zone).date()
        days = (detail.bill.period_end.astimezone(zone).date() - first).days
        return _page(
            request,
            "bill.html",
            detail=detail,
            daily=charts.daily_chart(first, days, detail.days),
            calendar=charts.hour_calendar(first, days, detail.hours),
        )

    @app.get("/environments", name="environments", dependencies=readers_of("Environments"))
    def show_environments(request: Request, asked: Annotated[EnvironmentQuery, Query()]) -> HTMLResponse:
        now = datetime.now(UTC)  # a page shows the present; nothing is computed from it that lasts
        filters = bills.Filters(state=asked.state or None, search=asked.search.strip() or None, page=asked.page)
        with reading() as connection:
            rows = environments.list_environments(connection, filters)
        zone_name = load_product().seller_time_zone
        return _page(request, "environments.html", rows=rows, now=now, zone_name=zone_name, filters=filters)

    @app.get("/static/{name}", name="static")
    def show_static(name: str) -> Response:
        if name not in _STATIC:
            raise HTTPException(404, f"There is no file {name}.")
        headers = _HEADERS | {"Cache-Control": "private, max-age=300"}
        return Response((_HERE / "static" / name).read_bytes(), media_type=_STATIC[name], headers=headers)


def _add_error_pages(app: FastAPI, log_in: Callable[[str], str] | None) -> None:
    @app.exception_handler(StarletteHTTPException)
    async def on_not_found(request: Request, error: StarletteHTTPException) -> HTMLResponse:
        if error.status_code == HTTPStatus.UNAUTHORIZED:
            where = log_in(page_of(request)) if log_in else None
            return _error(request, 401, "Please log in", "Log in to Airflow, then open this page again.", where)
        if error.status_code == HTTPStatus.NOT_FOUND:
            detail = error.detail if error.detail != "Not Found" else f"There is no page {request.url.path}."
            return _error(request, 404, "Not found", detail)
        return _error(request, error.status_code, "Not possible", str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def on_invalid_query(request: Request, error: RequestValidationError) -> HTMLResponse:
        fields = ", ".join(str(part["loc"][-1]) for part in error.errors())
        return _error(request, 422, "This cannot be shown", f"The address has a wrong value for: {fields}.")

    @app.exception_handler(AkubillError)
    async def on_known_error(request: Request, error: AkubillError) -> HTMLResponse:
        if isinstance(error, InvalidInputError):
            return _error(request, 422, "This cannot be shown", str(error))
        return _error(request, 503, "The warehouse cannot be read", str(error))

    @app.exception_handler(SQLAlchemyError)
    async def on_database_error(request: Request, error: SQLAlchemyError) -> HTMLResponse:
        _LOG.error("The warehouse could not be read for %s", request.url.path, exc_info=error)
        return _error(
            request,
            503,
            "The warehouse cannot be read",
            "It does not answer, or its schema is older than this program. Check the Airflow connection `warehouse` "
            "and run `akubill warehouse migrate`. The API server's log has the details.",
        )

    @app.exception_handler(Exception)
    async def on_unexpected_error(request: Request, error: Exception) -> HTMLResponse:
        _LOG.error("The page %s failed", request.url.path, exc_info=error)
        return _error(request, 500, "This page failed", "It is our mistake. The API server's log has the details.")


def _error(request: Request, status: int, title: str, sentence: str, login: str | None = None) -> HTMLResponse:
    return _page(request, "error.html", status=status, title=title, sentence=sentence, login=login)


def _page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    def path_to(route: str, **parts: str) -> str:
        # Not request.url_for: mounted under another app, that asks the other app's routes.
        return str(request.scope.get("root_path", "") + request.app.url_path_for(route, **parts))

    def page_with(**changes: object) -> str:
        """This page's address with other parameters."""
        return "?" + str(request.url.include_query_params(**changes).query)

    html = _templates().get_template(template).render(path_to=path_to, page_with=page_with, status=status, **values)
    return HTMLResponse(html, status_code=status, headers=_HEADERS)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    helpers: dict[str, Any] = {
        name: getattr(presentation, name)
        for name in (
            "age",
            "aku_hours",
            "amount",
            "instant",
            "number",
            "percent",
            "product_title",
            "region_name",
            "signed",
            "words",
            "zone_label",
        )
    }
    environment.globals.update(helpers, page_size=bills.PAGE_SIZE, bill_states=bills.STATES)
    return environment
