"""A circuit breaker for consoles that fail in every run: they are asked less often, and once, until one answers.

One dead console costs little time; hundreds of them, each with its tries and its time-outs, would. The state is kept
in metering.failing_consoles and is counted by the transaction that enters the polls.
A probe that answers is a poll like any other, and nothing is hidden: the silence is a gap, whether a console is asked
often or not, and its cause is what the last probe found.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple


class Failures(NamedTuple):
    """What is known of a console that fails: how often in a row, and when it failed last."""

    runs: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Breaker:
    """When a console is spared.

    Attributes:
        opens_after: failed runs in a row; fewer change nothing.
        first_pause: how long a console is then left alone; doubled by each failed probe.
        longest_pause: the longest that it ever is, so that one that comes back is metered again soon.
        probe_seconds: for the one try that a probe has.
    """

    opens_after: int = 6
    first_pause: timedelta = timedelta(minutes=9)
    longest_pause: timedelta = timedelta(minutes=29)
    probe_seconds: float = 5

    def is_open(self, failures: Failures | None) -> bool:
        """Whether the console is asked less often, by probes only."""
        return failures is not None and failures.runs >= self.opens_after

    def pause(self, failures: Failures) -> timedelta:
        """How long after its last failure a console is left alone."""
        if not self.is_open(failures):
            return timedelta(0)
        # Bounded before it is computed: a console may have failed ten thousand times.
        doublings = min(failures.runs - self.opens_after, 16)
        return min(self.first_pause * (1 << doublings), self.longest_pause)

    def spares(self, failures: Failures | None, at: datetime) -> bool:
        """Whether the console is left alone at that instant."""
        return failures is not None and at < failures.last_at + self.pause(failures)
