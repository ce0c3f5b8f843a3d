"""The channel `alibaba-china`: PushMeteringData of the China site's Marketplace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.alibaba.market import Market
from include.marketplace.push.answers import Answer
from include.marketplace.push.channels import alibaba_refusals
from include.marketplace.push.channels.alibaba_china.wire import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.alibaba.access import CloudAccess
    from include.alibaba.gateway import CallLimits
    from include.domain.errors import AkubillError
    from include.marketplace.push.senders import PushRecord


class AlibabaChina:
    """Sends usage as the vendor."""

    def __init__(self, access: CloudAccess, limits: CallLimits | None = None) -> None:
        self._market = Market(access, limits)

    def apart(self, record: PushRecord) -> str:  # noqa: ARG002 (of the protocol)
        """Any records of a product may share a request."""
        return ""

    def encode(self, records: Sequence[PushRecord]) -> str:
        """The list `Metering`; see `wire.encode`."""
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
        return alibaba_refusals.was_connected(failure)

    def kind_of(self, failure: AkubillError) -> str:
        """What a refusal is about."""
        return alibaba_refusals.kind_of(failure)
