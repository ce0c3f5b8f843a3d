"""BatchMeterUsage's rules, and its book."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from include.sandbox import faults
from include.sandbox.channel_records import AwsAgreement, AwsUsage
from include.sandbox.errors import Refusal
from include.sandbox.world import World

MAX_RECORDS = 25
MAX_BYTES = 1_000_000
MAX_QUANTITY = 2**31 - 1
HOUR = 3600
LATE_SECONDS = 24 * HOUR
#: The previous month is closed so long after it has ended.
MONTH_CLOSES_SECONDS = 6 * HOUR
#: Usage is still taken so long after the licence has ended.
AFTER_END_SECONDS = HOUR
PER_SECOND = 10


def batch_meter_usage(world: World, asked: dict[str, Any], now: float) -> dict[str, Any]:
    """Take records, each by itself; a request that breaks a rule is refused as a whole.

    Raises:
        Refusal: a rule is broken.
    """
    _pace(world, now)
    records = asked.get("UsageRecords")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise Refusal(400, "ValidationException", "UsageRecords is required.")
    if len(records) > MAX_RECORDS or len(str(asked)) > MAX_BYTES:
        raise Refusal(400, "ValidationException", f"At most {MAX_RECORDS} records, and {MAX_BYTES} bytes.")
    clock = now + world.settings.push_clock_ahead_seconds
    product_code = asked.get("ProductCode")
    usages = [_usage(world, record, product_code, clock) for record in records]
    fault = faults.take(world, {"unprocessed"}, service="aws", action="BatchMeterUsage")
    left = len(records) // 2 if fault else len(records)
    results = [
        {"UsageRecord": record} | _take(world, usage, clock)
        for record, usage in list(zip(records, usages, strict=True))[:left]
    ]
    return {"Results": results, "UnprocessedRecords": records[left:]}


def _usage(world: World, record: dict[str, Any], product_code: str | None, clock: float) -> AwsUsage:
    account, licence = str(record.get("CustomerAWSAccountId", "")), str(record.get("LicenseArn", ""))
    if bool(licence) == bool(product_code):
        raise Refusal(400, "ValidationException", "Either LicenseArn or ProductCode identifies the product, not both.")
    if not account:
        message = f"CustomerIdentifier {record.get('CustomerIdentifier')} does not exist."
        raise Refusal(400, "InvalidCustomerIdentifierException", message)
    known = {row.product_code for row in world.aws_agreements.values()} | {world.settings.product_code}
    if product_code and product_code not in known:
        raise Refusal(400, "InvalidProductCodeException", f"Product code {product_code} is not known.")
    dimension = str(record.get("Dimension", ""))
    if dimension not in world.settings.aws_dimensions:
        raise Refusal(400, "InvalidUsageDimensionException", f"The product has no dimension {dimension!r}.")
    quantity = _quantity(record)
    timestamp = record.get("Timestamp")
    if not isinstance(timestamp, int | float):
        raise Refusal(400, "SerializationException", "Timestamp is not a number.")
    hour = int(timestamp) // HOUR * HOUR
    _check_time(int(timestamp), clock)
    agreement = f"{account}/{licence or product_code}"
    if licence:
        _check_licence(world.aws_agreements.get(agreement), licence, hour)
    return AwsUsage(agreement, dimension, hour, quantity, str(uuid4()), int(clock))


def _quantity(record: dict[str, Any]) -> int:
    """What is used: as a number of 32 bits or as decimal text, which is the same quantity where its value is."""
    if "Quantity" in record and "QuantityAsDecimal" in record:
        raise Refusal(400, "ValidationException", "Quantity and QuantityAsDecimal cannot both be there.")
    quantity = record.get("Quantity", 0)
    text = record.get("QuantityAsDecimal")
    if text is not None:
        whole = re.fullmatch(r"(\d+)(?:\.0*)?", str(text))
        # The product's dimension is of whole AKU-seconds.
        quantity = int(whole[1]) if whole else text
    if type(quantity) is not int or not 0 <= quantity <= MAX_QUANTITY:
        raise Refusal(400, "ValidationException", f"Quantity {quantity!r} is not a whole number of 32 bits.")
    return quantity


def _check_licence(agreement: AwsAgreement | None, licence: str, hour: int) -> None:
    """A licence must be there, be the account's, and be active in the hour.

    Raises:
        Refusal: of the whole request.
    """
    if agreement is None:
        message = f"License {licence} is not valid for the customer."
        raise Refusal(400, "InvalidLicenseException", message)
    is_before = agreement.started_at is not None and hour + HOUR <= agreement.started_at
    is_after = agreement.ended_at is not None and hour >= agreement.ended_at
    if is_before or is_after:
        message = f"License {licence} is not active at {datetime.fromtimestamp(hour, UTC):%Y-%m-%dT%H:%M:%SZ}."
        raise Refusal(400, "InvalidLicenseException", message)


def _check_time(timestamp: int, clock: float) -> None:
    at, now = datetime.fromtimestamp(timestamp, UTC), datetime.fromtimestamp(clock, UTC)
    month_start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    is_closed = at < month_start and clock - month_start.timestamp() >= MONTH_CLOSES_SECONDS
    if timestamp > clock or clock - timestamp >= LATE_SECONDS or is_closed:
        raise Refusal(400, "TimestampOutOfBoundsException", f"{at:%Y-%m-%dT%H:%M:%SZ} is out of the allowed range.")


def _take(world: World, usage: AwsUsage, clock: float) -> dict[str, Any]:
    agreement = world.aws_agreements.get(usage.agreement)
    if agreement is None or _is_over(agreement, clock):
        return {"Status": "CustomerNotSubscribed"}
    before = world.aws_usage.get(usage.key)
    if before is None:
        world.keep(usage)
        return {"Status": "Success", "MeteringRecordId": usage.metering_record_id}
    status = "Success" if before.quantity == usage.quantity else "DuplicateRecord"
    return {"Status": status, "MeteringRecordId": before.metering_record_id}


def _is_over(agreement: AwsAgreement, clock: float) -> bool:
    return agreement.ended_at is not None and clock >= agreement.ended_at + AFTER_END_SECONDS


def _pace(world: World, now: float) -> None:
    calls = world.calls["BatchMeterUsage", "aws"]
    calls[:] = [at for at in calls if at > now - 1]
    if len(calls) >= PER_SECOND:
        raise Refusal(400, "ThrottlingException", f"More than {PER_SECOND} requests in a second.")
    calls.append(now)
