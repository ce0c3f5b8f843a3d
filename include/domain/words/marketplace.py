"""Why an event of the Marketplace is parked, in words."""

from __future__ import annotations

from include.domain.words.filling import Words

_REPLAY = "and replay the event."

PARKED = {
    "expires_later": Words(
        "The Marketplace says that {instance_id} has expired, and it runs until {expires_at:instant}. Ask the "
        "Marketplace: a late repetition of an earlier expiry needs nothing; otherwise correct the end " + _REPLAY,
    ),
    "has_ended": Words(
        "{action} came for {instance_id}, which is released. Ask the Marketplace whether it still exists there."
    ),
    "missing_field": Words(
        "{action} came without {field}, which says what it changes. Ask the Marketplace, " + _REPLAY,
    ),
    "unknown_action": Words("{action} is no action that changes a subscription. Read it, and close it."),
    "unknown_instance": Words(
        "{action} came for {instance_id}, which no subscription has. Wait for its createInstance or ask the "
        "Marketplace, " + _REPLAY,
    ),
    "unreadable_field": Words("{action} has {field} {value}, which {rule}. Ask the Marketplace, " + _REPLAY),
}

#: Why an event that has an effect could not have it.
FAILED = {
    "failed": Words("{action} could not be carried out: {why} Correct that, " + _REPLAY),
    "failed_often": Words(
        "{action} was tried {tries:time|times} and failed, at last with: {why} Look at that, " + _REPLAY
    ),
}
#: Every reason for which an event is parked.
REASONS = {**PARKED, **FAILED}
