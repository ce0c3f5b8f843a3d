"""The trigger that waits for a service instance, run against the sandbox without a triggerer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from include.catalog.loader import load_product
from include.onboarding.deployments import DEPLOYING
from include.onboarding.orders import order_request
from include.orchestration.triggers import ServiceInstanceTrigger
from tests.support.airflow import connection_json

if TYPE_CHECKING:
    from tests.support.sandbox import SandboxHandle

BUYER = "1700000000000017"


@pytest.fixture
def service_instance_id(sandbox: SandboxHandle, monkeypatch: pytest.MonkeyPatch) -> str:
    """A service instance that takes a second to deploy."""
    from include.domain.onboarding import OnboardingRequest
    from include.orchestration.onboarding import compute_nest

    sandbox.settings(deploy_seconds=1)
    account = sandbox.account("buyer", account_id=BUYER)
    connection = connection_json(
        conn_type="alibaba_cloud",
        login=account.access_key_id,
        password=account.access_key_secret,
        host="127.0.0.1",
        port=sandbox.port,
        extra={"account_id": BUYER, "protocol": "http"},
    )
    monkeypatch.setenv(f"AIRFLOW_CONN_ALIBABA_BUYER_{BUYER}", connection)
    request = OnboardingRequest.from_form(
        {
            "account_id": BUYER,
            "site": "china",
            "region": "cn-hangzhou",
            "environment_name": "orders",
            "network": "vpc-orders",
        }
    )
    created = compute_nest(BUYER).create_service_instance(order_request(load_product(), request, "orders"), "token")
    return created.service_instance_id


def fire(trigger: ServiceInstanceTrigger) -> dict[str, Any]:
    """What the trigger's only event says."""

    async def first_event() -> dict[str, Any]:
        return (await anext(trigger.run())).payload

    return asyncio.run(first_event())


def test_it_fires_when_the_deployment_has_left_the_busy_statuses(service_instance_id: str) -> None:
    assert fire(ServiceInstanceTrigger(BUYER, service_instance_id, sorted(DEPLOYING), 60)) == {"status": "Deployed"}


def test_an_outage_is_waited_out(service_instance_id: str, sandbox: SandboxHandle) -> None:
    sandbox.fault("refuse", action="GetServiceInstance", times=5, status=503, code="ServiceUnavailable")
    assert fire(ServiceInstanceTrigger(BUYER, service_instance_id, sorted(DEPLOYING), 60)) == {"status": "Deployed"}
    assert sandbox.requests()["by_fault"] == {"refuse": 5}


def test_it_gives_up_when_its_patience_is_over(service_instance_id: str, sandbox: SandboxHandle) -> None:
    assert fire(ServiceInstanceTrigger(BUYER, service_instance_id, ["Deployed", *DEPLOYING], 1)) == {"status": "late"}


def test_what_no_wait_can_fix_ends_the_wait(service_instance_id: str, sandbox: SandboxHandle) -> None:
    sandbox.account("buyer", account_id=BUYER, access_key_secret="another")
    assert fire(ServiceInstanceTrigger(BUYER, service_instance_id, sorted(DEPLOYING), 60)) == {"status": "error"}


def test_it_comes_back_from_the_metadata_database_with_ids_only() -> None:
    trigger = ServiceInstanceTrigger(BUYER, "si-1", ["Deploying"], 60)
    path, arguments = trigger.serialize()
    assert path == f"{ServiceInstanceTrigger.__module__}.{ServiceInstanceTrigger.__qualname__}"
    assert ServiceInstanceTrigger(**arguments).serialize() == trigger.serialize()
    assert set(arguments) == {"account_id", "service_instance_id", "busy", "timeout_seconds"}
