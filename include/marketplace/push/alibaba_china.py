"""The channel `alibaba-china`: PushMeteringData of the China site's Marketplace."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from include.alibaba.errors import NOT_CONNECTED, refusal_kind
from include.alibaba.market import Market
from include.domain.errors import RefusedError, RetriableError
from include.marketplace.push.answers import ACCESS_KINDS, RECORDS_KIND, Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.alibaba.access import CloudAccess
    from include.alibaba.gateway import CallLimits
    from include.domain.errors import AkubillError
    from include.marketplace.push.senders import PushRecord

_RECORD_CODES = ("invalidparameter", "missingparameter")


def encode(records: Sequence[PushRecord]) -> str:
    """The list `Metering`: Unix seconds and quantities as text, as the documentation's example has them."""
    return json.dumps([_entry(record) for record in records], separators=(",", ":"), ensure_ascii=True)


class AlibabaChina:
    """Sends usage as the vendor."""

    def __init__(self, access: CloudAccess, limits: CallLimits | None = None) -> None:
        self._market = Market(access, limits)

    def encode(self, records: Sequence[PushRecord]) -> str:
        """The list `Metering`; see `encode`."""
        return encode(records)

    def send(self, request: str) -> Answer:
        """Send an encoded request, once.

        Raises:
            AkubillError: when it was refused, or not answered.
        """
        answer = self._market.push_metering_data(request)
        return Answer(answer.success if isinstance(answer.success, bool) else None, answer.request_id)

    def check_reachable(self) -> None:
        """Ask for messages that were not delivered, which changes nothing.

        Raises:
            AkubillError: when it is not answered.
        """
        self._market.check_reachable()

    def was_connected(self, failure: AkubillError) -> bool:
        """False where no connection was made."""
        return not (isinstance(failure, RetriableError) and failure.code == NOT_CONNECTED)

    def kind_of(self, failure: AkubillError) -> str:
        """What a refusal is about. The codes of pushes are not documented; those of parameters in general are."""
        if not isinstance(failure, RefusedError):
            return "other"
        kind = refusal_kind(failure.code)
        if kind in ACCESS_KINDS:
            return kind
        is_about_records = failure.code.lower().startswith(_RECORD_CODES) or kind == "not_found"
        return RECORDS_KIND if is_about_records else "other"


def _entry(record: PushRecord) -> dict[str, object]:
    entity = {"Key": record.item_key, "Value": str(record.quantity), "meteringAssit": record.dimension}
    return {
        "InstanceId": record.marketplace_instance_id,
        "StartTime": str(int(record.window_start.timestamp())),
        "EndTime": str(int(record.window_end.timestamp())),
        "Entities": [entity],
    }
