"""Applies the events of the inbox: each once, those of a subscription in their order, different ones side by side.

An event and its effect are one transaction, under a lock of its subscription. What fails for now is tried again later,
and the later events of its subscription wait; what fails too often, or would fail again, is parked with its reason,
and they go on.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from include.domain.marketplace.changes import InstanceChange
from include.domain.marketplace.events import MarketplaceInstance, decide
from include.domain.text import storable
from include.warehouse.engine import statement
from include.warehouse.outages import outage_reason
from include.warehouse.sentences import known_reason, lasts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row

    from include.domain.marketplace.events import Decision

    #: Lets the product follow a change within the transaction; whether it could.
    Follow = Callable[[Connection, InstanceChange, datetime], bool]

_LOG = logging.getLogger(__name__)
#: How long an event waits after each failure; after the last one it is parked. Bills may be made for an hour or more.
WAITS = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=3))
#: So often a run looks for what has arrived meanwhile; what comes later is the next run's.
ROUNDS = 20
#: Subscriptions that are worked on at once.
WORKERS = 4
#: A failure's words are cut to this.
_LONGEST_WHY = 500
_STATES = {"accepted": "applied", "repeated": "repeated", "parked": "parked"}
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('marketplace/' || :instance_id, 0))")


class Applied(NamedTuple):
    """What became of the events.

    Attributes:
        applied, repeated, parked, waiting: how many had an effect, were known already, were parked, and will be tried
            again.
        behind: subscriptions that cannot follow the Marketplace, each with the reason, in a sentence.
    """

    applied: int
    repeated: int
    parked: int
    waiting: int
    behind: tuple[str, ...] = ()


def apply_events(warehouse: Engine, follow: Follow, at: datetime) -> Applied:
    """Apply everything that waits, and let the product follow what it could not follow before.

    Args:
        warehouse: where the inbox is.
        follow: how the product's own subscription follows; see `Follow`.
        at: the instant of the run.
    """
    counts: Counter[str] = Counter()
    failed: set[str] = set()
    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in range(ROUNDS):
            subscriptions = [each for each in _list(warehouse, "marketplace/inbox/list_waiting") if each not in failed]
            done = list(pool.map(lambda each: _apply_all(warehouse, follow, each, at), subscriptions))
            for instance_id, outcomes in zip(subscriptions, done, strict=True):
                counts += outcomes
                if outcomes["waiting"]:
                    failed.add(instance_id)
            if not any(done):  # nothing waits, or others work on all that does
                break
        unfollowed = _list(warehouse, "marketplace/inbox/list_unfollowed")
        behind = [
            reason for reason in pool.map(lambda each: _follow_one(warehouse, follow, each, at), unfollowed) if reason
        ]
    return Applied(counts["applied"], counts["repeated"], counts["parked"], counts["waiting"], tuple(behind))


def _list(warehouse: Engine, name: str) -> list[str]:
    with warehouse.connect() as connection:
        return list(connection.scalars(statement(name)))


def _apply_all(warehouse: Engine, follow: Follow, instance_id: str, at: datetime) -> Counter[str]:
    """Apply the events of one subscription, until there is none, one fails, or somebody else works on them."""
    outcomes: Counter[str] = Counter()
    while outcome := _apply_next(warehouse, follow, instance_id, at):
        outcomes[outcome] += 1
        if outcome == "waiting":
            break
    return outcomes


def _apply_next(warehouse: Engine, follow: Follow, instance_id: str, at: datetime) -> str | None:
    event = None
    try:
        with warehouse.begin() as connection:
            if not connection.scalar(_TRY_LOCK, {"instance_id": instance_id}):
                return None
            event = connection.execute(
                statement("marketplace/inbox/take_event"), {"instance_id": instance_id}
            ).one_or_none()
            return _apply(connection, follow, instance_id, event, at) if event else None
    except Exception as error:
        if event is None or outage_reason(error):
            raise  # it is not the event's fault
        return _put_off(warehouse, event, error)


def _apply(connection: Connection, follow: Follow, instance_id: str, event: Row[Any], at: datetime) -> str:
    known = _find_instance(connection, instance_id)
    decision = decide(known, event.parameters, event.received_at)
    if decision.outcome == "accepted" and decision.instance:
        _store_instance(connection, instance_id, decision.instance, event)
        _follow(connection, follow, instance_id, at)
    state = _STATES[decision.outcome]
    connection.execute(
        statement("marketplace/inbox/end_event"),
        {"event_key": event.event_key, "state": state, "reason": decision.reason, "facts": _facts(decision)},
    )
    return state


def _find_instance(connection: Connection, instance_id: str) -> MarketplaceInstance | None:
    row = connection.execute(statement("marketplace/inbox/find_instance"), {"instance_id": instance_id}).one_or_none()
    if row is None:
        return None
    facts = dict(row._mapping)  # noqa: SLF001 (SQLAlchemy's public name)
    return MarketplaceInstance(**facts | {"applied": frozenset((action, order) for action, order in facts["applied"])})


def _store_instance(connection: Connection, instance_id: str, instance: MarketplaceInstance, event: Row[Any]) -> None:
    connection.execute(
        statement("marketplace/inbox/store_instance"),
        {
            "instance_id": instance_id,
            "order_id": instance.order_id,
            "account_id": event.parameters.get("aliUid"),
            "product_code": event.parameters.get("productCode"),
            "sku_id": instance.sku_id,
            "state": instance.state,
            "expires_at": instance.expires_at,
            "applied": json.dumps(sorted(instance.applied)),
            "received_at": event.received_at,
        },
    )


def _follow_one(warehouse: Engine, follow: Follow, instance_id: str, at: datetime) -> str | None:
    """Follow what could not be followed when its event came, since onboarding was not done; why it cannot, or None."""
    try:
        with warehouse.begin() as connection:
            if connection.scalar(_TRY_LOCK, {"instance_id": instance_id}):
                _follow(connection, follow, instance_id, at)
    except Exception as error:
        reason = known_reason(error)
        if reason is None or outage_reason(error):
            raise
        said = f"The subscription of {instance_id} does not follow the Marketplace: {reason}"
        _LOG.warning("%s", said)
        return said if lasts(error) else None
    return None


def _follow(connection: Connection, follow: Follow, instance_id: str, at: datetime) -> None:
    row = connection.execute(statement("marketplace/inbox/find_unfollowed"), {"instance_id": instance_id}).one_or_none()
    if row is not None and follow(connection, InstanceChange(**row._mapping), at):  # noqa: SLF001
        connection.execute(
            statement("marketplace/inbox/mark_followed"), {"instance_id": instance_id, "changed_at": row.changed_at}
        )


def _put_off(warehouse: Engine, event: Row[Any], error: Exception) -> str:
    """Have the event tried again later, or park it."""
    why = known_reason(error)
    if why is None:
        # What a foreign error says may hold a secret, so only its kind is kept.
        why = f"an unexpected error ({type(error).__name__}); the log of marketplace_inbox has it."
        _LOG.error("Event %s failed", event.event_key, exc_info=error)
    key = {"event_key": event.event_key, "tries": event.tries}
    is_last = event.tries >= len(WAITS)
    if not (is_last or lasts(error)):
        with warehouse.begin() as connection:
            connection.execute(statement("marketplace/inbox/try_again"), {**key, "wait": WAITS[event.tries]})
        _LOG.warning("Event %s is tried again in %s: %s", event.event_key, WAITS[event.tries], why)
        return "waiting"
    facts = {"action": event.action, "why": storable(why, _LONGEST_WHY), "tries": event.tries + 1}
    reason = "failed" if lasts(error) else "failed_often"
    with warehouse.begin() as connection:
        connection.execute(
            statement("marketplace/inbox/park_failing_event"), {**key, "reason": reason, "facts": json.dumps(facts)}
        )
    return "parked"


def _facts(decision: Decision) -> str:
    return json.dumps(dict(decision.facts), default=str)
