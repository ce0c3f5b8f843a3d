"""The sandbox calls its vendor as the Marketplace does: signed, repeated until it is taken, then left to be fetched."""

from __future__ import annotations

import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.marketplace.callbacks import md5
from tests.support.onboarding import BUYER, access_of, count_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.sandbox import SandboxHandle

KEY = "isv-key-of-the-sandbox"


class Vendor:
    """A vendor that answers what it is asked to, the last answer again and again; `asked` are the queries."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/spi"
        self.answers: list[tuple[int, str]] = [(200, '{"success":"true"}')]
        self.asked: list[dict[str, str]] = []


@pytest.fixture
def vendor(sandbox: SandboxHandle) -> Iterator[Vendor]:
    with serving() as vendor:
        sandbox.settings(spi_url=vendor.url, spi_minute_seconds=0.05)
        yield vendor
        sandbox.reset()


@contextmanager
def serving() -> Iterator[Vendor]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            vendor: Vendor = self.server.vendor  # type: ignore[attr-defined]
            vendor.asked.append(dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)))
            status, said = vendor.answers.pop(0) if len(vendor.answers) > 1 else vendor.answers[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.vendor = Vendor(server.server_port)  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.vendor  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def made(sandbox: SandboxHandle) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = sandbox.admin.get("/callbacks").json()
    return calls


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def call(sandbox: SandboxHandle, action: str, about: str = "", **parameters: str) -> None:
    wanted = {"action": action, "parameters": parameters, "about": about}
    sandbox.admin.post("/callbacks", json=wanted).raise_for_status()


def order(sandbox: SandboxHandle) -> Any:
    from include.alibaba.computenest import ComputeNest, CreateRequest

    cloud = ComputeNest(access_of(sandbox, sandbox.account("buyer", account_id=BUYER)))
    wish = CreateRequest(
        "service-automq-byoc", "orders", {"RegionId": "cn-hangzhou"}, specification_code="cmgj-automq-byoc-postpay"
    )
    return cloud.create_service_instance(wish, "token")


def test_a_call_is_signed_over_all_its_parameters(sandbox: SandboxHandle, vendor: Vendor) -> None:
    call(sandbox, "renewInstance", instanceId="9001", note="云 & more")
    wait_until(lambda: made(sandbox)[0]["state"] == "taken")
    [asked] = vendor.asked
    token = asked.pop("token")
    assert asked == {"action": "renewInstance", "instanceId": "9001", "note": "云 & more"}
    assert token == md5(f"action=renewInstance&instanceId=9001&note=云 & more&key={KEY}")


def test_an_order_is_announced_until_the_vendor_names_its_instance(sandbox: SandboxHandle, vendor: Vendor) -> None:
    vendor.answers = [(200, '{"instanceId":"0"}'), (500, "busy"), (200, "<html>"), (200, '{"instanceId":"ours-1"}')]
    placed = order(sandbox)
    wait_until(lambda: [each["state"] for each in made(sandbox)] == ["taken"])
    assert {asked["orderId"] for asked in vendor.asked} == {placed.order_id}
    assert (len(vendor.asked), made(sandbox)[0]["tries"]) == (4, 4)
    vendor.answers = [(200, '{"success":"true"}')]
    call(sandbox, "releaseInstance", placed.service_instance_id, isRefund="false")
    wait_until(lambda: len(vendor.asked) == 5)
    assert vendor.asked[-1]["instanceId"] == "ours-1"


def test_what_is_never_taken_waits_to_be_fetched(sandbox: SandboxHandle, vendor: Vendor) -> None:
    from include.alibaba.market import Market

    sandbox.settings(spi_minute_seconds=0.001)
    vendor.answers = [(403, "The token is wrong.")]
    call(sandbox, "orderPay", orderId="77001")
    wait_until(lambda: made(sandbox)[0]["state"] == "given_up")
    assert made(sandbox)[0]["tries"] == 12
    [waiting] = Market(access_of(sandbox, sandbox.account("vendor"))).failed_notifications()
    assert (waiting.action, waiting.message) == ("orderPay", '{"orderId": "77001"}')


def test_without_an_address_nothing_is_called(sandbox: SandboxHandle) -> None:
    order(sandbox)
    assert made(sandbox) == []
    refused = sandbox.admin.post("/callbacks", json={"action": "orderPay"})
    assert (refused.status_code, "spi_url" in refused.text) == (422, True)
    assert count_calls(sandbox, "CreateServiceInstance") == 1


def test_it_names_a_service_instance_that_it_does_not_have(sandbox: SandboxHandle, vendor: Vendor) -> None:
    refused = sandbox.admin.post("/callbacks", json={"action": "orderPay", "about": "si-none"})
    assert (refused.status_code, "no service instance si-none" in refused.text) == (404, True)


def test_what_happens_at_the_marketplace_is_what_it_says_and_what_it_calls(
    sandbox: SandboxHandle, vendor: Vendor
) -> None:
    from include.alibaba.market import Market

    vendor.answers = [(200, '{"instanceId":"ours-1", "success": "true"}')]
    sandbox.account("buyer", account_id=BUYER)
    wish = {"account_id": BUYER, "environment_name": "orders", "region": "cn-hangzhou", "network": "vpc-orders"}
    wish |= {"ordered_at": "2026-01-01T00:00:00Z"}
    placed = sandbox.admin.post("/orders", json=wish).raise_for_status().json()
    market = Market(access_of(sandbox, sandbox.account("vendor")))

    def happens(action: str, **parameters: str) -> tuple[str, str | None]:
        about = f"/service-instances/{placed['service_instance_id']}/events"
        sandbox.admin.post(about, json={"action": action, "parameters": parameters}).raise_for_status()
        wait_until(lambda: vendor.asked[-1]["action"] == action)
        instance = market.describe_instance(placed["marketplace_instance_id"])
        return instance.status, instance.ends_at.isoformat() if instance.ends_at else None

    wait_until(lambda: [each["state"] for each in made(sandbox)] == ["taken"])
    until = "2036-01-01T00:00:00+00:00"
    assert happens("renewInstance", orderId="77", expiredOn="2036-01-01 08:00:00") == ("OPENED", until)
    assert happens("expiredInstance")[0] == "EXPIRED"
    assert happens("resumeInstance")[0] == "OPENED"
    assert happens("releaseInstance", isRefund="false")[0] == "CLOSED"
    assert {asked.get("instanceId") for asked in vendor.asked[1:]} == {"ours-1"}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"action": "createInstance"}, "Nothing is known of the event createInstance"),
        ({"action": "renewInstance"}, "expiredOn must be a time of UTC+8"),
        ({"action": "upgradeInstance"}, "skuId is missing"),
    ],
)
def test_an_event_that_does_not_say_what_it_changes_is_refused(
    event: dict[str, str], said: str, sandbox: SandboxHandle, vendor: Vendor
) -> None:
    placed = order(sandbox)
    refused = sandbox.admin.post(f"/service-instances/{placed.service_instance_id}/events", json=event)
    assert (refused.status_code, said in refused.text) == (422, True)
