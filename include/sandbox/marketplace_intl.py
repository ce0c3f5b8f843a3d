"""The international site's Marketplace (marketplaceintl 2022-12-30): PushMeteringData, and what it has of a record.

Its rules are not documented. Names and types are the SDK's; times are milliseconds and MeteringEntity is a JSON object
of one number, as the SDK's examples have them. Windows and cut-off are those of the China site. A PushOrderBizId that
comes twice is charged twice: that is the worst that a vendor may meet.
"""

from __future__ import annotations

import json
import re
from typing import Any

from include.sandbox.calls import Call, Operation, invalid
from include.sandbox.channel_records import IntlPush
from include.sandbox.errors import Refusal
from include.sandbox.metering_pushes import CUT_OFF_SECONDS, HOUR, MAX_RECORDS, MIN_SECONDS
from include.sandbox.world import new_id

_MILLISECONDS = re.compile(r"\d{13}")


def push_metering_data(call: Call) -> dict[str, Any]:
    """Take all records of a request, or none."""
    _vendor_only(call)
    records = call.items("MeteringData")
    if not records or len(records) > MAX_RECORDS:
        raise invalid("MeteringData", f"{len(records)} records", f"1 to {MAX_RECORDS} in a request")
    pushes = [_push(call, record) for record in records]
    if len({call.world.intl_instances[push.instance_id].product_code for push in pushes}) > 1:
        raise invalid("MeteringData", "several products", "a request is of one product")
    call.world.keep(*pushes)
    return _said(Result=True)


def describe_push_metering_data(call: Call) -> dict[str, Any]:
    """What the Marketplace has of a record; no Result where it has nothing."""
    call.need("PushOrderBizId")
    _vendor_only(call)
    wanted = call.text("PushOrderBizId")
    push = next((row for row in call.world.intl_pushes.values() if row.push_order_biz_id == wanted), None)
    if push is None:
        return _said()
    return _said(
        Result={
            "PushOrderBizId": push.push_order_biz_id,
            "InstanceId": push.instance_id,
            "StartTime": push.start,
            "EndTime": push.end,
            "MeteringAssist": push.assist,
            "MeteringEntity": json.dumps({push.entity: push.value}),
            "IsPushBilling": False,
        }
    )


def describe_seller_instances(call: Call) -> dict[str, Any]:
    """Instances of the vendor's products."""
    _vendor_only(call)
    number, size = call.integer("PageIndex", 1, 1, 10**6), call.integer("PageSize", 20, 1, 100)
    rows = sorted(call.world.intl_instances.values(), key=lambda row: row.created_at)
    page = [
        {
            "InstanceId": int(row.instance_id),
            "UserId": int(row.account_id),
            "CommodityCode": row.product_code,
            "CreatedOn": row.created_at * 1000,
        }
        for row in rows[(number - 1) * size : number * size]
    ]
    return _said(Result=page, Count=len(rows), PageNumber=number, PageSize=size)


def _push(call: Call, record: dict[str, Any]) -> IntlPush:
    instance_id, biz_id = str(record.get("InstanceId", "")), str(record.get("PushOrderBizId", ""))
    if instance_id not in call.world.intl_instances:
        raise Refusal(404, "InstanceNotFound", f"Instance {instance_id} does not exist.")
    if not biz_id:
        raise Refusal(400, "MissingParameter.PushOrderBizId", "The parameter PushOrderBizId is required.")
    start, end = _milliseconds(record, "StartTime"), _milliseconds(record, "EndTime")
    clock = call.now + call.world.settings.push_clock_ahead_seconds
    if end - start <= MIN_SECONDS * 1000:
        raise invalid("EndTime", str(end), f"the window must be longer than {MIN_SECONDS} s")
    if end > clock * 1000:
        raise invalid("EndTime", str(end), "the window must have ended")
    if clock >= start // 1000 // HOUR * HOUR + CUT_OFF_SECONDS:
        raise Refusal(400, "MeteringTimeExpired", f"The window {start}-{end} is past its cut-off.")
    assist = str(record.get("MeteringAssist", ""))
    if assist != call.world.settings.intl_metering_assist:
        raise invalid("MeteringAssist", assist, f"the product's item is {call.world.settings.intl_metering_assist}")
    entity, value = _entity(record)
    return IntlPush(new_id("push-"), biz_id, instance_id, start, end, assist, entity, value, clock)


def _entity(record: dict[str, Any]) -> tuple[str, int]:
    text = str(record.get("MeteringEntity", ""))
    try:
        entity = json.loads(text)
    except ValueError:
        entity = None
    if not isinstance(entity, dict) or len(entity) != 1:
        raise invalid("MeteringEntity", text[:200], "it must be a JSON object of one number")
    ((name, value),) = entity.items()
    if type(value) is not int or value < 0:
        raise invalid("MeteringEntity", text[:200], "it must be a whole number of at least 0")
    return str(name), value


def _milliseconds(record: dict[str, Any], name: str) -> int:
    text = str(record.get(name, ""))
    if not _MILLISECONDS.fullmatch(text):
        raise invalid(name, text, "it must be milliseconds since 1970")
    return int(text)


def _said(**fields: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"Code": "200", "Message": "success", "Success": True, **fields}


def _vendor_only(call: Call) -> None:
    if call.account.role != "vendor" or call.account.site != "international":
        raise Refusal(403, "Forbidden.NotSupplier", "The account is no seller of the international site.")


OPERATIONS: dict[str, Operation] = {
    "PushMeteringData": push_metering_data,
    "DescribePushMeteringData": describe_push_metering_data,
    "DescribeSellerInstances": describe_seller_instances,
}
