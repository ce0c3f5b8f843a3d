"""The real SDKs against the sandbox, and console requests signed by its own algorithm (checked in test_signatures)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.sandbox_calls import PACKAGES, models

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.sandbox import SandboxAccount, SandboxHandle

SdkClient = Any


@pytest.fixture
def sdk(sandbox: SandboxHandle) -> Callable[..., SdkClient]:
    """Make an SDK client: sdk("computenest", account)."""
    from alibabacloud_tea_openapi.models import Config

    def make(service: str, account: SandboxAccount, **options: Any) -> SdkClient:
        config = Config(
            access_key_id=account.access_key_id,
            access_key_secret=options.pop("secret", account.access_key_secret),
            endpoint=sandbox.endpoint,
            protocol="HTTP",
            **options,
        )
        return importlib.import_module(f"{PACKAGES[service]}.client").Client(config)

    return make


@pytest.fixture
def order(sandbox: SandboxHandle, sdk: Callable[..., SdkClient]) -> Callable[..., str]:
    """Order a service instance for an account; its id."""

    def place(account: SandboxAccount, region: str = "cn-hangzhou", **extra: Any) -> str:
        request = models("computenest").CreateServiceInstanceRequest(
            region_id="cn-hangzhou",
            service_id="service-automq-byoc",
            parameters={"RegionId": region, "EnvironmentName": "prod"},
            **extra,
        )
        answer = sdk("computenest", account).create_service_instance(request)
        service_instance_id: str = answer.body.service_instance_id
        return service_instance_id

    return place
