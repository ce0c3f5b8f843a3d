"""A console's listing: every page, or an error. Odd answers come over a transport that holds them ready."""

from __future__ import annotations

import asyncio
import gzip
import json
import traceback
import tracemalloc
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from include.automq import transport
from include.automq.access import ConsoleAccess
from include.automq.listing import PAGE_SIZE, Listing, list_instances
from include.domain.errors import (
    AkubillError,
    ConfigurationError,
    RefusedError,
    RetriableError,
    UnexpectedAnswerError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "a-secret-that-must-not-leak"
ACCESS = ConsoleAccess("http://console.example:8080/consoles/env-1", "env-1", "AKtest", SecretStr(SECRET))


def ask(answer: Callable[[httpx.Request], httpx.Response], access: ConsoleAccess = ACCESS, **options: Any) -> Listing:
    async def run() -> Listing:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            return await list_instances(client, access, **options)

    return asyncio.run(run())


def console(*pages: list[str], totals: list[int] | None = None) -> Callable[[httpx.Request], httpx.Response]:
    """A console with these ids on these pages, and what each page says the total is."""

    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["pageNum"]) - 1
        ids = pages[number] if number < len(pages) else []
        total = totals[number] if totals else sum(map(len, pages))
        return httpx.Response(200, json={"list": [{"instanceId": i} for i in ids], "total": total})

    return answer


def test_all_pages_are_one_listing() -> None:
    pages = [[f"kf-{page}-{n}" for n in range(PAGE_SIZE)] for page in range(2)] + [["kf-last"]]
    listing = ask(console(*pages))
    assert [row["instanceId"] for row in listing.instances] == [i for page in pages for i in page]
    assert [len(page["list"]) for page in listing.pages] == [100, 100, 1]


def test_an_empty_console_has_an_empty_listing() -> None:
    listing = ask(console([]))
    assert listing.instances == []
    assert len(listing.pages) == 1


@pytest.mark.parametrize(
    "answer",
    [
        console(["a"] * 2, ["b"], totals=[3, 4]),
        console(["a", "b"], ["b"], totals=[3, 3]),
        console(["a", "b"], [], totals=[3, 3]),
        console(["a", "b"], ["c", "d"], totals=[3, 3]),
        console(["a", "b"], totals=[1]),
    ],
    ids=["total changed", "instance on two pages", "page missing", "too many", "more than counted"],
)
def test_a_listing_that_changed_between_its_pages_is_asked_again_later(
    answer: Callable[[httpx.Request], httpx.Response],
) -> None:
    with pytest.raises(RetriableError, match="changed while it was read") as failure:
        ask(answer)
    assert failure.value.code == "ListingChanged"


def test_a_page_that_fails_fails_the_listing() -> None:
    good = console(["a", "b"], ["c"])

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503) if request.url.params["pageNum"] == "2" else good(request)

    with pytest.raises(RetriableError, match="HTTP 503"):
        ask(answer)


@pytest.mark.parametrize(
    ("response", "error", "code"),
    [
        (
            httpx.Response(500, json={"error": {"code": "Internal", "message": "m"}}),
            RetriableError,
            "Internal",
        ),
        (httpx.Response(502, text="<html>"), RetriableError, "HTTP 502"),
        (httpx.Response(200, text="<html>"), RetriableError, "NotJson"),
        (httpx.Response(429, headers={"retry-after": "7"}), RetriableError, "HTTP 429"),
        (
            httpx.Response(401, json={"error": {"code": "Unauthorized", "message": "m"}}),
            RefusedError,
            "Unauthorized",
        ),
        (httpx.Response(403, text="no"), RefusedError, "HTTP 403"),
        (httpx.Response(404, json={"error": "gone"}), RefusedError, "HTTP 404"),
        (httpx.Response(302, headers={"location": "https://login"}), ConfigurationError, None),
        (httpx.Response(200, json=[]), UnexpectedAnswerError, None),
        (httpx.Response(200, json={"list": [1], "total": 1}), UnexpectedAnswerError, None),
        (httpx.Response(200, json={"list": [], "total": "0"}), UnexpectedAnswerError, None),
        (httpx.Response(200, json={"total": 0}), UnexpectedAnswerError, None),
        (httpx.Response(204), UnexpectedAnswerError, None),
    ],
)
def test_a_poll_that_failed_is_not_an_empty_listing(
    response: httpx.Response, error: type[AkubillError], code: str | None
) -> None:
    with pytest.raises(error) as failure:
        ask(lambda _: response)
    assert "console.example" in str(failure.value)
    assert getattr(failure.value, "code", None) == code
    if response.status_code == 429:
        assert getattr(failure.value, "retry_after", None) == 7


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout(""),
        httpx.RemoteProtocolError("cut"),
        httpx.DecodingError("gz"),
    ],
)
def test_a_network_failure_may_pass_and_shows_no_secret(failure: httpx.HTTPError) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        failure.request = request
        raise failure

    with pytest.raises(RetriableError) as caught:
        ask(answer)
    assert caught.value.code == "NoAnswer"
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value)) + repr(ACCESS)
    assert SECRET not in shown
    assert "Signature=" not in shown


def test_a_console_that_does_not_answer_in_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silence(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError("it was waited for")

    with pytest.raises(RetriableError, match=r"longer than 0\.05 s"):
        ask(silence, deadline_seconds=0.05)  # type: ignore[arg-type]


def test_an_answer_without_end_is_cut_off() -> None:
    sent = []

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self):
            while True:
                sent.append(1)
                yield b" " * 1_000_000

    with pytest.raises(UnexpectedAnswerError, match="more than"):
        ask(lambda _: httpx.Response(200, stream=Endless()))
    assert len(sent) <= transport.MAX_ANSWER_BYTES / 1_000_000 + 2


def packed(content: bytes, encoding: str = "gzip") -> httpx.Response:
    class Pieces(httpx.AsyncByteStream):
        async def __aiter__(self):
            for start in range(0, len(content), 65_536):
                yield content[start : start + 65_536]

    return httpx.Response(200, headers={"content-encoding": encoding}, stream=Pieces())


def packed_answer(content: bytes, _request: httpx.Request) -> httpx.Response:
    return packed(content)


def test_a_packed_answer_is_unpacked_and_one_that_broke_off_is_asked_for_again() -> None:
    whole = gzip.compress(b'{"list": [], "total": 0}')
    assert ask(lambda _: packed(whole)).instances == []
    for broken in (whole[:-6], b"no gzip"):
        with pytest.raises(RetriableError, match="is not whole"):
            ask(partial(packed_answer, broken))


def test_a_small_answer_that_unpacks_to_gigabytes_is_cut_off_in_little_memory() -> None:
    bomb = gzip.compress(b" " * 200_000_000, compresslevel=1)
    tracemalloc.start()
    try:
        with pytest.raises(UnexpectedAnswerError, match="with more than"):
            ask(lambda _: packed(bomb))
        assert tracemalloc.get_traced_memory()[1] < 3 * transport.MAX_ANSWER_BYTES
    finally:
        tracemalloc.stop()


def test_an_answer_in_an_encoding_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(UnexpectedAnswerError, match="encoding 'br'"):
        ask(lambda _: packed(b"no", "br"))


@pytest.mark.parametrize("seconds", [0, 240, -3600])
def test_the_clocks_difference_comes_from_the_date_header(seconds: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        return httpx.Response(200, json={"list": [], "total": 0}, headers={"date": date})

    skew = ask(answer).clock_skew_ms
    assert skew is not None
    assert abs(skew - seconds * 1000) <= 1500


def test_no_date_header_is_no_known_difference() -> None:
    assert ask(console([])).clock_skew_ms is None


@pytest.mark.parametrize("url", ["console.example", "ftp://console.example", "http://", "http://[bad", ""])
def test_a_console_url_that_is_none_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="console URL"):
        ask(console([]), ConsoleAccess(url, "env-1", "AK", SecretStr(SECRET)))


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("http://console.example", "console.example", "/api/v1/instances"),
        ("http://console.example:80/", "console.example", "/api/v1/instances"),
        ("https://console.example:443/x/", "console.example", "/x/api/v1/instances"),
        ("http://Console.Example:8080", "console.example:8080", "/api/v1/instances"),
    ],
)
def test_what_is_signed_is_what_is_sent(url: str, host: str, path: str) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=json.dumps({"list": [], "total": 0}))

    ask(answer, ConsoleAccess(url, "env-1", "AK", SecretStr(SECRET)))
    assert seen[0].headers["host"] == host
    assert seen[0].url.raw_path.decode() == f"{path}?pageNum=1&pageSize=100"
    assert seen[0].headers["x-automq-environment-id"] == "env-1"
