"""The rules of metering once more, on their own: plain Python, one second at a time, no SQL and no shared code.

Times are whole seconds from any origin that is a multiple of an hour. A poll is (second, listing): a listing is a dict
of instance to (size billed, created, modified), or to None where the reading was rejected; or None for a poll that
failed. The end of a subscription is the first second that does not count any more.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise
from typing import NamedTuple

HOUR = 3600
Sight = tuple[int, int, int]
Listing = dict[str, Sight | None]


class Seen(NamedTuple):
    """What one answer says of one instance.

    Attributes:
        at: the second of the answer.
        is_listed: whether it lists the instance.
        size: what it says, or what was last known where the reading was rejected.
        times: when the instance was created and modified; None where the reading was rejected.
    """

    at: int
    is_listed: bool = False
    size: int = 0
    times: tuple[int, int] | None = None

    @property
    def is_rejected(self) -> bool:
        return self.is_listed and self.times is None


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
    peak: int
    used_seconds: int

    @property
    def whole_hour(self) -> int:
        """AKU-seconds at the mean size of the seconds with any, for the whole hour, cut down."""
        return self.aku_seconds * HOUR // self.used_seconds if self.used_seconds else 0


NOTHING = Second(0, "measured")


def explain(  # noqa: C901, PLR0911, PLR0917 (one row of the table each)
    second: int, before: Seen | None, after: Seen, start: int, tolerance: int, ended: int | None = None
) -> Second:
    """One second of one instance, between the answers `before` (None: there is none) and `after`."""
    if not after.is_listed:
        return NOTHING
    if after.times is None:
        return Second(before.size if before else 0, "estimated", gap=True)
    p1, b1, (created, modified) = after.at, after.size, after.times
    if before is None:
        if second >= max(created, modified, start):
            return Second(b1, "inferred")
        return Second(0, "unknown", gap=True) if second >= max(created, start) and created < modified else NOTHING
    p0, b0 = before.at, before.size
    if not before.is_listed:
        return Second(b1, "measured") if second >= max(created, modified, p0) else NOTHING
    is_long = (p1 if ended is None else min(p1, ended)) - p0 > tolerance
    if before.is_rejected and modified <= p0:
        return Second(b1, "inferred" if is_long else "measured")
    is_silent = is_long or before.is_rejected
    if b0 == b1:
        if not is_silent:
            return Second(b0, "measured")
        return Second(b0, "inferred") if modified <= p0 else Second(b0, "estimated", gap=True)
    if not p0 < modified <= p1:
        return Second(min(b0, b1), "estimated", gap=True)
    if not is_silent:
        return Second(b0 if second < modified else b1, "measured")
    return Second(min(b0, b1), "estimated", gap=True) if second < modified else Second(b1, "inferred")


def explain_tail(before: Seen | None, ended: int | None, tolerance: int, *, carries: bool) -> Second:
    """One second after the last answer."""
    if carries and before and before.size:
        if ended is not None and ended - before.at <= tolerance and not before.is_rejected:
            return Second(before.size, "measured")
        return Second(before.size, "estimated", gap=True)
    return NOTHING


def follow(answers: list[tuple[int, Listing]], name: str) -> list[Seen]:
    """What each answer says of an instance."""
    seen: list[Seen] = []
    for at, listing in answers:
        sight = listing.get(name)
        if sight is not None:
            seen.append(Seen(at, is_listed=True, size=sight[0], times=sight[1:]))
        elif name in listing:
            seen.append(Seen(at, is_listed=True, size=seen[-1].size if seen else 0))
        else:
            seen.append(Seen(at))
    return seen


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
    for name in names:
        for before, after in pairwise([None, *follow(answers, name), None]):
            first = max(start, before.at) if before else start
            last = min(end, after.at) if after else end
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
    peak = max(second.size for second in seconds)
    used = sum(count for second, count in seconds.items() if second.size)
    return Usage(of.total(), of["inferred"], of["estimated"], gaps, peak, used)
