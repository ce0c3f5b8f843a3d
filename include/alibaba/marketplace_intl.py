"""The international site's Marketplace, as the vendor sees it: usage, and what it has of it (API 2022-12-30).

Its only documentation is the SDK's source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include.alibaba.answers import instant, optional
from include.alibaba.gateway import CallLimits, Gateway

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from include.alibaba.access import CloudAccess


class IntlAnswer(NamedTuple):
    """The answer to a metering push, as it came.

    Attributes:
        success: True where the call succeeded.
        result: of what the call did; its meaning beside `success` is not documented.
        code: the Marketplace's code, "200" where it succeeded.
        request_id: its id of the request.
    """

    success: object
    result: object
    code: str | None
    request_id: str | None


class PushedRecord(NamedTuple):
    """What the Marketplace has of a record.

    Attributes:
        push_order_biz_id: our id of it.
        instance_id: what is charged.
        start: of the time that it is for.
        end: of it.
        metering_assist: what is measured.
        metering_entity: unit and quantity, as JSON text.
    """

    push_order_biz_id: str
    instance_id: str | None
    start: datetime | None
    end: datetime | None
    metering_assist: str | None
    metering_entity: str | None


class Described(NamedTuple):
    """The answer about a record: whether the call succeeded, and the record if there is one."""

    success: object
    record: PushedRecord | None


class MarketplaceIntl:
    """The Marketplace for the vendor. Every method waits for its answer; see Gateway.call for what they raise."""

    def __init__(self, access: CloudAccess, limits: CallLimits | None = None) -> None:
        service = "Marketplace (international)"
        self._gateway = Gateway(access, service, "alibabacloud_marketplaceintl20221230", limits)

    def push_metering_data(self, records: Sequence[Mapping[str, object]]) -> IntlAnswer:
        """Report usage (PushMeteringData); asked once, since nothing says what a repetition does.

        Args:
            records: PushOrderBizId, InstanceId, StartTime and EndTime (milliseconds), MeteringEntity, MeteringAssist.
        """
        models = self._gateway.models
        data = [models.PushMeteringDataRequestMeteringData().from_map(dict(record)) for record in records]
        request = models.PushMeteringDataRequest(metering_data=data)
        answer = self._gateway.call("PushMeteringData", request, repeatable=False)
        return IntlAnswer(
            getattr(answer, "success", None),
            getattr(answer, "result", None),
            optional(answer, "code"),
            optional(answer, "request_id"),
        )

    def describe_push_metering_data(self, push_order_biz_id: str) -> Described:
        """What the Marketplace has of a record (DescribePushMeteringData).

        Raises:
            UnexpectedAnswerError: when a time in it is none.
        """
        request = self._gateway.models.DescribePushMeteringDataRequest(push_order_biz_id=push_order_biz_id)
        answer = self._gateway.call("DescribePushMeteringData", request, repeatable=True)
        result, call = getattr(answer, "result", None), "Marketplace (international) DescribePushMeteringData"
        known_as = optional(result, "push_order_biz_id")
        record = None
        if known_as is not None:
            record = PushedRecord(
                known_as,
                optional(result, "instance_id"),
                instant(result, "start_time", call),
                instant(result, "end_time", call),
                optional(result, "metering_assist"),
                optional(result, "metering_entity"),
            )
        return Described(getattr(answer, "success", None), record)

    def check_reachable(self) -> None:
        """Make a call that changes nothing, once; it raises where the Marketplace does not answer."""
        request = self._gateway.models.DescribeSellerInstancesRequest(page_index=1, page_size=1)
        self._gateway.call("DescribeSellerInstances", request, repeatable=False)
