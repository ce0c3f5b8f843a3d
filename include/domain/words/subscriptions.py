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
#: What waits for a person, as a part of the sentence.
_WAITING = {
    "gap_count": "{gap_count:open gap|open gaps}",
    "held_bill_id": "bill {held_bill_id} is held",
    "finding_count": "{finding_count:difference|differences} to the Marketplace's bill",
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
    "step": "Onboarding step {step}, {outcome}{detail}",
    "offer": "Private offer by {entered_by}: {said}, from {effective_from:time} ({reason})",
    "bill": "{document} {bill_id} was issued: {total} {currency}",
    "correction": "Correction of {bill_id} ({cause}) by {requested_by}, {state}: {reason}",
}
#: What is offered, by whether it has a plan and a discount of its own.
_OFFERED = {
    (True, True): "price plan {price_plan} and {discount_percent} % discount",
    (True, False): "price plan {price_plan}",
    (False, True): "{discount_percent} % discount",
    (False, False): "",
}


def say_health(health: str, facts: Mapping[str, Any]) -> str:
    """Why a subscription has this health.

    Args:
        health: a key of HEALTH.
        facts: as reporting.subscription_health gives them.
    """
    said = ", ".join(fill(words, facts) for name, words in _WAITING.items() if facts[name])
    return HEALTH[health].say({**facts, "waiting": f"{said[:1].upper()}{said[1:]}."}).strip()


def say_happened(kind: str, facts: Mapping[str, Any]) -> str:
    """One entry of a subscription's timeline, as a sentence without its end."""
    said = dict(facts)
    if kind == "step":
        said |= {"step": _plain(facts["step"]), "detail": f": {facts['detail']}" if facts["detail"] else ""}
    if kind == "offer":
        said["said"] = fill(_OFFERED[bool(facts["price_plan"]), facts["discount_percent"] is not None], facts)
    if kind == "bill":
        said["document"] = _plain(facts["document"]).capitalize()
    if kind == "correction":
        said["cause"] = _plain(facts["cause"])
    return fill(_HAPPENED[kind], said)


def _plain(name: object) -> str:
    return str(name).replace("_", " ")
