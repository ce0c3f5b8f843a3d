"""Where metered AKU-seconds can have gone: columns of the view marketplace.agreement, which add up to `metered`."""

from __future__ import annotations

PARTS = ("licensed", "free", "accepted", "expected", "unknown", "missed", "refused", "waiting", "carried", "difference")
