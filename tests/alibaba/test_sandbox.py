"""The clients over real HTTP against the sandbox, which verifies every signature."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from include.alibaba.access import CloudAccess
from include.alibaba.bss import Bss
from include.alibaba.computenest import ComputeNest, CreateRequest, PrepaidTerm
from include.alibaba.ecs import Ecs, MachineFilter
from include.alibaba.errors import refusal_kind
from include.alibaba.market import Market
from include.alibaba.supplier import Supplier
from include.domain.errors import RefusedError, RetriableError
from tests.support.cloud import QUICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.sandbox import SandboxAccount, SandboxHandle


def access_of(sandbox: SandboxHandle, account: SandboxAccount) -> CloudAccess:
    return CloudAccess(
        account_id=account.account_id,
        access_key_id=account.access_key_id,
        access_key_secret=SecretStr(account.access_key_secret),
        endpoint=sandbox.endpoint,
        protocol="http",
    )


@pytest.fixture
def buyer(sandbox: SandboxHandle) -> CloudAccess:
    return access_of(sandbox, sandbox.account("buyer"))


@pytest.fixture
def vendor(sandbox: SandboxHandle) -> CloudAccess:
    return access_of(sandbox, sandbox.account("vendor"))


def order(name: str = "orders", region: str = "cn-hangzhou", term: PrepaidTerm | None = None) -> CreateRequest:
    sku = "cmgj-automq-byoc-prepay" if term else "cmgj-automq-byoc-postpay"
    parameters = {
        "RegionId": region,
        "EnvironmentName": name,
        "VpcId": "vpc-1",
        "Department": "研发 R&D + a/b",
    }
    return CreateRequest("service-automq-byoc", name, parameters, specification_code=sku, term=term)


def test_an_order_can_be_followed_through_every_service(
    sandbox: SandboxHandle, buyer: CloudAccess, vendor: CloudAccess
) -> None:
    compute_nest, supplier, market = ComputeNest(buyer, QUICK), Supplier(vendor, QUICK), Market(vendor, QUICK)
    created = compute_nest.create_service_instance(order(), "token-1")
    deployed = compute_nest.get_service_instance(created.service_instance_id)
    assert (deployed.status, deployed.pay_type) == ("Deployed", "PayAsYouGo")
    assert deployed.parameters["Department"] == "研发 R&D + a/b"
    assert set(deployed.outputs) >= {"EnvironmentId", "ConsoleUrl", "AccessKeyId", "AccessKeySecret"}
    assert deployed.created_at.utcoffset().total_seconds() == 0

    assert [row.order_id for row in compute_nest.find_service_instances()] == [created.order_id]
    assert supplier.get_service_instance(created.service_instance_id).account_id == buyer.account_id
    assert [row.service_instance_id for row in supplier.list_service_instances()] == [created.service_instance_id]
    assert supplier.get_service("service-automq-byoc").charge_type == "POSTPAY"

    assert created.order_id is not None
    assert created.marketplace_instance_id is not None
    bought = market.describe_order(created.order_id)
    assert (bought.account_id, bought.instance_ids) == (buyer.account_id, (created.marketplace_instance_id,))
    assert market.describe_instance(created.marketplace_instance_id).status == "OPENED"

    compute_nest.delete_service_instance(created.service_instance_id, "token-2")
    assert compute_nest.get_service_instance(created.service_instance_id).status == "Deleted"
    assert sandbox.requests()["refused"] == 0


def test_the_same_token_is_the_same_order_also_when_the_answer_was_lost(
    sandbox: SandboxHandle, buyer: CloudAccess
) -> None:
    compute_nest = ComputeNest(buyer, QUICK)
    sandbox.fault("lost_answer", action="CreateServiceInstance", times=1)
    first = compute_nest.create_service_instance(order(), "token-1")
    second = compute_nest.create_service_instance(order(), "token-1")
    assert first == second
    assert len(list(compute_nest.find_service_instances())) == 1
    with pytest.raises(RefusedError) as refusal:
        compute_nest.create_service_instance(order("another"), "token-1")
    assert refusal_kind(refusal.value.code) == "conflict"


def test_a_dry_run_orders_nothing_and_leaves_the_token_unused(buyer: CloudAccess) -> None:
    compute_nest = ComputeNest(buyer, QUICK)
    assert compute_nest.create_service_instance(order(), "token-1", dry_run=True).service_instance_id == ""
    assert list(compute_nest.find_service_instances()) == []
    assert compute_nest.create_service_instance(order(), "token-1").service_instance_id


def test_a_prepaid_order_is_a_subscription(buyer: CloudAccess) -> None:
    compute_nest = ComputeNest(buyer, QUICK)
    created = compute_nest.create_service_instance(order(term=PrepaidTerm(1)), "token-1")
    assert compute_nest.get_service_instance(created.service_instance_id).pay_type == "Subscription"


@pytest.mark.parametrize(
    ("traits", "region", "kind"),
    [
        ({"real_name_verified": False}, "cn-hangzhou", "real_name"),
        ({"site": "international"}, "cn-hangzhou", "site"),
        ({"denied_actions": ["ecs:RunInstances"]}, "cn-hangzhou", "permission"),
        ({}, "eu-central-1", "region"),
        ({}, "nowhere", "region"),
    ],
)
def test_each_missing_prerequisite_has_its_own_message(
    sandbox: SandboxHandle, traits: dict[str, object], region: str, kind: str
) -> None:
    compute_nest = ComputeNest(access_of(sandbox, sandbox.account("buyer", **traits)), QUICK)
    with pytest.raises(RefusedError) as refusal:
        compute_nest.create_service_instance(order(region=region), "token-1", dry_run=True)
    assert refusal_kind(refusal.value.code) == kind


@pytest.mark.parametrize(
    "call",
    [
        lambda access: ComputeNest(access, QUICK).get_service_instance("si-1"),
        lambda access: Supplier(access, QUICK).get_service("service-automq-byoc"),
        lambda access: Market(access, QUICK).describe_order("1"),
        lambda access: list(Ecs(access, QUICK).describe_instances("cn-hangzhou")),
        lambda access: list(Bss(access, QUICK).instance_bill("2026-10")),
    ],
    ids=["Compute Nest", "supplier", "Marketplace", "ECS", "BSS"],
)
def test_one_wrong_byte_in_the_secret_and_every_service_refuses(
    sandbox: SandboxHandle, vendor: CloudAccess, call: Callable[[CloudAccess], object]
) -> None:
    secret = vendor.access_key_secret.get_secret_value()
    wrong = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    with pytest.raises(RefusedError, match="Check the access key id and its secret") as refusal:
        call(replace(vendor, access_key_secret=SecretStr(wrong)))
    assert refusal_kind(refusal.value.code) == "credentials"
    assert wrong not in str(refusal.value)
    assert sandbox.requests()["refused"] == 1


@pytest.mark.parametrize(
    "kind",
    ["throttle", "throttle_without_header", "server_error", "unavailable", "html", "not_json", "broken"],
)
def test_a_passing_fault_is_sat_out(sandbox: SandboxHandle, buyer: CloudAccess, kind: str) -> None:
    compute_nest = ComputeNest(buyer, replace(QUICK, call_seconds=20))
    created = compute_nest.create_service_instance(order(), "token-1")
    sandbox.fault(kind, service="computenest", times=2)
    assert compute_nest.get_service_instance(created.service_instance_id).status == "Deployed"
    sandbox.fault(kind, service="computenest", times=QUICK.attempts)
    with pytest.raises(RetriableError):
        compute_nest.get_service_instance(created.service_instance_id)


def test_machines_and_bills_are_read_page_by_page(sandbox: SandboxHandle, buyer: CloudAccess) -> None:
    compute_nest = ComputeNest(buyer, QUICK)
    for number in range(3):
        compute_nest.create_service_instance(order(f"orders-{number}"), f"token-{number}")
    machines = list(Ecs(buyer, QUICK).describe_instances("cn-hangzhou"))
    assert machines
    assert {machine.region_id for machine in machines} == {"cn-hangzhou"}
    image = machines[0].image_id
    found = Ecs(buyer, QUICK).describe_instances("cn-hangzhou", MachineFilter(image_id=image))
    assert {machine.image_id for machine in found} == {image}
    assert sandbox.requests()["refused"] == 0


def test_an_unknown_id_is_not_found(buyer: CloudAccess, vendor: CloudAccess) -> None:
    for call in (
        lambda: ComputeNest(buyer, QUICK).get_service_instance("si-none"),
        lambda: Market(vendor, QUICK).describe_instance("404"),
    ):
        with pytest.raises(RefusedError) as refusal:
            call()
        assert refusal_kind(refusal.value.code) == "not_found"
