"""Orders the service, once, or takes over the order that the buyer has placed already."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include.alibaba.computenest import CreateRequest, PrepaidTerm
from include.alibaba.errors import refusal_kind
from include.domain.errors import RefusedError, RetriableError
from include.domain.subscriptions import client_token
from include.onboarding.ledger import take_step
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

    from include.alibaba.computenest import ComputeNest, ServiceInstance
    from include.alibaba.market import Market, MarketOrder
    from include.domain.onboarding import Admission, OnboardingRequest
    from include.domain.products import Product
    from include.onboarding.ledger import Step
    from include.onboarding.subscriptions import Subscription

STEP = "place_order"
#: Refusals that a person resolves outside, after which the same attempt goes on.
_MENDABLE = ("credentials", "clock", "permission")


class Order(NamedTuple):
    """What was ordered: ids at Compute Nest and the Marketplace."""

    service_instance_id: str
    marketplace_instance_id: str | None
    order_id: str | None


def order_request(product: Product, request: OnboardingRequest, name: str) -> CreateRequest:
    """The order for a request; `name` is that of the service instance."""
    licence = request.licence
    return CreateRequest(
        service_id=product.service_id,
        name=name,
        parameters={
            "RegionId": request.region,
            "EnvironmentName": request.environment_name,
            "VpcId": request.network,
            "Department": request.department,
            **({"LicenceAku": str(licence.aku)} if licence else {}),
        },
        specification_code=product.sku_prepaid if licence else product.sku_payg,
        term=PrepaidTerm(periods=licence.term_months, auto_renew=licence.auto_renew) if licence else None,
    )


def place_order(warehouse: Engine, cloud: ComputeNest, product: Product, admission: Admission, at: datetime) -> Order:
    """Have Compute Nest order and deploy the service; asked again, answer the same.

    Raises:
        AttemptFailedError: Compute Nest refused the order for good.
        RefusedError: it refused for a reason that a person can fix (key, clock, permission); the attempt goes on after.
        RetriableError: it did not answer.
    """

    def order(step: Step) -> Order:
        subscription = step.subscription
        name = service_instance_name(subscription)
        earlier = _find_by_name(cloud, name) if step.was_cut_off else None
        if earlier:
            return Order(earlier.service_instance_id, earlier.marketplace_instance_id, earlier.order_id)
        token = client_token(subscription.subscription_id, subscription.attempt, STEP)
        created = cloud.create_service_instance(order_request(product, subscription.asked, name), token)
        return Order(created.service_instance_id, created.marketplace_instance_id, created.order_id)

    return _take(warehouse, admission, at, order)


def adopt_order(
    warehouse: Engine, cloud: ComputeNest, market: Market, product: Product, admission: Admission, *, at: datetime
) -> Order:
    """Take over the order that the request names; asked again, answer the same.

    Raises:
        AttemptFailedError: the order is not this buyer's, not this product's, not paid, or has no single instance.
        RetriableError: its deployment is not there yet, or the service did not answer.
    """

    def adopt(step: Step) -> Order:
        request = step.subscription.asked
        order = market.describe_order(str(request.order_id))
        objection = _objection_to(order, product, request)
        if objection:
            step.fail(f"Order {order.order_id} {objection}. Give the buyer's own order, or leave it empty.")
        marketplace_instance_id = order.instance_ids[0]
        for instance in cloud.find_service_instances({"ServiceId": [product.service_id]}):
            if instance.marketplace_instance_id == marketplace_instance_id:
                return Order(instance.service_instance_id, marketplace_instance_id, order.order_id)
        raise RetriableError(
            f"Compute Nest has no service instance for order {order.order_id} (Marketplace instance "
            f"{marketplace_instance_id}) yet. If an earlier attempt for it failed and was removed, leave the order id "
            "empty to have it ordered again."
        )

    return _take(warehouse, admission, at, adopt)


def service_instance_name(subscription: Subscription) -> str:
    """The name of the attempt's service instance; unique, so that it is found again when an answer was lost."""
    return f"{subscription.subscription_id}-{subscription.attempt}"


def find_ordered(cloud: ComputeNest, subscription: Subscription) -> str | None:
    """The id of the attempt's service instance, also when the order's answer never came."""
    if subscription.service_instance_id:
        return subscription.service_instance_id
    found = _find_by_name(cloud, service_instance_name(subscription))
    return found.service_instance_id if found else None


def _take(warehouse: Engine, admission: Admission, at: datetime, order: Callable[[Step], Order]) -> Order:
    with take_step(warehouse, admission, STEP, at) as step:
        if step.result is not None:
            return Order(**step.result)
        try:
            placed = order(step)
        except RefusedError as error:
            if refusal_kind(error.code) in _MENDABLE:
                raise
            step.fail(str(error))
        with step.done(f"Ordered service instance {placed.service_instance_id}.", placed._asdict()) as connection:
            connection.execute(
                statement("onboarding/steps/record_order"),
                {"subscription_key": step.subscription.subscription_key, **placed._asdict()},
            )
        return placed


def _find_by_name(cloud: ComputeNest, name: str) -> ServiceInstance | None:
    found = cloud.find_service_instances({"ServiceInstanceName": [name]})
    return next((instance for instance in found if instance.name == name), None)


def _objection_to(order: MarketOrder, product: Product, request: OnboardingRequest) -> str | None:
    sku = product.sku_prepaid if request.licence else product.sku_payg
    if order.account_id != request.account_id:
        return f"belongs to account {order.account_id}, not to {request.account_id}"
    if order.product_code != product.product_code:
        return f"is for product {order.product_code}, not for {product.product_code}"
    if order.sku_code and order.sku_code != sku:
        return f"bought {order.sku_code}, and payment {request.payment} is {sku}"
    if order.order_status != "NORMAL" or order.pay_status == "UNPAID":
        return f"is {order.order_status} and {order.pay_status}, it must be NORMAL and PAID"
    if len(order.instance_ids) != 1:
        return f"has {len(order.instance_ids)} Marketplace instances, it must have one"
    return None
