"""The onboarding request that an order of the Marketplace means: what the buyer filled in at Compute Nest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.domain.errors import RefusedError, RetriableError
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.alibaba.computenest import ServiceInstance
    from include.alibaba.market import Market, MarketOrder
    from include.onboarding.onboard import Services

_DAYS_OF_A_YEAR, _MONTHS_OF_A_YEAR = 365, 12


def request_of_order(
    market: Market, services_of: Callable[[str], Services], order_id: str, account_id: str | None
) -> dict[str, Any] | None:
    """The form of subscription_onboarding for an order, or None where we placed the order and are onboarding it.

    Args:
        market: for the vendor.
        services_of: what onboarding works with, for a buyer.
        order_id: the Marketplace's.
        account_id: the buyer, as the event says; the order must be its.

    Raises:
        RefusedError: when the order is another buyer's, or another product's.
        RetriableError: when its deployment cannot be seen yet.
        ConfigurationError: when the vendor's or the buyer's access is missing.
    """
    order = market.describe_order(order_id)
    services = services_of(order.account_id)
    _check(services, order, account_id)
    instance = _find_deployment(services, order)
    if _is_ours(services, instance):
        return None
    given = instance.parameters
    prepaid = order.sku_code == services.product.sku_prepaid
    return {
        "account_id": order.account_id,
        "site": services.product.site,
        "region": given.get("RegionId"),
        "environment_name": given.get("EnvironmentName"),
        "network": given.get("VpcId"),
        "department": given.get("Department") or "",
        "payment": "prepaid" if prepaid else "payg",
        "order_id": order.order_id,
        # An order that is heard of late has counted since it was placed.
        "began_on": order.created_at.isoformat(),
        **(_licence(instance) if prepaid else {}),
    }


def _check(services: Services, order: MarketOrder, account_id: str | None) -> None:
    objection = None
    if account_id is not None and order.account_id != account_id:
        objection = f"it is of account {order.account_id}, and the event named {account_id}"
    elif order.product_code != services.product.product_code:
        objection = f"it is for product {order.product_code}, not for {services.product.product_code}"
    if objection:
        raise RefusedError(
            "Onboarding", "OrderMismatch", f"order {order.order_id}: {objection}", "Ask the Marketplace about it."
        )


def _find_deployment(services: Services, order: MarketOrder) -> ServiceInstance:
    for listed in services.cloud.find_service_instances({"ServiceId": [services.product.service_id]}):
        if listed.marketplace_instance_id in order.instance_ids or listed.order_id == order.order_id:
            return services.cloud.get_service_instance(listed.service_instance_id)
    raise RetriableError(f"Compute Nest has no service instance for order {order.order_id} yet.")


def _is_ours(services: Services, instance: ServiceInstance) -> bool:
    """Whether a subscription of ours ordered it, whose own run goes on with it."""
    named = (instance.name or "").rpartition("-")[0]
    with services.warehouse.connect() as connection:
        found = connection.execute(statement("onboarding/steps/find_subscription"), {"subscription_id": named})
        return found.one_or_none() is not None


def _licence(instance: ServiceInstance) -> dict[str, Any]:
    aku = str(instance.parameters.get("LicenceAku") or "")
    days = (instance.ends_at - instance.created_at).days if instance.ends_at else 0
    months = (days * _MONTHS_OF_A_YEAR + _DAYS_OF_A_YEAR // 2) // _DAYS_OF_A_YEAR
    return {"licence_aku": int(aku) if aku.isdecimal() else None, "licence_term_months": max(1, months)}
