"""The rules of metering once more, on their own: plain Python, one second at a time, no SQL and no shared code.

Times are whole seconds from any origin that is a multiple of an hour. A poll is (second, listing): a listing is a dict
of instance to (size billed, created, modified), or None for a poll that failed. The end of a subscription is the first
second that does not count any more.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise
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
    inferred: int
    estimated: int
    gap_seconds: int


NOTHING = Second(0, "measured")


def explain(  # noqa: PLR0911, PLR0917 (one row of the table each)
    second: int,
    before: tuple[int, Sight | None] | None,
    after: tuple[int, Sight | None],
    start: int,
    tolerance: int,
    ended: int | None = None,
) -> Second:
    """One second of one instance, between the answers `before` (None: there is none) and `after`."""
    p1, sight1 = after
    if sight1 is None:
        return NOTHING
    b1, created, modified = sight1
    if before is None:
        if second >= max(created, modified, start):
            return Second(b1, "inferred")
        return Second(0, "unknown", gap=True) if second >= max(created, start) and created < modified else NOTHING
    p0, sight0 = before
    if sight0 is None:
        return Second(b1, "measured") if second >= max(created, modified, p0) else NOTHING
    b0, is_long = sight0[0], (p1 if ended is None else min(p1, ended)) - p0 > tolerance
    if b0 == b1:
        if not is_long:
            return Second(b0, "measured")
        return Second(b0, "inferred") if modified <= p0 else Second(b0, "estimated", gap=True)
    if not p0 < modified <= p1:
        return Second(min(b0, b1), "estimated", gap=True)
    if not is_long:
        return Second(b0 if second < modified else b1, "measured")
    return Second(min(b0, b1), "estimated", gap=True) if second < modified else Second(b1, "inferred")


def explain_tail(
    before: tuple[int, Sight | None] | None, ended: int | None, tolerance: int, *, carries: bool
) -> Second:
    """One second after the last answer."""
    if carries and before and before[1] and before[1][0]:
        if ended is not None and ended - before[0] <= tolerance:
            return Second(before[1][0], "measured")
        return Second(before[1][0], "estimated", gap=True)
    return NOTHING


def meter(
    polls: list[tuple[int, Listing | None]],
    start: int,
    end: int,
    tolerance: int,
    *,
    carries: bool,
    ended: int | None = None,
) -> dict[tuple[str, int], Usage]:
    """Usage by (instance, hour) of all seconds in [start, end) and before `ended`; hours without any are left out."""
    end = end if ended is None else min(end, ended)
    answers = sorted((at, listing) for at, listing in polls if listing is not None)
    names = {name for _, listing in answers for name in listing}
    found: dict[tuple[str, int], Counter[Second]] = {}
    for earlier, later in pairwise([None, *answers, None]):
        first = max(start, earlier[0]) if earlier else start
        last = min(end, later[0]) if later else end
        for name in names:
            before = (earlier[0], earlier[1].get(name)) if earlier else None
            after = (later[0], later[1].get(name)) if later else None
            for hour, seconds in groupby(range(first, last), lambda second: second // HOUR):
                explained = (
                    explain(second, before, after, start, tolerance, ended)
                    if after
                    else explain_tail(before, ended, tolerance, carries=carries)
                    for second in seconds
                )
                found.setdefault((name, hour), Counter()).update(explained)
    summed = {key: _sum(seconds) for key, seconds in found.items()}
    return {key: usage for key, usage in summed.items() if usage.aku_seconds or usage.gap_seconds}


def _sum(seconds: Counter[Second]) -> Usage:
    of: Counter[str] = Counter()
    for second, count in seconds.items():
        of[second.known] += second.size * count
    gaps = sum(count for second, count in seconds.items() if second.gap)
    return Usage(of.total(), of["inferred"], of["estimated"], gaps)
