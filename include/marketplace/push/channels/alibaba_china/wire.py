"""How records are written to the China site: the parameter `Metering`.

https://help.aliyun.com/zh/marketplace/api-pushmeteringdata
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.marketplace.push.senders import PushRecord


def encode(records: Sequence[PushRecord]) -> str:
    """The list `Metering`: Unix seconds and quantities as text, as the documentation's example has them."""
    return json.dumps([_entry(record) for record in records], separators=(",", ":"), ensure_ascii=True)


def _entry(record: PushRecord) -> dict[str, object]:
    entity = {"Key": record.item_key, "Value": str(record.quantity), "meteringAssit": record.dimension}
    return {
        "InstanceId": record.marketplace_instance_id,
        "StartTime": str(int(record.window_start.timestamp())),
        "EndTime": str(int(record.window_end.timestamp())),
        "Entities": [entity],
    }
