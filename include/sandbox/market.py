"""Cloud Marketplace, the vendor's side (2015-11-01): orders, instances, metering pushes, messages not delivered."""

from __future__ import annotations

import json
from typing import Any

from include.sandbox import deployments, metering_pushes
from include.sandbox.calls import Call, Operation, iso
from include.sandbox.errors import Refusal
from include.sandbox.marketplace_bill import format_number, term_price, terms
from include.sandbox.records import ServiceInstance

_STATUSES = {"Deployed": "OPENED", "Deleting": "CLOSED", "Deleted": "CLOSED"}


def describe_order_for_isv(call: Call) -> dict[str, Any]:
    """An order of the vendor's product."""
    call.need("OrderId")
    _vendor_only(call)
    instance = _find(call, "order_id", call.text("OrderId"), "OrderNotFound")
    price = float(format_number(term_price(call.world.settings, instance))) if instance.is_prepaid else 0.0
    return {
        "OrderId": int(instance.order_id),
        "AliUid": int(instance.account_id) if instance.account_id.isdigit() else instance.account_id,
        "OrderStatus": "NORMAL",
        "OrderType": "NEW",
        "PayStatus": "PAID",
        "PeriodType": "MONTH" if instance.is_prepaid else "HOUR",
        "InstanceIds": [instance.marketplace_instance_id],
        "OriginalPrice": price,
        "TotalPrice": price,
        "PaymentPrice": price,
        "CouponPrice": 0.0,
        "ProductCode": call.world.settings.product_code,
        "ProductName": call.world.settings.service_name,
        "ProductSkuCode": instance.sku,
        "Quantity": 1,
        "AccountQuantity": 1,
        "Components": {"package_version": instance.sku},
        "CreatedOn": instance.created_at * 1000,
        "PaidOn": instance.created_at * 1000,
    }


def describe_instance_for_isv(call: Call) -> dict[str, Any]:
    """A Marketplace instance of the vendor's product."""
    call.need("InstanceId")
    _vendor_only(call)
    instance = _find(call, "marketplace_instance_id", call.text("InstanceId"), "InstanceNotFound")
    state = deployments.status(instance, call.now)
    end = instance.ends_at or (terms(instance, call.now)[-1].end if instance.is_prepaid else None)
    described = {
        "InstanceId": int(instance.marketplace_instance_id),
        "OrderId": int(instance.order_id),
        "ProductCode": call.world.settings.product_code,
        "ProductName": call.world.settings.service_name,
        "ProductSkuCode": instance.sku,
        "ProductType": "APP",
        "Status": instance.market_status or _STATUSES.get(state, "OPENING"),
        "BeganOn": instance.booked_since * 1000,
        "CreatedOn": instance.created_at * 1000,
        "IsTrial": False,
        "AutoRenewal": str(instance.auto_renew).lower(),
        "ComponentJson": json.dumps({"package_version": instance.sku}),
        "ExtendJson": json.dumps({"serviceInstanceId": instance.service_instance_id}),
        "SupplierName": call.world.settings.supplier_name,
    }
    return described if end is None else described | {"EndOn": end * 1000}


def push_metering_data(call: Call) -> dict[str, Any]:
    """Usage that the vendor reports."""
    call.need("Metering")
    _vendor_only(call)
    metering_pushes.accept(call)
    return {"Success": True}


def describe_failed_notifications(call: Call) -> dict[str, Any]:
    """Messages that the vendor did not take when they were sent."""
    _vendor_only(call)
    number, size = call.integer("PageNumber", 1, 1, 10**6), call.integer("PageSize", 20, 1, 100)
    waiting = sorted(call.world.notifications.values(), key=lambda row: row.created_at)
    page = [
        {
            "NotificationRequestId": row.notification_id,
            "Action": row.action,
            "Message": row.message,
            "CreateTime": iso(row.created_at),
        }
        for row in waiting[(number - 1) * size : number * size]
    ]
    return {"NotificationList": page, "TotalCount": len(waiting), "PageNumber": number, "PageSize": size}


def confirm_notification(call: Call) -> dict[str, Any]:
    """Take a message off the list."""
    call.need("NotificationRequestId")
    _vendor_only(call)
    notification = call.world.notifications.get(call.text("NotificationRequestId"))
    if notification is None:
        raise Refusal(404, "NotificationNotFound", "The notification does not exist.")
    call.world.drop(notification)
    return {"Success": True}


def _find(call: Call, field: str, value: str, code: str) -> ServiceInstance:
    for instance in call.world.service_instances.values():
        if getattr(instance, field) == value:
            return instance
    raise Refusal(404, code, f"{value} does not exist.")


def _vendor_only(call: Call) -> None:
    if call.account.role != "vendor":
        raise Refusal(403, "Forbidden.NotSupplier", "The account is not the supplier of this product.")


OPERATIONS: dict[str, Operation] = {
    "DescribeOrderForIsv": describe_order_for_isv,
    "DescribeInstanceForIsv": describe_instance_for_isv,
    "PushMeteringData": push_metering_data,
    "DescribeFailedNotifications": describe_failed_notifications,
    "ConfirmNotification": confirm_notification,
}
