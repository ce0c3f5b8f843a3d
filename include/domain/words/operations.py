"""Alarms and what the machine check found, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.domain.words.filling import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

_SENTENCE = "Environment {environment_id} {status}"
_SILENT = "has not answered since {answered_at:time}"
_LOOK = "Look at its console: what it does not answer for becomes a gap, which holds the bill."
_NOT_METERED = "is not metered any more ({state})."

ALARMS = {
    "silent": Words(
        _SENTENCE,
        {
            "status": {
                "failed": f"{_SILENT} ({{cause}}). {_LOOK}",
                "not_polled": f"{_SILENT} (it was not polled: look at aku_readings). {_LOOK}",
                "answers": "answers again, last at {answered_at:time}.",
                "not_metered": _NOT_METERED,
            }
        },
    ),
    "dropped_to_zero": Words(
        _SENTENCE,
        {
            "status": {
                "dropped": "dropped from {aku_before:number} AKU to 0 at {dropped_at:time}. Ask the buyer whether that "
                "was meant.",
                "has_aku": "has {aku:number} AKU again.",
                "stayed": "has stayed at 0 AKU and is no longer treated as an alarm.",
                "not_metered": _NOT_METERED,
            }
        },
    ),
    "unusual_total": Words(
        _SENTENCE,
        {
            "status": {
                "unusual": "used {aku_seconds:number} AKU-seconds in the hour from {hour_start:time}; the median of "
                "that hour on the days before is {median_aku_seconds:number}. Look at its instances.",
                "usual": "is back to its usual use: {aku_seconds:number} AKU-seconds in the hour from "
                "{hour_start:time}, the median is {median_aku_seconds:number}.",
                "not_metered": _NOT_METERED,
            }
        },
    ),
}

DISCREPANCIES = {
    "machine_without_instance": Words(
        "{machines:machine|machines} of environment {environment_id} in {region} (buyer {account_id}) ran for "
        "{machine_hours:machine hour|machine hours} for {instance}, which no poll lists. Look in the environment's "
        "console what they are; if they are brokers, their usage is missing.",
        {"instance": {"named": "instance {instance_id}", "unnamed": "an instance"}},
    ),
    "instance_without_machines": Words(
        "Instance {instance_id} of environment {environment_id} in {region} (buyer {account_id}) is metered, but for "
        "{machine_hours:hour|hours} no machine of it was seen. Compare the console with ECS: its usage may be too "
        "high, or its machines run elsewhere.",
    ),
    "unregistered_environment": Words(
        "{machines:machine|machines} with the paid image in {region} (buyer {account_id}) ran for "
        "{machine_hours:machine hour|machine hours} in {environment}, which is not registered here. Onboard it, or ask "
        "the buyer what it is.",
        {"environment": {"named": "{environment_id}", "unnamed": "an environment that their tags do not name"}},
    ),
}


def say_discrepancy(kind: str, facts: Mapping[str, Any]) -> str:
    """What the machine check found, and what to do; facts are the columns of operations.machine_discrepancies."""
    instance = "named" if facts["instance_id"] else "unnamed"
    environment = "named" if facts["environment_id"] else "unnamed"
    return DISCREPANCIES[kind].say({**facts, "instance": instance, "environment": environment})
