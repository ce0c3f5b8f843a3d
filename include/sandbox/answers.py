"""Answers over ASGI: read a body, send an answer, or let the connection die on the way."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from functools import lru_cache
from typing import Any, NamedTuple

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

JSON = "application/json;charset=utf-8"


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


def json_answer(status: int, content: object, headers: dict[str, str] | None = None) -> Answer:
    """An answer whose body is JSON."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, JSON, tuple((headers or {}).items()))


def html_answer(status: int, title: str) -> Answer:
    """What a load balancer says when no server is behind it."""
    page = f"<html><head><title>{status} {title}</title></head><body><h1>{status} {title}</h1></body></html>"
    return Answer(status, page.encode(), "text/html")


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The request's whole body."""
    if scope["method"] == "GET":
        return b""
    parts = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


@lru_cache(maxsize=8)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)


async def send_answer(send: Send, answer: Answer, clock: float, *, lose: bool = False) -> None:
    """Send an answer with a Date header that says `clock`; if `lose`, break off after the head."""
    headers = [
        (b"date", _http_date(int(clock)).encode()),
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        *((name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    # Returning without a body makes the server close the connection: the client never learns what was done.
    if not lose:
        await send({"type": "http.response.body", "body": answer.body})
