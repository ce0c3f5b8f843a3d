"""A console over real HTTP: the sandbox verifies every signature."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import SecretStr

from include.automq.access import ConsoleAccess
from include.automq.console import Console, NewInstance
from include.automq.listing import list_instances
from include.domain.errors import ConflictError, RefusedError, RetriableError

if TYPE_CHECKING:
    from tests.support.sandbox import SandboxConsole, SandboxHandle


def access_of(console: SandboxConsole) -> ConsoleAccess:
    secret = SecretStr(console.access_key_secret)
    return ConsoleAccess(console.console_url, console.environment_id, console.access_key_id, secret)


@pytest.fixture
def access(sandbox: SandboxHandle) -> ConsoleAccess:
    return access_of(sandbox.consoles(1)[0])


def test_an_instance_is_made_found_and_read(sandbox: SandboxHandle, access: ConsoleAccess) -> None:
    console = Console(access)
    assert console.find_instance("orders-kafka") is None
    made = console.create_instance(NewInstance("orders-kafka", 6, "first"))
    found = console.find_instance("orders-kafka")
    assert found is not None
    assert (found.instance_id, found.aku, found.name) == (made.instance_id, 6, "orders-kafka")
    assert console.find_instance("orders") is None, "a name is found whole, not by a part of it"
    assert [row["instanceId"] for row in console.list_instances().instances] == [made.instance_id]
    assert sandbox.requests()["refused"] == 0


def test_two_instances_of_one_name_are_a_conflict(access: ConsoleAccess) -> None:
    console = Console(access)
    for _ in range(2):
        console.create_instance(NewInstance("订单 orders".replace(" ", "_"), 3))
    with pytest.raises(ConflictError, match="several instances named"):
        console.find_instance("订单_orders")


def test_an_instance_that_breaks_the_consoles_rules_is_refused(access: ConsoleAccess) -> None:
    with pytest.raises(RefusedError, match="InvalidParameter"):
        Console(access).create_instance(NewInstance("orders-kafka", 1))


def test_more_instances_than_a_page_holds_are_all_listed(sandbox: SandboxHandle) -> None:
    listing = Console(access_of(sandbox.consoles(1, 230)[0])).list_instances()
    assert len({row["instanceId"] for row in listing.instances}) == 230
    assert len(listing.pages) == 3
    assert listing.clock_skew_ms is not None
    assert abs(listing.clock_skew_ms) < 1500


def test_one_wrong_byte_in_the_secret_and_everything_is_refused(sandbox: SandboxHandle, access: ConsoleAccess) -> None:
    secret = access.secret.get_secret_value()
    wrong = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    console = Console(replace(access, secret=SecretStr(wrong)))
    for call in (
        console.list_instances,
        lambda: console.find_instance("orders-kafka"),
        lambda: console.create_instance(NewInstance("orders-kafka", 6)),
    ):
        with pytest.raises(RefusedError, match=f"Check access key {access.access_key_id} and its secret") as refusal:
            call()
        assert wrong not in str(refusal.value)
    assert sandbox.requests()["refused"] == 3
    assert Console(access).list_instances().instances == []


def test_another_environments_id_is_refused(access: ConsoleAccess) -> None:
    with pytest.raises(RefusedError):
        Console(replace(access, environment_id="env-other")).list_instances()


@pytest.mark.parametrize(
    "kind", ["throttle", "server_error", "unavailable", "html", "not_json", "broken", "lost_answer"]
)
def test_a_passing_fault_is_sat_out_when_reading(sandbox: SandboxHandle, access: ConsoleAccess, kind: str) -> None:
    sandbox.fault(kind, service="console", times=2)
    assert Console(access).list_instances().instances == []


@pytest.mark.parametrize("kind", ["throttle", "server_error", "html", "not_json", "broken", "lost_answer"])
def test_a_poll_that_failed_is_not_an_empty_listing(sandbox: SandboxHandle, access: ConsoleAccess, kind: str) -> None:
    sandbox.fault(kind, service="console", times=1)

    async def poll() -> None:
        async with httpx.AsyncClient() as client:
            await list_instances(client, access)

    with pytest.raises(RetriableError):
        asyncio.run(poll())


def test_an_instance_whose_answer_was_lost_is_not_made_twice_but_found(
    sandbox: SandboxHandle, access: ConsoleAccess
) -> None:
    console = Console(access)
    sandbox.fault("lost_answer", service="console", action="CreateInstance", times=1)
    with pytest.raises(RetriableError):
        console.create_instance(NewInstance("orders-kafka", 6))
    assert console.find_instance("orders-kafka") is not None
    assert len(console.list_instances().instances) == 1


def test_many_consoles_are_asked_at_once_over_one_client(sandbox: SandboxHandle) -> None:
    consoles = [access_of(console) for console in sandbox.consoles(50, 2)]

    async def poll() -> list[int]:
        async with httpx.AsyncClient() as client:
            listings = await asyncio.gather(*(list_instances(client, console) for console in consoles))
            return [len(listing.instances) for listing in listings]

    assert asyncio.run(poll()) == [2] * 50
    assert sandbox.requests()["refused"] == 0
