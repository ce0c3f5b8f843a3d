"""What the product follows of a Marketplace instance: its state, its expiry, and from when it is frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include.domain.periods import HOUR, floor_to_hour

if TYPE_CHECKING:
    from datetime import datetime


class InstanceChange(NamedTuple):
    """A Marketplace instance after an event.

    Attributes:
        instance_id: that callbacks name.
        order_id: the order that created it, by which the product knows its subscription.
        state: of `lifecycles.MARKETPLACE_INSTANCE`.
        expires_at: None for one that runs until it is released.
        changed_at: when the event was received.
    """

    instance_id: str
    order_id: str
    state: str
    expires_at: datetime | None
    changed_at: datetime

    def frozen_from(self, thawed_at: datetime | None) -> datetime:
        """From when nothing is metered: the end of the hour that contains the expiry.

        Args:
            thawed_at: end of an earlier freeze. A known expiry that lies before it was that of the earlier freeze, so
                this time only the event says when it was.
        """
        is_known = self.expires_at is not None and (thawed_at is None or self.expires_at > thawed_at)
        expired_at = min(self.expires_at, self.changed_at) if is_known and self.expires_at else self.changed_at
        return floor_to_hour(expired_at) + HOUR
