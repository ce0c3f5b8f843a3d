"""An order that the buyer placed becomes the onboarding request that it means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from include.alibaba.computenest import CreateRequest, PrepaidTerm
from include.alibaba.market import Market
from include.domain.errors import RefusedError, RetriableError
from include.domain.onboarding import OnboardingRequest
from include.onboarding import subscriptions
from include.onboarding.marketplace_orders import request_of_order
from include.onboarding.onboard import buyer_cloud
from tests.support.onboarding import BUYER, FakeClock, access_of, request_for

if TYPE_CHECKING:
    from include.onboarding.onboard import Services
    from tests.support.sandbox import SandboxHandle


def ordered(services: Services, name: str = "the-buyers-own", **changes: Any) -> Any:
    wish = {
        "service_id": services.product.service_id,
        "name": name,
        "parameters": {
            "RegionId": "cn-hangzhou",
            "EnvironmentName": "orders",
            "VpcId": "vpc-orders",
            "Department": "it",
        },
        "specification_code": services.product.sku_payg,
    }
    cloud = buyer_cloud(services.product, services.open_buyer())
    return cloud.create_service_instance(CreateRequest(**wish | changes), name)


def asked(services: Services, order_id: str, account_id: str | None = BUYER) -> dict[str, Any] | None:
    return request_of_order(Market(services.open_vendor()), lambda _: services, order_id, account_id)


def test_the_form_is_what_the_buyer_filled_in(services: Services) -> None:
    order = ordered(services)
    form = asked(services, order.order_id)
    assert form is not None
    began_at = OnboardingRequest.from_form(form).began_at
    assert began_at is not None
    assert datetime.now(UTC) - timedelta(seconds=30) < began_at <= datetime.now(UTC)
    assert form == {
        "account_id": BUYER,
        "site": "china",
        "region": "cn-hangzhou",
        "environment_name": "orders",
        "network": "vpc-orders",
        "department": "it",
        "payment": "payg",
        "order_id": order.order_id,
        "began_on": began_at.isoformat(),
    }
    assert OnboardingRequest.from_form(form).order_id == order.order_id


def test_a_prepaid_order_has_its_licence(services: Services) -> None:
    parameters = {"RegionId": "cn-hangzhou", "EnvironmentName": "orders", "VpcId": "vpc-orders", "LicenceAku": "12"}
    order = ordered(
        services,
        parameters=parameters,
        specification_code=services.product.sku_prepaid,
        term=PrepaidTerm(periods=12),
    )
    form = asked(services, order.order_id)
    assert form is not None
    assert (form["payment"], form["licence_aku"], form["licence_term_months"]) == ("prepaid", 12, 12)


def test_an_order_that_is_heard_of_late_counts_from_when_it_was_placed(
    services: Services, sandbox: SandboxHandle
) -> None:
    placed_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    wish = {"account_id": BUYER, "environment_name": "orders", "region": "cn-hangzhou", "network": "vpc-orders"}
    late = wish | {"ordered_at": placed_at.isoformat()}
    placed = sandbox.admin.post("/orders", json=late).raise_for_status().json()
    form = asked(services, placed["order_id"])
    assert form is not None
    assert OnboardingRequest.from_form(form).began_at == placed_at


def test_an_order_that_we_placed_is_left_to_its_own_run(services: Services) -> None:
    admitted = subscriptions.admit(services.warehouse, services.product, request_for(), FakeClock().now())
    order = ordered(services, name=f"{admitted.subscription_id}-1")
    assert asked(services, order.order_id) is None


def test_an_order_of_another_buyer_or_product_is_refused(services: Services, sandbox: SandboxHandle) -> None:
    order = ordered(services)
    with pytest.raises(RefusedError, match=f"it is of account {BUYER}, and the event named 4711"):
        asked(services, order.order_id, "4711")
    sandbox.settings(product_code="cmgj-something-else")
    with pytest.raises(RefusedError, match="it is for product cmgj-something-else"):
        asked(services, order.order_id)


def test_an_order_that_the_marketplace_does_not_know_is_refused(services: Services) -> None:
    with pytest.raises(RefusedError, match="DescribeOrderForIsv"):
        asked(services, "4711")


def test_an_order_without_a_deployment_is_asked_again(services: Services, sandbox: SandboxHandle) -> None:
    from dataclasses import replace

    order = ordered(services)
    other = sandbox.account("buyer")
    elsewhere = replace(services, open_buyer=lambda: access_of(sandbox, other))
    with pytest.raises(RetriableError, match="has no service instance for order"):
        asked(elsewhere, order.order_id)
