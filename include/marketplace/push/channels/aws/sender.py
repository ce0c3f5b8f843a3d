"""The channel `aws`: BatchMeterUsage of AWS Marketplace. Who may repeat it is data of the channel (`on_unknown`)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from include.aws.errors import NOT_CONNECTED, refusal_kind
from include.aws.metering import CallLimits, MeteringMarketplace
from include.domain.errors import AkubillError, RefusedError, RetriableError
from include.marketplace.push.answers import Answer
from include.marketplace.push.channels.aws import wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.aws.access import AwsAccess
    from include.marketplace.push.senders import PushRecord


class Aws:
    """Sends usage as the seller."""

    def __init__(self, access: AwsAccess, limits: CallLimits | None = None) -> None:
        self._metering = MeteringMarketplace(access, limits)

    def apart(self, record: PushRecord) -> str:
        """Whether a record has a licence; see `wire.apart`."""
        return wire.apart(record)

    def encode(self, records: Sequence[PushRecord]) -> str:
        """The arguments of the call; see `wire.encode`."""
        return wire.encode(records)

    def send(self, request: str) -> Answer:
        """Send an encoded request, once.

        Raises:
            AkubillError: when it was refused, or not answered.
        """
        arguments = json.loads(request)
        answer = self._metering.batch_meter_usage(arguments)
        request_id = (answer.get("ResponseMetadata") or {}).get("RequestId")
        return Answer(None, request_id, wire.read(arguments, answer), wire.summary(answer))

    def check_reachable(self) -> None:
        """Ask for a buyer who does not exist, which changes nothing.

        Raises:
            AkubillError: when it is not answered.
        """
        self._metering.check_reachable()

    def was_connected(self, failure: AkubillError) -> bool:
        """False where no connection was made."""
        return not (isinstance(failure, RetriableError) and failure.code == NOT_CONNECTED)

    def kind_of(self, failure: AkubillError) -> str:
        """What a refusal is about. Of a request that AWS refuses it takes no record."""
        return refusal_kind(failure.code) if isinstance(failure, RefusedError) else "other"
