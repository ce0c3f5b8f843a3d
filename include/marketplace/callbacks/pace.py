"""How many calls one caller may make: a bucket of tokens that fills again at a steady rate."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Callers that are remembered; the one that was quiet for the longest time is forgotten first.
MOST_CALLERS = 10_000


class Pace:
    """A limit for each caller.

    Args:
        per_second: calls a second that are always allowed.
        burst: calls that are allowed at once after a quiet time.
        clock: seconds that go forward steadily.
    """

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float]) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, caller: str) -> bool:
        """Whether the caller may make one more call now, which is counted."""
        now = self._clock()
        left, since = self._left.pop(caller, (float(self._burst), now))
        left = min(self._burst, left + (now - since) * self._per_second)
        allowed = left >= 1
        self._left[caller] = (left - 1 if allowed else left, now)
        if len(self._left) > MOST_CALLERS:
            self._left.popitem(last=False)
        return allowed
