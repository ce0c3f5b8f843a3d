"""The billing centre (2017-12-14): an account's own bills. Amounts are JSON numbers.

Business errors come with HTTP 200 and `"Success": false`. Limits: pages of at most 300, the last 18 months, ten calls
a second per account.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from include.sandbox.calls import Call, Operation, invalid
from include.sandbox.errors import Refusal
from include.sandbox.marketplace_bill import SCALE, UTC8, Charge, charges, format_number

MAX_PAGE = 300
CALLS_PER_SECOND = 10
MONTHS_KEPT = 18


class BusinessError(Exception):
    """A refusal that BSS answers with HTTP 200."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _operation(answer: Callable[[Call, str], dict[str, Any]]) -> Operation:
    """An operation with BSS's envelope and limits around what `answer` makes of a call and its BillingCycle."""

    def operate(call: Call) -> dict[str, Any]:
        _pace(call)
        try:
            cycle = _cycle(call)
            data = {
                "BillingCycle": cycle,
                "AccountID": call.account.account_id,
                "AccountName": f"account-{call.account.account_id}",
                **answer(call, cycle),
            }
        except BusinessError as error:
            return {"Success": False, "Code": error.code, "Message": str(error)}
        return {"Success": True, "Code": "Success", "Message": "Successful!", "Data": data}

    return operate


def describe_instance_bill(call: Call, cycle: str) -> dict[str, Any]:
    """Bill items per instance, and per day if asked for; pages by token."""
    rows = [_instance_item(call, group) for group in _groups(call, cycle)]
    page, size, token = call.page_by_token(rows, 20, MAX_PAGE)
    answer: dict[str, Any] = {"Items": page, "TotalCount": len(rows), "MaxResults": size}
    return answer | {"NextToken": token} if token else answer


def query_settle_bill(call: Call, cycle: str) -> dict[str, Any]:
    """One item per hour and per licence term; pages by token."""
    rows = [_settle_item(call, charge) for charge in _wanted(call, cycle)]
    page, size, token = call.page_by_token(rows, 20, MAX_PAGE)
    answer: dict[str, Any] = {"Items": {"Item": page}, "TotalCount": len(rows), "MaxResults": size}
    return answer | {"NextToken": token} if token else answer


def _wanted(call: Call, cycle: str) -> list[Charge]:
    product = call.text("ProductCode")
    subscription_type = call.text("SubscriptionType")
    if subscription_type and not product:
        raise BusinessError("MissingParameter", "SubscriptionType needs ProductCode.")
    return [
        charge
        for charge in charges(call.world, call.account.account_id, cycle, call.now)
        if product in {"", call.world.settings.product_code}
        and call.text("Type") in {"", charge.item}
        and subscription_type in {"", _subscription_type(charge)}
        and call.text("InstanceID") in {"", charge.instance.marketplace_instance_id}
        and not (call.flag("IsHideZeroCharge") and charge.amount == 0)
    ]


def _groups(call: Call, cycle: str) -> Iterable[list[Charge]]:
    """Charges per instance, item and (with DAILY) day."""
    granularity, date = call.text("Granularity", "MONTHLY"), call.text("BillingDate")
    if granularity not in {"MONTHLY", "DAILY"}:
        raise invalid("Granularity", granularity, "it is MONTHLY or DAILY")
    if granularity == "DAILY" and not date.startswith(cycle):
        raise BusinessError("InvalidParameter", "BillingDate is required with DAILY and must lie in the BillingCycle.")
    groups: dict[tuple[str, str], list[Charge]] = defaultdict(list)
    for charge in _wanted(call, cycle):
        if granularity == "MONTHLY" or charge.day == date:
            groups[charge.instance.marketplace_instance_id, charge.item].append(charge)
    return groups.values()


def _instance_item(call: Call, group: list[Charge]) -> dict[str, Any]:
    first = group[0]
    daily = call.text("Granularity") == "DAILY"
    item = {
        **_common(call, first),
        **_amounts(sum(charge.gross for charge in group), sum(charge.amount for charge in group)),
        "BillingDate": first.day if daily else "",
        "InstanceID": first.instance.marketplace_instance_id,
        "NickName": first.instance.name,
        "Region": first.instance.region_id,
        "InstanceSpec": first.instance.sku,
        "BillingType": "Other",
        "OwnerID": call.account.account_id,
        "ServicePeriod": str(len(group)),
        "ServicePeriodUnit": "Month" if first.item == "SubscriptionOrder" else "Hour",
    }
    if call.flag("IsBillingItem"):
        item |= {
            "BillingItem": "AKU",
            "BillingItemCode": call.world.settings.metering_entity,
            "Usage": _usage(group),
            "UsageUnit": "AKU" if first.item == "SubscriptionOrder" else "AKU-hour",
            "ListPrice": call.world.settings.unit_price,
            "ListPriceUnit": f"{call.world.settings.currency}/AKU-hour",
        }
    return item


def _usage(group: list[Charge]) -> str:
    total = sum(charge.quantity for charge in group)
    return str(total) if group[0].item == "SubscriptionOrder" else format_number(total * SCALE // 3600)


def _settle_item(call: Call, charge: Charge) -> dict[str, Any]:
    return {
        **_common(call, charge),
        **_amounts(charge.gross, charge.amount),
        "RecordID": f"{charge.instance.order_id}{charge.start}",
        "SubOrderId": charge.instance.order_id,
        "Status": "PayFinish",
        "UsageStartTime": _local(charge.start),
        "UsageEndTime": _local(charge.end),
        "PaymentTime": _local(charge.end if charge.item == "PayAsYouGoBill" else charge.start),
        "PaymentCurrency": call.world.settings.currency,
        "Tax": 0.0,
        "AfterTaxAmount": _number(charge.amount),
        "OwnerID": call.account.account_id,
    }


def _common(call: Call, charge: Charge) -> dict[str, Any]:
    settings = call.world.settings
    return {
        "Item": charge.item,
        "SubscriptionType": _subscription_type(charge),
        "ProductCode": settings.product_code,
        "ProductType": settings.product_code,
        "ProductName": settings.service_name,
        "ProductDetail": settings.service_name,
        "CommodityCode": settings.product_code,
        "PipCode": settings.product_code,
        "BizType": "",
        "Currency": settings.currency,
        "BillAccountID": call.account.account_id,
        "BillAccountName": f"account-{call.account.account_id}",
    }


def _amounts(gross: int, amount: int) -> dict[str, Any]:
    nothing = dict.fromkeys(
        (
            "InvoiceDiscount",
            "DeductedByCoupons",
            "DeductedByCashCoupons",
            "DeductedByPrepaidCard",
            "OutstandingAmount",
            "AdjustAmount",
        ),
        0.0,
    )
    return nothing | {
        "PretaxGrossAmount": _number(gross),
        "RoundDownDiscount": _number(gross - amount),
        "AfterDiscountAmount": _number(amount),
        "PretaxAmount": _number(amount),
        "PaymentAmount": _number(amount),
        "CashAmount": _number(amount),
    }


def _subscription_type(charge: Charge) -> str:
    return "Subscription" if charge.item == "SubscriptionOrder" else "PayAsYouGo"


def _number(amount: int) -> float:
    """A JSON number: the shortest decimal that the amount, cut at six places, is."""
    sign = -1 if amount < 0 else 1
    return float(format_number(sign * (abs(amount) // 10**4 * 10**4)))


def _local(at: int) -> str:
    return datetime.fromtimestamp(at, UTC8).strftime("%Y-%m-%d %H:%M:%S")


def _cycle(call: Call) -> str:
    call.need("BillingCycle")
    cycle = call.text("BillingCycle")
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", cycle):
        raise BusinessError("InvalidParameter", f"BillingCycle {cycle!r} is not YYYY-MM.")
    today = datetime.fromtimestamp(call.now, UTC8)
    age = (today.year - int(cycle[:4])) * 12 + today.month - int(cycle[5:])
    if not 0 <= age <= MONTHS_KEPT:
        raise BusinessError("InvalidParameter", f"BillingCycle {cycle} is not one of the last {MONTHS_KEPT} months.")
    return cycle


def _pace(call: Call) -> None:
    calls = call.world.calls["bss", call.account.account_id]
    calls[:] = [at for at in calls if at > call.clock - 1]
    if len(calls) >= CALLS_PER_SECOND:
        raise Refusal(400, "Throttling.User", "Request was denied due to user flow control.")
    calls.append(call.clock)


OPERATIONS: dict[str, Operation] = {
    "DescribeInstanceBill": _operation(describe_instance_bill),
    "QuerySettleBill": _operation(query_settle_bill),
}
