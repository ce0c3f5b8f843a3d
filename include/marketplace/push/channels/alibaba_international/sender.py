"""The channel `alibaba-international`: PushMeteringData of the international site, which can be asked what it has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from include.alibaba.marketplace_intl import MarketplaceIntl
from include.marketplace.push.answers import Answer
from include.marketplace.push.channels import alibaba_refusals
from include.marketplace.push.channels.alibaba_international import wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.alibaba.access import CloudAccess
    from include.alibaba.gateway import CallLimits
    from include.domain.errors import AkubillError
    from include.marketplace.push.senders import Found, PushRecord


class AlibabaInternational:
    """Sends usage as the vendor, and asks for what became of it."""

    def __init__(self, access: CloudAccess, limits: CallLimits | None = None) -> None:
        self._market = MarketplaceIntl(access, limits)

    def apart(self, record: PushRecord) -> str:  # noqa: ARG002 (of the protocol)
        """Any records of a product may share a request."""
        return ""

    def encode(self, records: Sequence[PushRecord]) -> str:
        """The list `MeteringData`; see `wire.encode`."""
        return wire.encode(records)

    def send(self, request: str) -> Answer:
        """Send an encoded request, once.

        Raises:
            AkubillError: when it was refused, or not answered.
        """
        answer = self._market.push_metering_data(json.loads(request))
        # A success whose result says otherwise says nothing.
        is_success = answer.success if isinstance(answer.success, bool) else None
        is_clear = not (is_success and answer.result is False)
        return Answer(is_success if is_clear else None, answer.request_id, said={"code": answer.code})

    def ask(self, record: PushRecord) -> Found:
        """What the Marketplace has of a record (DescribePushMeteringData).

        Raises:
            AkubillError: when it did not answer, or refused to.
        """
        described = self._market.describe_push_metering_data(wire.push_order_biz_id(record))
        return wire.read(record, described)

    def check_reachable(self) -> None:
        """Ask for one of our instances, which changes nothing.

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
