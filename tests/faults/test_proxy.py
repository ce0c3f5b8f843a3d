"""The proxy of level 2 does to calls what a plan says, and what passes it is written down as its client learned it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from include.faults.checker import check
from include.faults.history import History
from include.faults.real.proxy import Proxy
from include.faults.real.watching import Watcher
from tests.support.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

RECORD = {"InstanceId": "i-1", "StartTime": "100", "Entities": [{"Key": "Period", "Value": "7"}]}


class Marketplace:
    """Takes pushes, or refuses them."""

    def __init__(self) -> None:
        self.book: list[list[object]] = []
        self.status = 200

    async def push(self, request: Request) -> JSONResponse:
        (record,) = json.loads(str((await request.form())["Metering"]))
        if self.status == 200:
            self.book.append([record["InstanceId"], int(record["StartTime"]), int(record["Entities"][0]["Value"])])
        return JSONResponse({"Success": self.status == 200}, self.status)


@pytest.fixture
def marketplace() -> Marketplace:
    return Marketplace()


@pytest.fixture
def history() -> History:
    return History(lambda: datetime.now(UTC))


@pytest.fixture
def proxy(marketplace: Marketplace, history: History) -> Iterator[Proxy]:
    app = Starlette(routes=[Route("/", marketplace.push, methods=["POST"])])
    with serve(app) as url, Proxy(urlsplit(url).port or 0, Watcher(history).to_the_outside) as proxy:
        yield proxy


def push(proxy: Proxy) -> httpx.Response:
    return httpx.post(
        f"http://127.0.0.1:{proxy.port}/",
        data={"Metering": json.dumps([RECORD])},
        headers={"x-acs-action": "PushMeteringData"},
        trust_env=False,
    )


def test_what_goes_through_is_acknowledged(proxy: Proxy, marketplace: Marketplace, history: History) -> None:
    proxy.trouble("delayed", 1, 0.01)
    assert [push(proxy).status_code, push(proxy).status_code] == [200, 200]
    found = check(history.lines(), "push", marketplace.book)
    assert (found.acknowledged, found.duplicated) == (1, ['["i-1", 100, 7]'])


@pytest.mark.parametrize(("what", "arrives"), [("cut", False), ("answer lost", True)])
def test_what_is_cut_is_not_known(
    what: str, *, arrives: bool, proxy: Proxy, marketplace: Marketplace, history: History
) -> None:
    proxy.trouble(what, 1)
    with pytest.raises(httpx.TransportError):
        push(proxy)
    found = check(history.lines(), "push", marketplace.book)
    assert (found.unknown, len(found.recovered), len(marketplace.book)) == (1, int(arrives), int(arrives))


def test_what_is_refused_is_known_not_to_be_there(proxy: Proxy, marketplace: Marketplace, history: History) -> None:
    marketplace.status = 400
    assert push(proxy).status_code == 400
    assert check(history.lines(), "push", [["i-1", 100, 7]]).unexpected == ['["i-1", 100, 7]']


def test_a_failure_does_not_arrive_and_once_it_is_calm_everything_does(proxy: Proxy, marketplace: Marketplace) -> None:
    proxy.trouble("failed", 3)
    assert push(proxy).status_code == 503
    proxy.calm()
    assert push(proxy).status_code == 200
    assert len(marketplace.book) == 1
