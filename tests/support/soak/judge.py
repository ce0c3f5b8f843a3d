"""Compares metered hours with the sandbox's own second-by-second truth.

Three claims make one: every reading says what was so; our hours are the rules of metering, as the oracle has them,
applied to the readings second by second; and in an interval with at most one change that is the truth. What polling
cannot know is counted apart by its kind. Seconds are whole seconds since 1970; no code is shared with the SQL.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from tests.support.metering.oracle import HOUR, Seen, explain

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Mapping

#: A poll shows the last second that had ended when it was sent; what vanishes while it is under way is not in it.
_POLL_SECONDS = 30
#: Why an interval may differ from the truth.
KINDS = ("several changes", "whole life", "tail", "before first poll", "silence")


class Moment(NamedTuple):
    """What an instance is from `at` on; billed at `aku`, which is 0 in states that are not billed."""

    at: int
    state: str
    aku: int


class Sight(NamedTuple):
    """What a reading says: state, size as billed, created, modified."""

    state: str
    aku: int
    created: int
    modified: int


@dataclass(frozen=True, slots=True)
class Lives:
    """One environment: its truth, and what was read and metered of it.

    Attributes:
        moments: by instance, in order; the last one may be Deleted.
        polls: answered polls in order: the instant, and the sights by instance.
        start: when metering started.
        end: up to where it is judged.
    """

    environment_id: str
    moments: Mapping[str, list[Moment]]
    polls: list[tuple[int, dict[str, Sight]]]
    start: int
    end: int = sys.maxsize


@dataclass(slots=True)
class SoakReport:
    """What was found.

    Attributes:
        intervals: of instances, between two answered polls.
        exact_intervals: of these, with at most one change; they have to be the truth.
        truth: AKU-seconds that were used until the last answered poll of each environment.
        metered: AKU-seconds in our hours.
        unknowable: AKU-seconds in which we differ from the truth, second by second, by kind.
        longest: the most seconds of one interval in which we do, by kind.
        silences: intervals longer than the tolerance.
        problems: what must not be, as sentences.
    """

    intervals: int = 0
    exact_intervals: int = 0
    truth: int = 0
    metered: int = 0
    unknowable: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    longest: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    silences: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """What polling could not know, as a share of what was used."""
        return sum(self.unknowable.values()) / self.truth if self.truth else 0.0

    def sentences(self, polls: Counter[str]) -> Iterator[str]:
        """The report in lines; polls are the answered ones, and the failed ones by cause."""
        failed = {cause: count for cause, count in polls.most_common() if cause != "answered"}
        yield f"{polls['answered']} polls answered, {sum(failed.values())} failed: {failed}."
        yield f"{self.intervals} intervals of instances, {self.exact_intervals} with at most one change."
        yield f"{self.truth} AKU-seconds were used until the last answers; {self.metered} are metered."
        yield f"{self.silences} silences longer than the tolerance."
        yield f"What polling cannot know: {self.share:.3%} of what was used, in AKU-seconds:"
        for kind, aku_seconds in self.unknowable.items():
            share = aku_seconds / self.truth if self.truth else 0
            yield f"  {kind}: {aku_seconds} ({share:.3%}), at most {self.longest[kind]} s of one interval"


def judge(
    environments: Iterable[Lives],
    usage: Mapping[tuple[str, int], int],
    silences: Iterable[tuple[str, int, int]],
    tolerance: int,
) -> SoakReport:
    """Judge all environments.

    Args:
        environments: their truth and their readings.
        usage: AKU-seconds that we metered, by instance and start of the hour; 0 is left out.
        silences: gaps of whole environments: id, start, end.
        tolerance: the longest interval, in seconds, that needs no gap.
    """
    found, ruled = SoakReport(metered=sum(usage.values())), defaultdict[tuple[str, int], int](int)
    gaps = defaultdict[str, list[tuple[int, int]]](list)
    for environment_id, start, end in silences:
        gaps[environment_id].append((start, end))
    for lives in environments:
        _judge_readings(lives, found)
        _judge_silences(lives, gaps[lives.environment_id], tolerance, found)
        for (instance, second), aku in _judge_intervals(lives, tolerance, found):
            ruled[instance, second // HOUR * HOUR] += aku
    for key in sorted({*usage, *(key for key, aku_seconds in ruled.items() if aku_seconds)}):
        if usage.get(key, 0) != ruled[key]:
            found.problems.append(
                f"Instance {key[0]}, hour {key[1]}: metered {usage.get(key, 0)} AKU-seconds, by the rules {ruled[key]}."
            )
    return found


def _at(moments: list[Moment], second: int) -> Moment | None:
    index = bisect_right(moments, second, key=lambda moment: moment.at) - 1
    return moments[index] if index >= 0 and moments[index].state != "Deleted" else None


def _judge_readings(lives: Lives, found: SoakReport) -> None:
    """Every reading is what was so at that instant, and who was there for a while is read."""
    for at, sights in lives.polls:
        for instance, sight in sights.items():
            moments = lives.moments[instance]
            real = _at(moments, at)
            if real is None or sight != Sight(real.state, real.aku, moments[0].at, real.at):
                found.problems.append(f"Instance {instance} was read as {sight} at {at}, and was {real}.")
        for instance, moments in lives.moments.items():
            if instance not in sights and _at(moments, at) and _at(moments, at + _POLL_SECONDS):
                found.problems.append(f"Instance {instance} was there at {at}, and was not read.")


def _judge_silences(lives: Lives, gaps: list[tuple[int, int]], tolerance: int, found: SoakReport) -> None:
    for start, end in pairwise([lives.start, *(at for at, _ in lives.polls)]):
        if end - start > tolerance:
            found.silences += 1
            if not any(
                gap_start <= max(start, lives.start) and gap_end >= min(end, lives.end) for gap_start, gap_end in gaps
            ):
                found.problems.append(f"{lives.environment_id} was silent from {start} to {end}, under no gap.")


def _judge_intervals(lives: Lives, tolerance: int, found: SoakReport) -> Iterator[tuple[tuple[str, int], int]]:
    """Compare each interval of each instance with the truth; yields what the rules say of every billed second."""
    polls: list[tuple[int, dict[str, Sight] | None]] = [(lives.start, None), *lives.polls]
    for (start, before), (end, after) in pairwise(polls):
        for instance, moments in lives.moments.items():
            sights = None if before is None else before.get(instance), (after or {}).get(instance)
            # The first poll may stand for a second before metering started.
            metered = range(max(start, lives.start), min(end, lives.end))
            answered = None if before is None else _seen(start, sights[0])
            rules = [explain(each, answered, _seen(end, sights[1]), lives.start, tolerance).size for each in metered]
            truth = list(_truth(moments, metered))
            found.truth += sum(truth)
            kind = _kind(moments, (start, end), sights, tolerance, is_first=before is None)
            differences = [abs(ours - real) for ours, real in zip(rules, truth, strict=True) if ours != real]
            difference = sum(differences)
            found.intervals += 1
            found.exact_intervals += kind is None
            if kind is None and difference:
                found.problems.append(f"Instance {instance} from {start} to {end}: {difference} AKU-seconds differ.")
            elif kind is not None:
                found.unknowable[kind] += difference
                found.longest[kind] = max(found.longest[kind], len(differences))
            yield from (((instance, second), aku) for second, aku in zip(metered, rules, strict=True) if aku)


def _seen(at: int, sight: Sight | None) -> Seen:
    """An answer as the oracle takes it."""
    return Seen(at, is_listed=True, size=sight.aku, times=(sight.created, sight.modified)) if sight else Seen(at)


def _truth(moments: list[Moment], seconds: range) -> Iterator[int]:
    """The size that was billed in each second."""
    index = bisect_right(moments, seconds.start, key=lambda moment: moment.at) - 1
    for second in seconds:
        while index + 1 < len(moments) and moments[index + 1].at <= second:
            index += 1
        yield moments[index].aku if index >= 0 else 0


def _kind(
    moments: list[Moment],
    interval: tuple[int, int],
    sights: tuple[Sight | None, Sight | None],
    tolerance: int,
    *,
    is_first: bool,
) -> str | None:
    """Why the interval may differ from the truth; None when it must not: at most one change, and the last one."""
    start, end = interval
    changes = [moment for moment in moments if start < moment.at <= end]
    sizes = list(_sizes(moments, start, changes))
    steps = sum(earlier != later for earlier, later in pairwise(sizes))
    before, after = sights
    if after is None:
        return None if not any(sizes) else "tail" if before or is_first else "whole life"
    is_last = steps == 1 and sizes[-1] != sizes[-2]
    if steps == 0 and (before or not any(sizes) or not is_first or not changes):
        return None
    if is_first:
        return None if is_last and sizes[0] == 0 else "before first poll"
    if is_last and (end - start <= tolerance or before is None):
        return None
    return "silence" if end - start > tolerance else "several changes"


def _sizes(moments: list[Moment], start: int, changes: list[Moment]) -> Iterator[int]:
    first = _at(moments, start)
    yield first.aku if first else 0
    yield from (moment.aku for moment in changes)
