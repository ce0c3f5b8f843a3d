"""Replay protection: a nonce is good once within the time that a request's own date is good for."""

from __future__ import annotations

from collections import deque

MAX_SKEW_SECONDS = 15 * 60


class Nonces:
    """Nonces seen in the last half hour; older ones cannot return, because their date is refused."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._order: deque[tuple[float, str]] = deque()

    def use(self, nonce: str, now: float) -> bool:
        """Take a nonce; False if it was used before."""
        while self._order and self._order[0][0] < now - 2 * MAX_SKEW_SECONDS:
            self._seen.discard(self._order.popleft()[1])
        if nonce in self._seen:
            return False
        self._seen.add(nonce)
        self._order.append((now, nonce))
        return True
