"""The work queue in words: what waits for a person, why, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.domain.words.billing import FINDINGS
from include.domain.words.filling import Words, fill
from include.domain.words.marketplace import COMPARED, REASONS
from include.domain.words.operations import ALARMS, say_discrepancy
from include.domain.words.reconciliation import FINDING_OWNERS, say_finding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Kind of work → its name for people.
TITLES = {
    "held_bill": "Held bill",
    "gap": "Gap",
    "push": "Reported usage",
    "difference": "Difference",
    "bill_not_fetched": "Bill not fetched",
    "parked_event": "Parked event",
    "marketplace_state": "Marketplace state",
    "rejection": "Rejected data",
    "machines": "Machines",
    "alarm": "Alarm",
    "onboarding": "Onboarding failed",
}
_RECORDS = "{record_count:record|records} of {aku_seconds:aku_hours} AKU-hours"
PUSHES = {
    "missed": Words(f"{_RECORDS}: the cut-off passed, and they are not charged. Ask why the push was late."),
    "refused": Words(f"{_RECORDS}: the marketplace refused them, and they are not charged. Correct what it names."),
    "unknown": Words(
        f"{_RECORDS}: it is not known whether the marketplace has them. Look at its bill, then decide on them."
    ),
    "duplicate_different": Words(
        f"{_RECORDS}: the marketplace has another quantity for them. Compare, and write them off."
    ),
    "not_sent": Words(f"{_RECORDS} could not be sent. Add or correct the connection of {{channel}}."),
    "late": Words(f"{_RECORDS} still wait; the first cut-off is {{cut_off:time}}. Look at the runs of metering_push."),
}
_GAP = Words(
    "Usage of environment {environment_id} is not known for {gap_seconds:duration} in {gap_count:gap|gaps}, the last "
    "until {last_end:time}. Import it, or waive it."
)
_REJECTIONS = Words(
    "{piece_count:piece|pieces} of data broke the rule “{rule}”, last at {last_at:time}. {remedy}",
    {
        "remedy": {
            "import": "Correct the file and import it again.",
            "reading": "Look at the console's version and clock.",
        }
    },
)
_HELD = {
    "found": Words("Bill {bill_id} waits for approval: {found}."),
    "rejected": Words("Bill {bill_id} waits for approval: a person rejected it."),
}
_NEW = Words("Look at its last run.")
_NOT_FETCHED = Words("The Marketplace's bill of {period} could not be fetched. {failure}")


def owner_of(kind: str, cause: str | None, owner: str | None) -> str:
    """Who acts: billing or operations."""
    return owner or (FINDING_OWNERS[cause] if kind == "difference" and cause else "operations")


def say_work(kind: str, cause: str | None, facts: Mapping[str, Any]) -> str:
    """What waits, why, and what to do, in a sentence or two.

    Args:
        kind: a key of TITLES.
        cause: what is wrong, by the kind's own words; None where the kind says all.
        facts: what the sentence needs, as reporting.work_queue gives them.
    """
    if kind in _SAID:
        return _SAID[kind](str(cause), facts)
    words = {"push": PUSHES, "parked_event": REASONS, "marketplace_state": COMPARED, "alarm": ALARMS}[kind]
    return words[str(cause)].say(facts)


def _held_bill(_cause: str, facts: Mapping[str, Any]) -> str:
    found = ", ".join(fill(FINDINGS[name].title, {}) for name in facts["findings"] or [])
    return _HELD["found" if found else "rejected"].say({**facts, "found": found})


def _rejection(cause: str, facts: Mapping[str, Any]) -> str:
    return _REJECTIONS.say({**facts, "rule": cause.replace("_", " "), "remedy": facts["source"]})


#: Kinds whose words need more than their facts.
_SAID: Mapping[str, Callable[[str, Mapping[str, Any]], str]] = {
    "held_bill": _held_bill,
    "gap": lambda _cause, facts: _GAP.say(facts),
    "difference": say_finding,
    "bill_not_fetched": lambda _cause, facts: _NOT_FETCHED.say(facts),
    "rejection": _rejection,
    "machines": say_discrepancy,
    "onboarding": lambda _cause, facts: facts["state_reason"] or _NEW.say({}),
}
