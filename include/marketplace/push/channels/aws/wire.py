"""How records are written to AWS Marketplace, and how its answers are read.

https://docs.aws.amazon.com/marketplace/latest/APIReference/API_marketplace-metering_BatchMeterUsage.html

What is charged is an account, or an agreement of it. So the marketplace instance of a subscription is

- `<account>/<licence>`: the buyer's AWS account id and the licence's ARN, as ResolveCustomer gives them. A product of
  June 2026 or later has these. The request has no ProductCode then: with it, AWS would charge the hour a second time.
- `<account>` for a product that was integrated before. The request has its ProductCode.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include.marketplace.push.answers import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.marketplace.push.senders import PushRecord

_UNSAID = Verdict("unsaid")
Identity = tuple[str, str, str]


def apart(record: PushRecord) -> str:
    """Records with a licence and those without do not share a request."""
    return "licence" if _parts(record)[1] else "product"


def encode(records: Sequence[PushRecord]) -> str:
    """The arguments of BatchMeterUsage, as JSON.

    `Quantity` is a whole number of 32 bits. `QuantityAsDecimal`, which botocore prefers since October 2026, is for
    fractions, and AWS compares both by value.
    """
    request: dict[str, Any] = {"UsageRecords": [_entry(record) for record in records]}
    if apart(records[0]) == "product":
        request["ProductCode"] = records[0].product_code
    return json.dumps(request, separators=(",", ":"), ensure_ascii=True)


def read(request: Mapping[str, Any], answer: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """What AWS says of each record, in the order of the request."""
    sent = request["UsageRecords"]
    places = {_identity(record): place for place, record in enumerate(sent)}
    found: dict[int, Verdict] = {}
    said = [(result.get("UsageRecord") or {}, _verdict(result)) for result in _dicts(answer.get("Results"))]
    said += [(record, Verdict("unprocessed")) for record in _dicts(answer.get("UnprocessedRecords"))]
    for record, verdict in said:
        place = places.get(_identity(record))
        if place is None:
            continue  # of a record that was not sent
        is_ours = "Quantity" not in record or record["Quantity"] == sent[place]["Quantity"]
        is_clear = place not in found and (is_ours or verdict.word != "accepted")
        found[place] = verdict if is_clear else _UNSAID
    return tuple(found.get(place, _UNSAID) for place in range(len(sent)))


def summary(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an answer: what it says of each record, and AWS's ids of them."""
    return {
        "results": [
            {"status": result.get("Status"), "metering_record_id": result.get("MeteringRecordId")}
            for result in _dicts(answer.get("Results"))
        ],
        "unprocessed": len(_dicts(answer.get("UnprocessedRecords"))),
    }


def _entry(record: PushRecord) -> dict[str, object]:
    account, licence = _parts(record)
    return {
        "Timestamp": f"{record.window_start:%Y-%m-%dT%H:%M:%SZ}",
        "CustomerAWSAccountId": account,
        **({"LicenseArn": licence} if licence else {}),
        "Dimension": record.dimension,
        "Quantity": record.quantity,
    }


def _parts(record: PushRecord) -> tuple[str, str]:
    account, _, licence = record.marketplace_instance_id.partition("/")
    return account, licence


def _identity(record: Mapping[str, Any]) -> Identity:
    """What AWS knows a record by: account, licence, dimension and hour."""
    timestamp = record.get("Timestamp")
    if isinstance(timestamp, datetime):  # botocore reads answers' timestamps into this machine's zone
        timestamp = f"{timestamp.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    who = f"{record.get('CustomerAWSAccountId')}/{record.get('LicenseArn') or ''}"
    return who, str(record.get("Dimension")), str(timestamp)


def _verdict(result: Mapping[str, Any]) -> Verdict:
    """A repetition of the same record is a Success again; a DuplicateRecord is one with another quantity."""
    status = result.get("Status")
    match status:
        case "Success":
            return Verdict("accepted", status)
        case "CustomerNotSubscribed":
            return Verdict("not_subscribed", status)
        case "DuplicateRecord":
            return Verdict("duplicate_different", status)
        case _:
            return Verdict("unsaid", str(status)[:60] if status else None)


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
