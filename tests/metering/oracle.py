"""The rules of metering once more, on their own: plain Python, one second at a time, no SQL and no shared code.

Times are whole seconds from any origin that is a multiple of an hour. A poll is (second, listing): a listing is a dict
of instance to (size billed, created, modified), or None for a poll that failed.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

HOUR = 3600
Sight = tuple[int, int, int]
Listing = dict[str, Sight]


class Second(NamedTuple):
    """What one second of one instance is: its size, how that is known, and whether it lies under a gap."""

    size: int
    known: str
    gap: bool = False


class Usage(NamedTuple):
    """One instance-hour."""

    aku_seconds: int
    proved: int
    assumed: int
    gap_seconds: int


NOTHING = Second(0, "measured")


def explain(  # noqa: PLR0911 (one row of the table each)
    second: int, before: tuple[int, Sight | None] | None, after: tuple[int, Sight | None], start: int, tolerance: int
) -> Second:
    """One second of one instance, between the answers `before` (None: there is none) and `after`."""
    p1, sight1 = after
    if sight1 is None:
        return NOTHING
    b1, created, modified = sight1
    if before is None:
        if second >= max(created, modified, start):
            return Second(b1, "proved")
        return Second(0, "unknown", gap=True) if second >= max(created, start) and created < modified else NOTHING
    p0, sight0 = before
    if sight0 is None:
        return Second(b1, "measured") if second >= max(created, modified, p0) else NOTHING
    b0, is_long = sight0[0], p1 - p0 > tolerance
    if b0 == b1:
        if not is_long:
            return Second(b0, "measured")
        return Second(b0, "proved") if modified <= p0 else Second(b0, "assumed", gap=True)
    if not p0 < modified <= p1:
        return Second(min(b0, b1), "assumed", gap=True)
    if not is_long:
        return Second(b0 if second < modified else b1, "measured")
    return Second(min(b0, b1), "assumed", gap=True) if second < modified else Second(b1, "proved")


def meter(
    polls: list[tuple[int, Listing | None]], start: int, end: int, tolerance: int, *, carries: bool
) -> dict[tuple[str, int], Usage]:
    """Usage by (instance, hour) of all seconds in [start, end); hours in which there is nothing to say are left out."""
    answers = sorted((at, listing) for at, listing in polls if listing is not None)
    names = {name for _, listing in answers for name in listing}
    seconds: dict[tuple[str, int], list[Second]] = defaultdict(list)
    for second in range(start, end):
        earlier = [answer for answer in answers if answer[0] <= second][-1:]
        later = [answer for answer in answers if answer[0] > second][:1]
        for name in names:
            before = (earlier[0][0], earlier[0][1].get(name)) if earlier else None
            if later:
                what = explain(second, before, (later[0][0], later[0][1].get(name)), start, tolerance)
            elif carries and before and before[1] and before[1][0]:
                what = Second(before[1][0], "assumed", gap=True)
            else:
                what = NOTHING
            seconds[name, second // HOUR].append(what)
    summed = {key: _sum(found) for key, found in seconds.items()}
    return {key: usage for key, usage in summed.items() if usage.aku_seconds or usage.gap_seconds}


def _sum(seconds: list[Second]) -> Usage:
    of = defaultdict(int)
    for second in seconds:
        of[second.known] += second.size
    return Usage(sum(of.values()), of["proved"], of["assumed"], sum(second.gap for second in seconds))
