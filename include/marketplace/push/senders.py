"""How a channel is called: what the sender of every channel does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from include.domain.errors import AkubillError
    from include.marketplace.push.answers import Answer


class PushRecord(NamedTuple):
    """A record of the ledger, as it is sent: nothing in it changes between two tries."""

    record_key: int
    marketplace_instance_id: str
    product_code: str
    hour_start: datetime
    quantity: int
    window_start: datetime
    window_end: datetime
    dimension: str
    item_key: str
    most_together: int | None = None


class Sender(Protocol):
    """One channel's way to its marketplace."""

    def encode(self, records: Sequence[PushRecord]) -> str:
        """The records as they are sent: the same text for the same records."""

    def send(self, request: str) -> Answer:
        """Send an encoded request, once.

        Raises:
            AkubillError: when it was refused, or not answered.
        """

    def check_reachable(self) -> None:
        """Make a call that changes nothing.

        Raises:
            AkubillError: when it is not answered.
        """

    def was_connected(self, failure: AkubillError) -> bool:
        """False where nothing of a failed call can have reached the marketplace."""

    def kind_of(self, failure: AkubillError) -> str:
        """What a refusal is about: `answers.ACCESS_KINDS`, `answers.RECORDS_KIND`, or what is not known."""
