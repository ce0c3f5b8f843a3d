"""Which sender a channel has, and which Airflow connection it uses: the one place that chooses by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.domain.errors import ConfigurationError
from include.orchestration import connections

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.marketplace.push.senders import Sender


def open_sender(channel: str) -> Sender:
    """The way to a channel's marketplace.

    Raises:
        ConfigurationError: when its connection is missing or incomplete, or it has no sender.
    """
    opens = SENDERS.get(channel)
    if opens is None:
        raise ConfigurationError(
            f"Nothing can be sent to {channel}: it has no sender in {__name__.replace('.', '/')}.py."
        )
    return opens()


def _alibaba_china() -> Sender:
    from include.marketplace.push.channels.alibaba_china.sender import AlibabaChina

    return AlibabaChina(connections.vendor_access())


def _alibaba_international() -> Sender:
    from include.marketplace.push.channels.alibaba_international.sender import AlibabaInternational

    return AlibabaInternational(connections.international_vendor_access())


def _aws() -> Sender:
    from include.marketplace.push.channels.aws.sender import Aws

    return Aws(connections.aws_access())


#: Channel → what opens the way to its marketplace.
SENDERS: dict[str, Callable[[], Sender]] = {
    "alibaba-china": _alibaba_china,
    "alibaba-international": _alibaba_international,
    "aws": _aws,
}
