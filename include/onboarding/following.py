"""Lets a subscription follow the Marketplace: its expiry, its freezes, its end.

The Marketplace's events change its own instance first (room marketplace); this is what they come to for the
subscription that is metered and billed. It can be followed once onboarding is done, and is asked again until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.domain.marketplace.events import ACTIVE, FROZEN, RELEASED
from include.domain.words.filling import fill
from include.onboarding.release import end_subscription
from include.warehouse.engine import USAGE, locked, statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from include.domain.marketplace.changes import InstanceChange

_SAID = "The Marketplace released it (releaseInstance of {instance_id}, received {changed_at:time})"


def follow_marketplace(connection: Connection, change: InstanceChange, at: datetime) -> bool:
    """Follow a change within the caller's transaction; whether the subscription is known and onboarded.

    Following twice changes nothing. A subscription that a person ended keeps that end.

    Args:
        connection: a transaction, which may wait for bills that are being made.
        change: what the Marketplace's events left.
        at: the instant of the run.

    Raises:
        RetriableError: when bills are being made for longer than the warehouse's patience.
        InvalidInputError: when the subscription started after its end.
    """
    row = _find(connection, change)
    if row is None or not (row.is_active or row.is_released):
        return False
    key = {"subscription_key": row.subscription_key}
    if row.is_active:
        if row.expires_at != change.expires_at:
            connection.execute(statement("onboarding/follow/set_expiry"), {**key, "expires_at": change.expires_at})
        _follow_state(connection, row, change, at)
    return True


def _follow_state(connection: Connection, row: Row[tuple[object, ...]], change: InstanceChange, at: datetime) -> None:
    key = {"subscription_key": row.subscription_key}
    if change.state == FROZEN and not row.is_frozen:
        with locked(connection, *USAGE):
            frozen_from = change.frozen_from(row.thawed_at)
            connection.execute(statement("onboarding/follow/begin_freeze"), {**key, "frozen_from": frozen_from})
    elif change.state == ACTIVE and row.is_frozen:
        with locked(connection, *USAGE):
            connection.execute(statement("onboarding/follow/end_freeze"), {**key, "ended_at": change.changed_at})
    elif change.state == RELEASED:
        said = fill(_SAID, {"instance_id": change.instance_id, "changed_at": change.changed_at})
        end_subscription(connection, row.subscription_id, change.changed_at, said, max(at, change.changed_at))


def _find(connection: Connection, change: InstanceChange) -> Row[tuple[object, ...]] | None:
    return connection.execute(
        statement("onboarding/follow/find_subscription"), {"order_id": change.order_id}
    ).one_or_none()
