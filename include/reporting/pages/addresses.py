"""Addresses of the pages: what one may hold, HEAD, and redirects that stay at the server that was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from fastapi import HTTPException, Request
from starlette.datastructures import MutableHeaders

from include.domain.errors import InvalidInputError
from include.domain.text import check_storable

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


async def check_address(request: Request) -> None:
    """Refuse an address with a character that the warehouse cannot hold.

    Raises:
        HTTPException: 400, with a sentence.
    """
    try:
        check_storable(unquote(request.url.path), "Address")
        for name, value in request.query_params.multi_items():
            check_storable([name, value], "Address")
    except InvalidInputError as error:
        raise HTTPException(400, str(error)) from None


def page_of(request: Request) -> str:
    """The page that was asked for, as a path with its query; the Host header has no part in it."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"


class PlainAddresses:
    """ASGI middleware: answers HEAD as GET without the body, and redirects by path, whatever the Host header says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"

        async def send_plain(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if location := headers.get("location"):
                    url = urlsplit(location)
                    query = f"?{url.query}" if url.query else ""
                    headers["location"] = f"/{url.path.lstrip('/')}{query}"
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"} if is_head else scope, receive, send_plain)
