"""Environment consoles: signatures, listings, and what becomes of Kafka instances."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.support.sandbox_calls import ask, signed


def body(**content) -> bytes:
    return json.dumps(content).encode()


def create(console, name="orders", aku=6):
    return ask(console, "POST", "/instances", body(name=name, spec={"reservedAku": aku}))


def test_a_listing_is_signed_and_counted(sandbox):
    [console] = sandbox.consoles(1, instances=2, aku=9)
    page = ask(console, "GET", "/instances?pageNum=1&pageSize=50").json()
    assert (page["pageNum"], page["pageSize"], page["total"], page["totalPage"]) == (1, 50, 2, 1)
    first = page["list"][0]
    assert first["state"] == "Running"
    assert (first["spec"]["currentAku"], first["spec"]["reservedAku"]) == (9, 9)
    assert datetime.fromisoformat(first["gmtCreate"]).tzinfo is not None
    assert first["gmtCreate"].endswith("Z")
    assert sandbox.requests()["by_action"] == {"console:ListInstances": 1}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"secret": "another"}, "Unauthorized.SignatureDoesNotMatch"),
        ({"at": 1.0e9}, "Unauthorized.RequestExpired"),
    ],
)
def test_a_wrong_signature_is_refused_and_counted(sandbox, options, code):
    [console] = sandbox.consoles()
    answer = ask(console, "GET", "/instances", **options)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
    report = sandbox.requests()
    assert (report["verified"], report["refused"], report["refusals"][0]["code"]) == (0, 1, code)


def test_an_unsigned_listing_is_refused(sandbox):
    [console] = sandbox.consoles()
    answer = httpx.get(f"{console.console_url}/api/v1/instances", trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "Unauthorized.MissingSignature")


def test_what_was_signed_cannot_be_changed(sandbox):
    [console] = sandbox.consoles()
    url = f"{console.console_url}/api/v1/instances"
    headers = signed(console, "POST", url, body(name="orders", spec={"reservedAku": 3}))
    changed = httpx.post(url, content=body(name="orders", spec={"reservedAku": 9}), headers=headers, trust_env=False)
    assert changed.json()["error"]["code"] == "Unauthorized.SignatureDoesNotMatch"
    other = httpx.get(f"{url}?keyword=a", headers=signed(console, "GET", f"{url}?keyword=b"), trust_env=False)
    assert other.json()["error"]["code"] == "Unauthorized.SignatureDoesNotMatch"


def test_one_console_does_not_take_anothers_key(sandbox):
    one, other = sandbox.consoles(2)
    url = f"{one.console_url}/api/v1/instances"
    answer = httpx.get(url, headers=signed(other, "GET", url), trust_env=False)
    assert answer.json()["error"]["code"] == "Unauthorized.InvalidAccessKey"


def test_pages_hold_every_instance_once(sandbox):
    [console] = sandbox.consoles(1, instances=7)
    pages = [ask(console, "GET", f"/instances?pageNum={number}&pageSize=3").json() for number in (1, 2, 3)]
    assert [len(page["list"]) for page in pages] == [3, 3, 1]
    assert len({row["instanceId"] for page in pages for row in page["list"]}) == 7
    assert pages[0]["totalPage"] == 3


@pytest.mark.parametrize("query", ["pageNum=0", "pageSize=101", "pageSize=x"])
def test_pages_outside_the_limits_are_refused(sandbox, query):
    [console] = sandbox.consoles()
    assert ask(console, "GET", f"/instances?{query}").status_code == 400


def test_a_keyword_finds_part_of_a_name(sandbox):
    [console] = sandbox.consoles()
    create(console, "orders-eu"), create(console, "payments")
    found = ask(console, "GET", "/instances?keyword=orders").json()
    assert [row["name"] for row in found["list"]] == ["orders-eu"]


def test_a_created_instance_is_creating_first(sandbox):
    sandbox.settings(instance_create_seconds=3600)
    [console] = sandbox.consoles()
    created = create(console).json()
    assert created["state"] == "Creating"
    assert ask(console, "GET", f"/instances/{created['instanceId']}").json() == created


def test_a_resize_shows_the_wanted_size_at_once_and_the_real_one_later(sandbox):
    sandbox.settings(instance_change_seconds=3600)
    [console] = sandbox.consoles()
    instance = create(console, aku=6).json()["instanceId"]
    changing = ask(console, "PATCH", f"/instances/{instance}", body(spec={"reservedAku": 12})).json()
    assert changing["state"] == "Changing"
    assert (changing["spec"]["currentAku"], changing["spec"]["reservedAku"]) == (6, 12)
    again = ask(console, "PATCH", f"/instances/{instance}", body(spec={"reservedAku": 3}))
    assert (again.status_code, again.json()["error"]["code"]) == (409, "Instance.StateNotAllowed")


def test_a_resize_without_delay_is_seen_in_the_next_listing(sandbox):
    [console] = sandbox.consoles()
    instance = create(console, aku=6).json()["instanceId"]
    assert ask(console, "GET", "/instances").json()["list"][0]["spec"]["currentAku"] == 6
    ask(console, "PATCH", f"/instances/{instance}", body(spec={"reservedAku": 12}))
    assert ask(console, "GET", "/instances").json()["list"][0]["spec"]["currentAku"] == 12


def test_a_listing_changes_when_the_time_comes(sandbox):
    [console] = sandbox.consoles()
    soon = datetime.now(UTC) + timedelta(seconds=1.2)
    script = [
        {"at": 0, "instance": "orders", "do": "create", "aku": 3},
        {"at": soon.isoformat(), "instance": "orders", "do": "resize", "aku": 5},
    ]
    sandbox.life(console.environment_id, since=(soon - timedelta(hours=1)).isoformat(), script=script)
    assert ask(console, "GET", "/instances").json()["list"][0]["spec"]["currentAku"] == 3
    time.sleep(1.5)
    assert ask(console, "GET", "/instances").json()["list"][0]["spec"]["currentAku"] == 5


def test_a_deleted_instance_is_deleting_then_gone(sandbox):
    sandbox.settings(instance_delete_seconds=3600)
    [console] = sandbox.consoles()
    instance = create(console).json()["instanceId"]
    assert ask(console, "DELETE", f"/instances/{instance}").status_code == 204
    assert ask(console, "DELETE", f"/instances/{instance}").status_code == 204
    assert ask(console, "GET", f"/instances/{instance}").json()["state"] == "Deleting"
    sandbox.settings(instance_delete_seconds=0)
    other = create(console, "payments").json()["instanceId"]
    ask(console, "DELETE", f"/instances/{other}")
    gone = ask(console, "GET", f"/instances/{other}")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "Instance.NotFound")


@pytest.mark.parametrize(
    "wanted",
    [
        {"name": "ab", "spec": {"reservedAku": 6}},
        {"name": "orders", "spec": {"reservedAku": 2}},
        {"name": "orders", "spec": {"reservedAku": 501}},
        {"name": "orders", "spec": {"reservedAku": 3.5}},
        {"name": "orders", "spec": {}},
        {"name": "orders", "spec": []},
        {"name": "orders", "spec": {"reservedAku": 6}, "description": "x" * 129},
    ],
)
def test_an_instance_outside_the_limits_is_refused(sandbox, wanted):
    [console] = sandbox.consoles()
    answer = ask(console, "POST", "/instances", body(**wanted))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidParameter")
    assert ask(console, "GET", "/instances").json()["total"] == 0


def test_one_environment_does_not_show_anothers_instances(sandbox):
    one, other = sandbox.consoles(2)
    instance = create(one).json()["instanceId"]
    assert ask(other, "GET", f"/instances/{instance}").status_code == 404


def test_the_date_header_is_the_consoles_clock(sandbox):
    [console] = sandbox.consoles()
    right = parsedate_to_datetime(ask(console, "GET", "/instances").headers["date"])
    sandbox.fault("clock_skew", service="console", seconds=600)
    wrong = parsedate_to_datetime(ask(console, "GET", "/instances").headers["date"])
    assert timedelta(seconds=590) < wrong - right < timedelta(seconds=620)


def test_what_is_not_there_is_not_found(sandbox):
    [console] = sandbox.consoles()
    assert ask(console, "GET", "/nothing").status_code == 404
    assert ask(console, "PUT", "/instances").status_code == 405
