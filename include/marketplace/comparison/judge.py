"""Judges one subscription: what its events made of it against what the Marketplace says when it is asked.

The statuses of an instance depend on its product type; see DescribeInstanceForIsv:
https://help.aliyun.com/document_detail/58455.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

_RUNNING = frozenset({"OPENING", "OPENED", "READYING", "STARTED", "CONFIRM", "PRODUCE", "USING", "UNUSED"})
_STATES = dict.fromkeys(_RUNNING, "active") | {"EXPIRED": "frozen", "CLOSED": "released"}
#: (ours, theirs) → what is found.
_KINDS = {
    ("active", "released"): "release_lost",
    ("frozen", "released"): "release_lost",
    ("active", "frozen"): "expiry_lost",
    ("frozen", "active"): "renewal_lost",
    ("released", "active"): "runs_there",
    ("released", "frozen"): "runs_there",
}


class Ours(NamedTuple):
    """A subscription as events, or its onboarding, left it.

    Attributes:
        order_id: the order that created it.
        subscription_id: as people know it: of the inbox, or of its onboarding.
        marketplace_instance_id: None where it is not known yet; the order says it then.
        state: of `lifecycles.MARKETPLACE_INSTANCE`.
        expires_at: None where it is not known.
    """

    order_id: str
    subscription_id: str
    marketplace_instance_id: str | None
    state: str
    expires_at: datetime | None


class Theirs(NamedTuple):
    """What the Marketplace says; `status` is None where it has no such instance, `order_status` where no such order."""

    order_status: str | None
    status: str | None
    ends_at: datetime | None


class Found(NamedTuple):
    """A disagreement: its kind, a key of `words.marketplace.COMPARED`, and the facts of its sentence."""

    kind: str
    facts: dict[str, Any]


def judge(ours: Ours, theirs: Theirs) -> Found | None:
    """The disagreement that has to be cleared first; None where the two agree."""
    kind = _kind_of(ours, theirs)
    if kind is None:
        return None
    return Found(
        kind,
        {
            "order_id": ours.order_id,
            "subscription_id": ours.subscription_id,
            "state": ours.state,
            "expires_at": ours.expires_at.isoformat() if ours.expires_at else None,
            "order_status": theirs.order_status,
            "status": theirs.status,
            "ends_at": theirs.ends_at.isoformat() if theirs.ends_at else None,
        },
    )


def _kind_of(ours: Ours, theirs: Theirs) -> str | None:
    if theirs.status is None:
        return None if ours.state == "released" else "unknown_there"
    state = _STATES.get(theirs.status)
    if state is None:
        return "status_unknown"
    if (kind := _KINDS.get((ours.state, state))) is not None:
        return kind
    if ours.state == "released":
        return None
    return "order_refunded" if theirs.order_status in {"REFUND", "DELETE"} else _differing_expiry(ours, theirs)


def _differing_expiry(ours: Ours, theirs: Theirs) -> str | None:
    """An order may not say when it ends, so an expiry that one side does not give is no event that was lost."""
    if ours.expires_at is None or theirs.ends_at is None:
        return None
    # Callbacks give whole seconds, answers milliseconds.
    differs = ours.expires_at.replace(microsecond=0) != theirs.ends_at.replace(microsecond=0)
    return "expiry_differs" if differs else None
