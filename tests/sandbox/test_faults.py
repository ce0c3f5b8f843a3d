"""Faults, as the SDK and an HTTP client meet them."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException, ThrottlingException
from Tea.exceptions import TeaException

from tests.support.sandbox_calls import ask, models, signed

M = models("computenest")


def listed(sdk, account):
    request = M.ListServiceInstancesRequest(region_id="cn-hangzhou")
    return sdk("computenest", account).list_service_instances(request).body


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        ("throttle", ThrottlingException, "Throttling.User"),
        ("throttle_without_header", ClientException, "Throttling.User"),
        ("server_error", ServerException, "InternalError"),
        ("unavailable", ServerException, "ServiceUnavailable"),
        ("html", TeaException, None),
        ("not_json", TeaException, None),
        ("broken", TeaException, None),
        ("lost_answer", TeaException, None),
    ],
)
def test_a_fault_strikes_once(sandbox, sdk, kind, error, code):
    buyer = sandbox.account()
    sandbox.fault(kind, service="computenest")
    with pytest.raises(error) as met:
        listed(sdk, buyer)
    assert met.value.code == code
    assert listed(sdk, buyer).total_count == 0
    report = sandbox.requests()
    assert (report["verified"], report["refused"], report["by_fault"]) == (2, 0, {kind: 1})


def test_a_throttling_says_how_long(sandbox, sdk):
    sandbox.fault("throttle", retry_after_ms=700)
    with pytest.raises(ThrottlingException) as met:
        listed(sdk, sandbox.account())
    assert met.value.retry_after == 700


@pytest.mark.parametrize("kind", ["lost_answer", "broken"])
def test_the_work_of_a_lost_answer_was_done(sandbox, sdk, order, kind):
    buyer = sandbox.account()
    sandbox.fault(kind, action="CreateServiceInstance")
    with pytest.raises(TeaException):
        order(buyer, client_token="one")
    assert listed(sdk, buyer).total_count == 1
    assert order(buyer, client_token="one") == listed(sdk, buyer).service_instances[0].service_instance_id


def test_a_slow_answer_is_slow(sandbox, sdk):
    buyer = sandbox.account()
    sandbox.fault("slow", seconds=0.4)
    begun = time.monotonic()
    assert listed(sdk, buyer).total_count == 0
    assert time.monotonic() - begun >= 0.4


def test_a_fault_hits_only_what_it_names(sandbox, sdk, order):
    one, other = sandbox.account(), sandbox.account()
    sandbox.fault("server_error", account_id=one.account_id, action="ListServiceInstances", times=None)
    order(one)
    assert listed(sdk, other).total_count == 0
    for _ in range(3):
        with pytest.raises(ServerException):
            listed(sdk, one)
    sandbox.clear_faults()
    assert listed(sdk, one).total_count == 1


def test_a_share_of_requests_can_fail(sandbox):
    [console] = sandbox.consoles()
    sandbox.fault("server_error", service="console", times=None, share=0.5)
    codes = {ask(console, "GET", "/instances").status_code for _ in range(60)}
    assert codes == {200, 500}


def test_a_console_throttles_with_429(sandbox):
    [console] = sandbox.consoles()
    sandbox.fault("throttle", service="console")
    answer = ask(console, "GET", "/instances")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "Throttling.User")


def test_a_consoles_lost_answer_created_the_instance(sandbox):
    [console] = sandbox.consoles()
    sandbox.fault("lost_answer", service="console", action="CreateInstance")
    wanted = json.dumps({"name": "orders", "spec": {"reservedAku": 6}}).encode()
    with pytest.raises(httpx.TransportError):
        ask(console, "POST", "/instances", wanted)
    assert ask(console, "GET", "/instances").json()["total"] == 1


def test_an_answer_can_be_late_and_then_lost_although_the_work_was_done(sandbox):
    [console] = sandbox.consoles()
    sandbox.fault("lost_answer", service="console", action="CreateInstance", seconds=30)
    wanted = json.dumps({"name": "orders", "spec": {"reservedAku": 6}}).encode()
    url = f"{console.console_url}/api/v1/instances"
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, content=wanted, headers=signed(console, "POST", url, wanted), timeout=0.5, trust_env=False)
    assert ask(console, "GET", "/instances").json()["total"] == 1


def test_an_unknown_fault_is_refused_with_the_list(sandbox):
    answer = sandbox.admin.post("/faults", json={"kind": "earthquake"})
    assert answer.status_code == 422
    assert "lost_answer" in answer.json()["detail"]
