"""What of an hour is metered and charged, by the rules alone: from how long each instance had which size.

An hour is what its instances did: each a list of (AKU, seconds), which need not fill the hour. A plain number of
AKU-seconds is an hour of a file that says no more: as many seconds and as small a peak as whole AKU allow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

HOUR = 3600
Instance = list[tuple[int, int]]
Used = int | list[Instance]
#: By hour of a subscription.
Usage = Mapping[datetime, Used]


class Known(NamedTuple):
    """What metering knows of one instance in an hour."""

    aku_seconds: int
    peak_aku: int
    used_seconds: int


def known_of(used: Used) -> list[Known]:
    """By instance."""
    if isinstance(used, int):
        return [Known(used, math.ceil(Fraction(used, HOUR)), min(used, HOUR))]
    return [
        Known(
            sum(aku * seconds for aku, seconds in instance),
            max((aku for aku, seconds in instance if seconds), default=0),
            sum(seconds for aku, seconds in instance if aku),
        )
        for instance in used
    ]


def metered(used: Used) -> int:
    """AKU-seconds of all instances."""
    return sum(each.aku_seconds for each in known_of(used))


def charged(used: Used, measure: str) -> int:
    """AKU-seconds that a measure makes of the hour."""
    if measure == "time_weighted":
        return metered(used)
    if measure == "peak":
        return sum(HOUR * each.peak_aku for each in known_of(used))
    assert measure == "started_hour"
    means = (Fraction(each.aku_seconds, each.used_seconds) for each in known_of(used) if each.used_seconds)
    return sum(math.floor(mean * HOUR) for mean in means)
