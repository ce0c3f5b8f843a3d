"""How records are written to the international site, and how it is read what it has of them.

The site's API is not documented. Facts are those of its SDKs:

- Fields and types: `alibabacloud_marketplaceintl20221230` (Python). All of them are optional there.
- Times are milliseconds (an example of the Go SDK is 1662284820000), MeteringEntity is a JSON object of unit and
  quantity (`{"VirtualCpu":10}`), MeteringAssist names the item (`sgcmgj0003XXXX-Period-1`).

Not documented, and what we do:

- GmtCreate (`2023-01-11 10:31:00`): neither its zone nor its use is known. It is left out.
- A PushOrderBizId that comes twice: it may be charged twice. So it is never sent twice unless the site, asked, does not
  have it.
- IsPushBilling of an answer: it may say whether the record is on a bill already. It decides nothing here.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.alibaba.marketplace_intl import Described, PushedRecord
    from include.marketplace.push.senders import Found, PushRecord

_ID_LETTERS = 32


def push_order_biz_id(record: PushRecord) -> str:
    """Our id of a record, made of what the ledger knows it by: the same in each try, and in no other record."""
    known_by = (
        record.marketplace_instance_id,
        f"{record.window_start:%Y-%m-%dT%H:%M:%SZ}",
        f"{record.window_end:%Y-%m-%dT%H:%M:%SZ}",
        record.dimension,
    )
    return hashlib.sha256("\n".join(known_by).encode()).hexdigest()[:_ID_LETTERS]


def encode(records: Sequence[PushRecord]) -> str:
    """The list `MeteringData`, with the API's names, as JSON."""
    return json.dumps([_entry(record) for record in records], separators=(",", ":"), ensure_ascii=True)


def read(record: PushRecord, described: Described) -> Found:
    """What an answer of DescribePushMeteringData says of a record."""
    if described.success is not True:
        return "unclear"
    if described.record is None:
        return "absent"
    return _compare(record, described.record)


def _compare(record: PushRecord, found: PushedRecord) -> Found:
    ours = push_order_biz_id(record), record.marketplace_instance_id, record.window_start, record.window_end
    theirs = found.push_order_biz_id, found.instance_id, found.start, found.end
    if ours != theirs or found.metering_assist != record.dimension:
        return "unclear"
    try:
        entity: Any = json.loads(found.metering_entity or "")
    except ValueError:
        return "unclear"
    if not isinstance(entity, dict) or set(entity) != {record.item_key}:
        return "unclear"
    quantity = entity[record.item_key]
    if str(quantity) == str(record.quantity):
        return "there"
    return "different" if str(quantity).isdigit() else "unclear"


def _entry(record: PushRecord) -> dict[str, object]:
    return {
        "PushOrderBizId": push_order_biz_id(record),
        "InstanceId": record.marketplace_instance_id,
        "StartTime": int(record.window_start.timestamp()) * 1000,
        "EndTime": int(record.window_end.timestamp()) * 1000,
        "MeteringEntity": json.dumps({record.item_key: record.quantity}, separators=(",", ":")),
        "MeteringAssist": record.dimension,
    }
