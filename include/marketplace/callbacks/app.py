"""The callbacks of the Marketplace as a FastAPI app: checked, stored, and only then answered.

It knows neither Airflow nor where the warehouse is. Whatever comes in, the answer is short and shows no internals:
403 for a wrong token, 400 for a query that cannot be read, 414 and 429 for what is too large or too fast, and 503 while
the warehouse does not take it, at which the Marketplace tries again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from include.domain.errors import AkubillError, InvalidInputError
from include.domain.marketplace.callbacks import LONGEST_QUERY, read_callback
from include.marketplace.callbacks.pace import Pace
from include.marketplace.callbacks.store import Refusals, store_callback

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import SecretStr
    from sqlalchemy import Engine

    from include.domain.marketplace.callbacks import Callback

#: Where it is mounted, and its route there: together the path of the address in the Marketplace's console.
PREFIX, ROUTE = "/marketplace", "/callbacks"
_LOG = logging.getLogger(__name__)
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_AGAIN = {"Retry-After": "60"}
_AGAIN_SOON = {"Retry-After": "1"}


class Limits(NamedTuple):
    """How many calls one address may make; the Marketplace calls from a few.

    Attributes:
        per_second: always.
        burst: at once after a quiet time.
    """

    per_second: float = 100
    burst: int = 500


class Doors(NamedTuple):
    """What the app needs from outside.

    Attributes:
        keys: the vendor's security keys, newest first; asked for each call, so that a changed key takes effect.
        warehouse: opens the warehouse as its receiver; asked for each call.
    """

    keys: Callable[[], Sequence[SecretStr]]
    warehouse: Callable[[], Engine]


class _RefusedError(Exception):
    """A call that is not stored."""

    def __init__(self, status: HTTPStatus, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.reason, self.sentence = status, reason, sentence


def create_callbacks(doors: Doors, limits: Limits | None = None) -> FastAPI:
    """The app, with one route."""
    paced = limits or Limits()
    pace = Pace(paced.per_second, paced.burst, time.monotonic)
    refusals = Refusals(doors.warehouse)
    app = FastAPI(
        title="Callbacks of the Marketplace", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    app.state.refusals = refusals

    @app.get(ROUTE)
    async def receive_callback(request: Request) -> Response:
        try:
            _check_size_and_pace(request, pace)
            callback = await run_in_threadpool(_verified, request.scope["query_string"], doors.keys)
        except _RefusedError as refused:
            await _count(refusals, refused.reason)
            headers = _AGAIN_SOON if refused.status is HTTPStatus.TOO_MANY_REQUESTS else {}
            return PlainTextResponse(refused.sentence, refused.status, _HEADERS | headers)
        answer = await run_in_threadpool(lambda: store_callback(doors.warehouse(), callback))
        return JSONResponse(answer, headers=_HEADERS)

    _add_errors(app)
    return app


def _check_size_and_pace(request: Request, pace: Pace) -> None:
    if not pace.allows(request.client.host if request.client else ""):
        raise _RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "rate", "Too many calls at once. Call again in a second.")
    if len(request.scope["query_string"]) > LONGEST_QUERY:
        sentence = f"The query has more than {LONGEST_QUERY} characters."
        raise _RefusedError(HTTPStatus.REQUEST_URI_TOO_LONG, "size", sentence)


def _verified(query: bytes, keys: Callable[[], Sequence[SecretStr]]) -> Callback:
    """The callback that the query means; its token is that of one of the keys."""
    try:
        callback = read_callback(query.decode("utf-8", "surrogateescape"))
    except InvalidInputError as error:
        sentence = f"The query {error.rule}. {error.remedy}"
        raise _RefusedError(HTTPStatus.BAD_REQUEST, "unreadable", sentence) from None
    # Every key is tried, so that the time says nothing about which one fits.
    fits = [callback.is_signed_with(key.get_secret_value()) for key in keys()]
    if not any(fits):
        raise _RefusedError(HTTPStatus.FORBIDDEN, "token", "The token is wrong.")
    return callback


async def _count(refusals: Refusals, reason: str) -> None:
    """Count a refusal, now or at the end of the second, together with others of it."""
    if refusals.add(reason):
        await run_in_threadpool(refusals.write)
    else:
        loop = asyncio.get_running_loop()
        loop.call_later(1, lambda: loop.run_in_executor(None, refusals.write))


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(SQLAlchemyError)
    async def on_database_error(_request: Request, error: SQLAlchemyError) -> Response:
        _LOG.error("A callback could not be stored: %s", _without_values(error))
        return _not_now("The warehouse cannot store the callback now. Call again.")

    @app.exception_handler(AkubillError)
    async def on_known_error(_request: Request, error: AkubillError) -> Response:
        _LOG.error("A callback could not be stored: %s", error)
        return _not_now("This installation cannot take callbacks now. Call again.")

    @app.exception_handler(Exception)
    async def on_unexpected_error(_request: Request, error: Exception) -> Response:
        _LOG.error("A callback failed", exc_info=error)
        return PlainTextResponse("It is our mistake. Call again.", 500, _HEADERS | _AGAIN)


def _not_now(sentence: str) -> Response:
    return PlainTextResponse(sentence, HTTPStatus.SERVICE_UNAVAILABLE, _HEADERS | _AGAIN)


def _without_values(error: SQLAlchemyError) -> str:
    """What the database says, without the statement's values, which are the callback's."""
    return str(getattr(error, "orig", None) or type(error).__name__).partition("\n")[0]
