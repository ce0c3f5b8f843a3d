"""How a channel is called: what the sender of every channel does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from include.domain.errors import AkubillError
    from include.marketplace.push.answers import Answer


class PushRecord(NamedTuple):
    """A record of the ledger, as it is sent: nothing in it changes between two tries.

    Attributes:
        record_key: of the ledger.
        marketplace_instance_id: what is charged.
        product_code: the product at the marketplace.
        hour_start: start of the UTC hour.
        quantity: in the marketplace's units (`MeteringItem.quantity_unit_seconds`).
        window_start: start of the time that is reported.
        window_end: its end (exclusive).
        dimension: what is measured, by the marketplace's id of it.
        item_key: its unit there.
        most_together: how many records its request may have, after a larger one was refused.
    """

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

    def apart(self, record: PushRecord) -> str:
        """What the records of one request agree in, besides their product."""

    def encode(self, records: Sequence[PushRecord]) -> str:
        """The records as they are sent, in this order: the same text for the same records."""

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
        """What a refusal is about: a kind of answers.py, or what is not known."""


#: What a marketplace says of a record when it is asked: it has it, has another quantity for it, or has nothing of it;
#: `unclear` where its answer says none of these.
Found = Literal["there", "different", "absent", "unclear"]


@runtime_checkable
class AskableSender(Sender, Protocol):
    """The way to a marketplace that can be asked what it has (`can_be_asked`)."""

    def ask(self, record: PushRecord) -> Found:
        """What the marketplace has of a record.

        Raises:
            AkubillError: when it did not answer.
        """
