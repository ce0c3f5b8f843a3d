"""What the Marketplace's final bill does not confirm, as work for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.domain.words.reconciliation import FINDING_OWNERS, say_finding

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from include.domain.money import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A difference that the final bill leaves; see the table reconciliation.findings.

    Attributes:
        charged_id: the subscription, or the marketplace instance that no subscription has.
        environment_name: of the subscription; None without one.
        difference: the Marketplace's amount minus ours.
        closed_at: None while it is open.
    """

    finding_key: int
    period: str
    account_id: str
    charged_id: str
    environment_name: str | None
    kind: str
    difference: Decimal
    currency: str
    facts: dict[str, Any]
    opened_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None
    closed_as: str | None
    closed_by: str | None
    reason: str | None

    @property
    def owner(self) -> str:
        """Who clears it."""
        return FINDING_OWNERS[self.kind]

    @property
    def sentence(self) -> str:
        """What it is, and what to do."""
        return say_finding(self.kind, self.facts)

    def age(self, at: datetime) -> timedelta:
        """How long it has been open, or was."""
        return (self.closed_at or at) - self.opened_at

    def say(self, at: datetime) -> str:
        """Where it is, what it is, whose it is, and since when."""
        where = f"{self.environment_name} ({self.charged_id})" if self.environment_name else f"buyer {self.account_id}"
        days = self.age(at).days
        age = "new" if days < 1 else f"{days} day{'' if days == 1 else 's'} old"
        return f"{self.period}, {where}: {self.sentence} (Finding {self.finding_key}, owner {self.owner}, {age}.)"
