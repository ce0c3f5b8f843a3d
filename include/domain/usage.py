"""AKU and AKU-seconds.

Usage is an integer number of AKU-seconds: AKU × seconds, exact and summable. AKU-hours are for people to read.
"""

from __future__ import annotations

from datetime import timedelta

from include.domain.money import Decimal, plain, round_amount

SECONDS_PER_HOUR = 3600
#: The longest time between two answers of a console in which nothing needs a proof. A longer one is a silence: a gap
#: for metering, an alarm for operators, and stale on the page of subscriptions.
TOLERANCE = timedelta(minutes=15)
#: How long a rejection is counted among the work, since no person closes one; it stays stored.
REJECTIONS_SHOWN = timedelta(days=7)

#: States of a Kafka instance as the console reports them, by whether time spent in them is billed.
BILLABLE_STATES = frozenset({"Running", "Changing", "Error"})
NOT_BILLABLE_STATES = frozenset({"Creating", "Deleting", "Deleted"})
KNOWN_STATES = BILLABLE_STATES | NOT_BILLABLE_STATES


def aku_hours(aku_seconds: int) -> str:
    """AKU-hours in plain text, to six places (half an AKU-second is 0.00014 AKU-hours)."""
    return plain(round_amount(Decimal(aku_seconds) / SECONDS_PER_HOUR, 6, "half_even"))
