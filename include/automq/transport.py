"""One signed request to a console, and its answer, bounded in size."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlsplit

import httpx

from include.automq.signature import canonical_query, sign
from include.domain.errors import ConfigurationError, RetriableError, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.automq.access import ConsoleAccess

INSTANCES = "/api/v1/instances"
MAX_ANSWER_BYTES = 8 * 1024 * 1024
#: Headers that the signature leaves out.
_UNSIGNED = {"accept": "application/json", "accept-encoding": "gzip", "user-agent": "akubill"}
_GZIP = 16 + zlib.MAX_WBITS
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Answer(NamedTuple):
    """A console's answer; header names are in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def send(
    client: httpx.AsyncClient,
    access: ConsoleAccess,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    payload: Mapping[str, Any] | None = None,
) -> Answer:
    """Send a request once and read the whole answer.

    Args:
        client: as it is; it must not follow redirects, which would not be signed for.
        access: the console, and the credential to sign with.
        method: HTTP method.
        path: under the console's URL; each part quoted.
        query: by name.
        payload: sent as JSON.

    Raises:
        RetriableError: no answer, or only a part of one.
        ConfigurationError: the console's URL is none.
        UnexpectedAnswerError: the answer is larger than any console's.
    """
    scheme, host, prefix = _split(access.base_url)
    sent_query = canonical_query(query or {})
    body = json.dumps(payload).encode() if payload is not None else b""
    headers = {
        "accept-language": "en",
        "content-type": "application/json",
        "host": host,
        "x-automq-environment-id": access.environment_id,
    }
    headers |= sign(
        access_key_id=access.access_key_id,
        secret=access.secret.get_secret_value(),
        method=method,
        path=prefix + path,
        query=sent_query,
        headers=headers,
        body=body,
        at=datetime.now(UTC),
    )
    url = f"{scheme}://{host}{prefix}{path}{'?' + sent_query if sent_query else ''}"
    try:
        # Made here and not by the client, which would merge it with defaults of its own, at a tenth of a poll's cost.
        patience = {"timeout": client.timeout.as_dict()}
        request = httpx.Request(method, url, headers=headers | _UNSIGNED, content=body or None, extensions=patience)
        response = await client.send(request, stream=True)
        try:
            return Answer(response.status_code, response.headers, await _bounded(access, response))
        finally:
            await response.aclose()
    except httpx.InvalidURL:
        raise _bad_url(access.base_url) from None
    except httpx.HTTPError as error:
        # httpx keeps the request, with its signature, on the error; it is not chained.
        raise RetriableError(
            f"{method} {path} at {access.base_url} was not answered: {type(error).__name__} {error}".rstrip(),
            code="NoAnswer",
        ) from None


async def _bounded(access: ConsoleAccess, response: httpx.Response) -> bytes:
    """The body, unpacked; not more than we are ready to hold.

    We unpack it ourselves: httpx unpacks each piece whole, and a few kilobytes may be gigabytes.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise _unexpected(access, f"in the encoding {encoding[:40]!r}")
    unpack = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
    stream = cast("httpx.AsyncByteStream", response.stream)
    chunks, room = [], MAX_ANSWER_BYTES
    try:
        async for packed in stream:
            chunk = unpack.decompress(packed, room + 1) if unpack else packed
            room -= len(chunk)
            if room < 0:
                raise _unexpected(access, f"with more than {MAX_ANSWER_BYTES} bytes")
            chunks.append(chunk)
    except zlib.error as error:
        raise RetriableError(f"The answer of {access.base_url} is not whole: {error}.", code="NoAnswer") from None
    if unpack and chunks and not unpack.eof:
        raise RetriableError(f"The answer of {access.base_url} is not whole: it broke off.", code="NoAnswer")
    return b"".join(chunks)


def _unexpected(access: ConsoleAccess, answered: str) -> UnexpectedAnswerError:
    return UnexpectedAnswerError(
        f"{access.base_url} answered {answered}. Check that the URL is this environment's console."
    )


def _split(base_url: str) -> tuple[str, str, str]:
    """Scheme, Host header (a scheme's own port is left out, as clients do) and path of a console's URL."""
    try:
        parts = urlsplit(base_url)
    except ValueError:
        raise _bad_url(base_url) from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise _bad_url(base_url)
    host = parts.netloc.rpartition("@")[2].lower()
    return parts.scheme, host.removesuffix(f":{_DEFAULT_PORTS[parts.scheme]}"), parts.path.rstrip("/")


def _bad_url(base_url: str) -> ConfigurationError:
    return ConfigurationError(f"The console URL {base_url!r} is no http or https URL. Enter the console's own URL.")
