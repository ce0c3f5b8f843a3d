"""What a reader sees when a page cannot be shown: one sentence with the remedy, and no internals."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException as StarletteHTTPException

from include.domain.errors import AkubillError, InvalidInputError
from include.reporting.pages.addresses import page_of
from include.reporting.pages.site import STATEMENT_SECONDS, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI, Request
    from fastapi.responses import HTMLResponse

_LOG = logging.getLogger(__name__)
_QUERY_CANCELED = "57014"  # SQLSTATE of a statement that took longer than its limit


def add_error_pages(app: FastAPI, log_in: Callable[[str], str] | None) -> None:
    """Answer every failure of a route with a page.

    Args:
        app: the pages.
        log_in: see create_pages.
    """

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
        if getattr(getattr(error, "orig", None), "sqlstate", None) == _QUERY_CANCELED:
            return _error(
                request,
                503,
                "The warehouse took too long",
                f"The page was given up after {STATEMENT_SECONDS} seconds. Ask for less, for example one period, or "
                "try again when the warehouse has less to do.",
            )
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
    return render(request, "error.html", status=status, title=title, sentence=sentence, login=login)
