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

#: Who clears what the comparison with the Marketplace finds.
COMPARED_OWNER = "the vendor's operators"
_OURS = "Order {order_id} ({subscription_id}) is {state} here, and the Marketplace says {status}"
_ENTER = "Check it in the vendor's console, then enter the event with marketplace_event_entry."
#: What the daily comparison with the Marketplace finds.
COMPARED = {
    "release_lost": Words(f"{_OURS}: its release never arrived. {_ENTER}"),
    "expiry_lost": Words(f"{_OURS}: its expiry never arrived. {_ENTER}"),
    "renewal_lost": Words(f"{_OURS}: its renewal or resumption never arrived. {_ENTER}"),
    "runs_there": Words(f"{_OURS}: it still runs there and may cost the buyer. Ask the Marketplace to close it."),
    "unknown_there": Words(
        "Order {order_id} ({subscription_id}) is {state} here, and the Marketplace does not know it. Check its "
        "order id."
    ),
    "order_refunded": Words(
        "Order {order_id} ({subscription_id}) is {state} here, and the Marketplace says {order_status} of the order: "
        f"an event was lost. {_ENTER}"
    ),
    "expiry_differs": Words(
        "Order {order_id} ({subscription_id}) runs until {expires_at:time} here, and until {ends_at:time} at the "
        f"Marketplace: a renewal or a refund of one never arrived. {_ENTER}"
    ),
    "status_unknown": Words(
        "The Marketplace says {status} of order {order_id} ({subscription_id}), which is no status we know. Ask the "
        "Marketplace what it means."
    ),
}
