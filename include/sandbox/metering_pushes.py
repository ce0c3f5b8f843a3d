"""PushMeteringData's rules, the same for the Marketplace's and for Compute Nest's operation.

https://help.aliyun.com/zh/marketplace/api-pushmeteringdata: whole numbers, windows over five minutes, at most 100
records of one product in a request, one request per instance in 60 s, and in time: a window that begins in hour H
counts until H+1:59. There is no idempotency key, so what is pushed twice is charged twice. The error codes are
assumed.
"""

from __future__ import annotations

import json
import re
from typing import Any

from include.sandbox.calls import Call, invalid
from include.sandbox.errors import Refusal
from include.sandbox.records import Push
from include.sandbox.world import new_id

MAX_RECORDS = 100
MIN_SECONDS = 300
PAUSE_SECONDS = 60
HOUR = 3600
#: "metering 8:10-8:20 must be pushed before 9:59": the last minute of the next hour is too late.
CUT_OFF_SECONDS = 2 * HOUR - 60


def accept(call: Call) -> None:
    """Take all records of a request, or none.

    Raises:
        Refusal: a record breaks a rule.
    """
    records = _records(call)
    pushes = [push for record in records for push in _pushes(call, record)]
    for instance in {push.marketplace_instance_id for push in pushes}:
        _pace(call, instance)
    call.world.keep(*pushes)


def _clock(call: Call) -> int:
    """The Marketplace's time for pushes, which may be set ahead or back."""
    return call.now + call.world.settings.push_clock_ahead_seconds


def _records(call: Call) -> list[dict[str, Any]]:
    text = call.text("Metering")
    try:
        records = json.loads(text)
    except ValueError:
        raise invalid("Metering", text[:200], "it is not JSON") from None
    if not isinstance(records, list) or not records or not all(isinstance(record, dict) for record in records):
        raise invalid("Metering", text[:200], "it must be a list of records")
    if len(records) > MAX_RECORDS:
        raise invalid("Metering", f"{len(records)} records", f"at most {MAX_RECORDS} in a request")
    return records


def _pushes(call: Call, record: dict[str, Any]) -> list[Push]:
    instance_id = str(record.get("InstanceId", ""))
    if all(row.marketplace_instance_id != instance_id for row in call.world.service_instances.values()):
        raise Refusal(404, "InstanceNotFound", f"The Marketplace instance {instance_id!r} does not exist.")
    start, end = _seconds(record, "StartTime"), _seconds(record, "EndTime")
    if end - start <= MIN_SECONDS:
        raise invalid("EndTime", str(end), f"the window must be longer than {MIN_SECONDS} s")
    if end > _clock(call):
        raise invalid("EndTime", str(end), "the window must have ended")
    if _clock(call) >= start // HOUR * HOUR + CUT_OFF_SECONDS:
        raise Refusal(400, "MeteringTimeExpired", f"The window {start}-{end} is past its cut-off.")
    entities = record.get("Entities")
    if not isinstance(entities, list) or not entities:
        raise invalid("Entities", str(entities), "it must be a list with Key and Value")
    return [_push(call, instance_id, start, end, entity) for entity in entities]


def _push(call: Call, instance_id: str, start: int, end: int, entity: dict[str, Any]) -> Push:
    value = str(entity.get("Value", ""))
    if not re.fullmatch(r"\d+", value):
        raise invalid("Value", value, "it must be a whole number of at least 0")
    named = str(entity.get("meteringAssit") or entity.get("Key", ""))
    if named not in {call.world.settings.metering_entity, "Period"}:
        raise invalid("meteringAssit", named, f"the product's item is {call.world.settings.metering_entity}")
    return Push(new_id("push-"), instance_id, start, end, named, int(value), _clock(call))


def _seconds(record: dict[str, Any], name: str) -> int:
    text = str(record.get(name, ""))
    if not re.fullmatch(r"\d{10}", text):
        raise invalid(name, text, "it must be seconds since 1970")
    return int(text)


def _pace(call: Call, instance_id: str) -> None:
    calls = call.world.calls["PushMeteringData", instance_id]
    if calls and _clock(call) - calls[-1] < PAUSE_SECONDS:
        raise Refusal(400, "Throttling.Api", f"One request for the instance {instance_id} in {PAUSE_SECONDS} s.")
    calls[:] = [_clock(call)]
