"""A subscription in words: its health with the reason, and what happened to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.domain.words.filling import Words, fill

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Health → why, in a sentence; the worst first.
HEALTH = {
    "onboarding_failed": Words("Onboarding failed. {state_reason}"),
    "silent": Words("Its console has not answered since {silent_since:time}."),
    "failing": Words("Its console has failed since {failing_since:time} ({failure_cause})."),
    "needs_a_person": Words("{waiting}"),
    "frozen": Words("It expired and is frozen since {frozen_from:time}: neither metered nor billed."),
    "onboarding": Words("It is being onboarded."),
    "ended": Words("It has ended."),
    "healthy": Words("Its console answers, and nothing waits for a person."),
}
_HAPPENED = {
    "requested": "Onboarding was requested, with price plan {price_plan}",
    "metered": "Metering began",
    "ended": "It ended",
    "frozen": "It was frozen: its term had expired",
    "resumed": "It was resumed",
    "event": "The Marketplace said {action} (event {event_key}, {state})",
    "instance": "Kafka instance {name} was first seen",
    "licence": "Licence of {capacity_aku:number} AKU for {term_months:month|months}, until {term_end:time}",
}


def say_health(health: str, facts: Mapping[str, Any]) -> str:
    """Why a subscription has this health.

    Args:
        health: a key of HEALTH.
        facts: as reporting.subscription_health gives them.
    """
    waiting = [
        fill("{gap_count:open gap|open gaps}", facts) if facts["gap_count"] else "",
        fill("bill {held_bill_id} is held", facts) if facts["held_bill_id"] else "",
        fill("{finding_count:difference|differences} to the Marketplace's bill", facts)
        if facts["finding_count"]
        else "",
    ]
    said = ", ".join(part for part in waiting if part)
    return HEALTH[health].say({**facts, "waiting": f"{said[:1].upper()}{said[1:]}."}).strip()


def say_happened(kind: str, facts: Mapping[str, Any]) -> str:
    """One entry of a subscription's timeline, as a sentence without its end."""
    if kind == "step":
        detail = f": {facts['detail']}" if facts["detail"] else ""
        return f"Onboarding step {str(facts['step']).replace('_', ' ')}, {facts['outcome']}{detail}"
    if kind == "offer":
        terms = [
            f"price plan {facts['price_plan']}" if facts["price_plan"] else "",
            f"{facts['discount_percent']} % discount" if facts["discount_percent"] is not None else "",
        ]
        said = " and ".join(term for term in terms if term)
        return fill(
            "Private offer by {entered_by}: {said}, from {effective_from:time} ({reason})", {**facts, "said": said}
        )
    if kind == "bill":
        document = str(facts["document"]).replace("_", " ").capitalize()
        return f"{document} {facts['bill_id']} was issued: {facts['total']} {facts['currency']}"
    if kind == "correction":
        cause = str(facts["cause"]).replace("_", " ")
        asked = f"Correction of {facts['bill_id']} ({cause}) by {facts['requested_by']}"
        return f"{asked}, {facts['state']}: {facts['reason']}"
    return fill(_HAPPENED[kind], facts)
