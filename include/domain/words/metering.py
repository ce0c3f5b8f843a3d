"""What was rejected, in words: an entry for each rule of readings, of usage files and of files of polls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.text import LONGEST_ID
from include.domain.words.filling import Words, fill

if TYPE_CHECKING:
    from datetime import datetime

_VERSION = "Check the console's version, then resolve or waive the gap."
_ROW = "Row {row_number}: "
_KNOWN_ID = "Write the id as it is known."
#: Rule → the column that breaks it, the rule as a clause, and what to do. Clauses name the limits of
#: catalog/usage_rows.py, which tries the rules in this order.
ROW_RULES = {
    "bad_subscription_id": ("subscription_id", f"must be 1 to {LONGEST_ID} visible ASCII characters", _KNOWN_ID),
    "bad_instance_id": ("instance_id", f"must be 1 to {LONGEST_ID} visible ASCII characters", _KNOWN_ID),
    "not_a_time": (
        "hour", "is not an ISO 8601 time of the years 2000 to 2999", "Write it like 2026-10-01T00:00:00+08:00."
    ),
    "naive_time": ("hour", "has no time zone", "Add an offset, like +08:00, or Z for UTC."),
    "not_a_full_hour": ("hour", "is not the start of a full hour (of UTC)", "Give one row per full hour."),
    "future_hour": ("hour", "has not ended at {ended_by:instant}", "Import it when it has."),
    "not_a_number": ("aku_seconds", "is not a number", "Write whole AKU-seconds in digits."),
    "negative_quantity": ("aku_seconds", "must not be negative", "Correct it, or leave the row out."),
    "fractional_quantity": ("aku_seconds", "must be whole", "Give AKU-seconds, not AKU-hours."),
    "too_large": (
        "aku_seconds",
        "is more than the {largest} that an instance can use in an hour",
        "Check the unit, and that instances are not summed.",
    ),
    "not_a_peak": ("peak_aku", "is not a whole number", "Write whole AKU in digits, or leave it empty."),
    "peak_too_large": ("peak_aku", "is more than the {largest_aku} AKU that an instance can have", "Check the unit."),
    "not_seconds_of_an_hour": (
        "used_seconds", "is not a whole number from 0 to 3600", "Write whole seconds, or leave it empty."
    ),
    "impossible_sizes": (
        "aku_seconds",
        "cannot come from that peak_aku and used_seconds: at least 1 AKU in each second, and never more than the peak",
        "Correct them, or leave them empty.",
    ),
}  # fmt: skip

REJECTIONS = {
    # Readings.
    "aku_above_limit": Words(f"Instance {{instance}} has {{aku}} AKU, more than the product's {{limit}}. {_VERSION}"),
    "inconsistent_times": Words(
        "Instance {instance} has another size than at the poll before, but gmtModified {modified_at:instant} does not "
        "lie between the two polls. The smaller size is used as an estimate. Check the clock of the console.",
    ),
    "listed_twice": Words("Instance {instance} is listed twice in one listing, with different values."),
    "missing_field": Words(
        f"Instance {{instance}} has {{missing}}. {_VERSION}",
        {"missing": {"field": "no {field}", "size": "neither {fields}"}},
    ),
    "mistyped_field": Words(f"Instance {{instance}} has {{field}} {{value}}: {{problem}}. {_VERSION}"),
    "negative_aku": Words(f"Instance {{instance}} has {{aku}} AKU, less than 0. {_VERSION}"),
    "time_in_future": Words(
        "Instance {instance} was created or modified at {changed_at:instant}, after the poll at {polled_at:instant}. "
        "Check the console's clock.",
    ),
    "unknown_state": Words(f"Instance {{instance}} has state {{state}}, not one of {{known_states}}. {_VERSION}"),
    # Rows of usage files, by themselves.
    **{
        rule: Words(f"{_ROW}{column} is {{value}}: it {clause}. {remedy}")
        for rule, (column, clause, remedy) in ROW_RULES.items()
    },
    "not_a_row": Words("Row {row_number} is {value}: it is no row: {problem}. Give each column one value."),
    # Rows of usage files, by what the warehouse knows.
    "after_end": Words(
        f"{_ROW}hour {{hour:instant}} lies after subscription {{subscription_id}} ended at {{ended_at:instant}}. Check "
        "the hour.",
    ),
    "already_measured": Words(
        f"{_ROW}hour {{hour:instant}} of instance {{instance_id}} was measured as {{known_aku_seconds}} AKU-seconds; "
        "the file says {aku_seconds}. Measurements win; look at its readings if you doubt them. Should the hour turn "
        "out not to be measured, the file counts.",
    ),
    "before_start": Words(
        f"{_ROW}hour {{hour:instant}} lies before subscription {{subscription_id}} started at {{started_at:instant}}. "
        "Check the hour, or its start.",
    ),
    "duplicate_row": Words(
        f"{_ROW}hour {{hour:instant}} of instance {{instance_id}} is in row {{first_row}} already, and that one "
        "counts. Keep one of them.",
    ),
    "no_environment": Words(
        f"{_ROW}subscription {{subscription_id}} has no environment. Finish its onboarding first.",
    ),
    "unknown_subscription": Words(
        f"{_ROW}subscription {{subscription_id}} is not known. Check the id, or onboard it first.",
    ),
    # Lines of files of polls; these are not stored.
    "bad_line": Words("{file} {problem}."),
    "contradictory_polls": Words(
        "lines {lines} are different answers of environment {environment_id} {which}.",
        {
            "which": {
                "none": "at the same instant, so none of them counts",
                "last": "within a second: the last one counts",
            }
        },
    ),
}


#: What a failed poll's cause says of the console.
_CONSOLE = {
    "broken": "answers with something else than its instances",
    "misconfigured": "cannot be asked: its access is missing or wrong here",
    "refused": "refuses our access",
    "throttled": "asks us to wait",
    "timeout": "does not answer in time",
    "unreachable": "cannot be reached",
}
#: A console that failed when it was asked last; `cause` is that of the poll.
CONSOLES = {
    "broken": Words(f"The console {_CONSOLE['broken']}. Check its version."),
    "misconfigured": Words(f"The console {_CONSOLE['misconfigured']}. Correct the environment's access."),
    "refused": Words(f"The console {_CONSOLE['refused']}. Renew the environment's credential."),
    "throttled": Words(f"The console {_CONSOLE['throttled']}. The next run asks again; if it lasts, ask its operator."),
    "timeout": Words(f"The console {_CONSOLE['timeout']}. Check its load, and the network to it."),
    "unreachable": Words(f"The console {_CONSOLE['unreachable']}. Check that it runs, and its address."),
}
#: Why usage is not known: the gap's cause, a failed poll's included.
GAP_CAUSES = {
    **{cause: f"the console {said}" for cause, said in _CONSOLE.items()},
    "changed_before_first_poll": "its size changed before it was first polled",
    "changed_in_silence": "its size changed while the console was silent",
    "inconsistent_times": "the console's times contradict each other",
    "no_answer_yet": "no answer came after it yet",
    "not_asked": "the console was not polled; look at the runs of aku_readings",
    "rejected_reading": "what the console said of it broke a rule",
}
#: A gap: what is not known, for how long and why, and what becomes of it.
GAP = Words(
    "Usage of {what} is not known for {seconds:duration}: {cause}. {outcome}",
    {
        "what": {"instance": "instance {instance_id}", "environment": "all instances"},
        "cause": GAP_CAUSES,
        "outcome": {
            "open": "Better data resolves it: an answer of the console, or an import. If none will come, waive it.",
            "holds": "Bill {holds_bill} waits for it. Import what is missing or waive it, then close the period again.",
            "resolved": "Better data came.",
            "waived": "The estimate is kept.",
        },
    },
)


class Rejection(NamedTuple):
    """One piece of bad data, kept with its reason.

    Attributes:
        rule: the rule's short name, stable over time ("unknown_state").
        facts: what was wrong; values that may be of any type are Python's text of them.
        payload: the data as it came.
        at: the poll's instant, where the sentence has to say it.
    """

    rule: str
    facts: dict[str, Any]
    payload: dict[str, Any]
    at: datetime | None = None

    @property
    def sentence(self) -> str:
        """What was wrong, with the value, and what to do."""
        said = REJECTIONS[self.rule].say(self.facts)
        return said if self.at is None else fill("At {at:instant}: ", {"at": self.at}) + said
