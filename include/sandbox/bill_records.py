"""What the billing centre enters on a buyer's bill besides usage and licences, like refunds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(slots=True)
class BillEntry:
    """One item that was entered by hand.

    Attributes:
        item: PayAsYouGoBill, Refund or Adjustment.
        start: first second of the hour that it is for; its cycle follows from it.
        amount: as decimal text; negative for what is given back.
    """

    entry_id: str
    marketplace_instance_id: str
    item: str
    start: int
    amount: str

    kind: ClassVar[str] = "bill_entry"

    @property
    def key(self) -> str:
        """Its id."""
        return self.entry_id
