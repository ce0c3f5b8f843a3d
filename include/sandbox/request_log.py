"""What the sandbox was asked: how many requests were rightly signed, and each that was not."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from include.sandbox.errors import Refusal
from include.sandbox.signatures.request import Request

_REFUSALS_KEPT = 1000


@dataclass(slots=True)
class RequestLog:
    """Counts since the start or the last reset; not kept over a restart."""

    verified: int = 0
    refused: int = 0
    by_action: Counter[str] = field(default_factory=Counter)
    by_fault: Counter[str] = field(default_factory=Counter)
    by_error: Counter[str] = field(default_factory=Counter)
    refusals: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_REFUSALS_KEPT))

    def accept(self, action: str) -> None:
        """Count a rightly signed request."""
        self.verified += 1
        self.by_action[action] += 1

    def refuse(self, at: float, request: Request, action: str, refusal: Refusal) -> None:
        """Count an unsigned or wrongly signed request."""
        self.refused += 1
        self.refusals.append(
            {
                "at": at,
                "method": request.method,
                "path": request.path,
                "action": action,
                "code": refusal.code,
                "message": refusal.message,
            }
        )

    def report(self) -> dict[str, Any]:
        """All of it, for GET /admin/requests."""
        return {
            "verified": self.verified,
            "refused": self.refused,
            "refusals": list(self.refusals),
            "by_action": dict(self.by_action),
            "by_error": dict(self.by_error),
            "by_fault": dict(self.by_fault),
        }
