"""Compares every subscription with what the Marketplace says of it, so that an event that never came is found.

A finding is open until a later comparison agrees, and is stored once, however often the same is compared. A
subscription that the Marketplace does not answer for keeps its finding. One whose events still wait in the inbox is
left for the next comparison.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.errors import AkubillError, FatalError
from include.domain.words.marketplace import COMPARED, COMPARED_OWNER
from include.marketplace.comparison.judge import Ours, judge
from include.warehouse.engine import locked, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy import Engine

    from include.marketplace.comparison.judge import Found, Theirs


#: A released subscription is compared for so long: it may run there still.
_RELEASED_FOR = timedelta(days=31)
#: What is over is news for so long.
_NEWS = timedelta(days=7)


class ComparisonError(FatalError):
    """Everything that the Marketplace answered for was compared; the rest needs a person."""


class Compared(NamedTuple):
    """What a comparison gave.

    Attributes:
        compared: subscriptions that the Marketplace answered for.
        opened: findings that are new.
        resolved: findings that are no longer so.
        failures: per order id, why the Marketplace could not be asked.
    """

    compared: int
    opened: int
    resolved: int
    failures: dict[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """A disagreement with the Marketplace; `resolved_at` is None while it is open."""

    finding_key: int
    order_id: str
    kind: str
    facts: dict[str, Any]
    opened_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None

    @property
    def owner(self) -> str:
        """Who clears it."""
        return COMPARED_OWNER

    @property
    def sentence(self) -> str:
        """What disagrees, and what to do."""
        return COMPARED[self.kind].say(self.facts)

    def age(self, at: datetime) -> timedelta:
        """How long it has been open, or was."""
        return (self.resolved_at or at) - self.opened_at


def compare_subscriptions(warehouse: Engine, at: datetime, ask: Callable[[str, str | None], Theirs]) -> Compared:
    """Ask the Marketplace for every subscription, and open, prolong or resolve findings.

    Args:
        warehouse: holds subscriptions and findings.
        at: the instant of the run, in UTC.
        ask: asks the Marketplace for an order and an instance.
    """
    with warehouse.connect() as connection:
        since = {"released_since": at - _RELEASED_FOR}
        rows = connection.execute(statement("marketplace/comparison/list_subscriptions"), since).all()
    found: dict[str, Found | None] = {}
    failures: dict[str, str] = {}
    for row in rows:
        ours = Ours(*row)
        try:
            found[ours.order_id] = judge(ours, ask(ours.order_id, ours.marketplace_instance_id))
        except AkubillError as error:
            failures[ours.order_id] = str(error)
    opened, resolved = _store(warehouse, at, found)
    return Compared(len(found), opened, resolved, failures)


def list_findings(warehouse: Engine, at: datetime | None = None) -> list[Finding]:
    """The open findings, the oldest first; with an instant, those resolved in the seven days before it, too."""
    facts = {"resolved_since": at - _NEWS if at else None}
    with warehouse.connect() as connection:
        rows = connection.execute(statement("marketplace/comparison/list_findings"), facts).mappings()
        return [Finding(**row) for row in rows]


def require_answers(failures: Mapping[str, str]) -> None:
    """Name the subscriptions that could not be compared.

    Raises:
        ComparisonError: when there are any.
    """
    if failures:
        said = " ".join(f"Order {order_id} could not be compared: {why}" for order_id, why in failures.items())
        raise ComparisonError(said)


def _store(warehouse: Engine, at: datetime, found: Mapping[str, Found | None]) -> tuple[int, int]:
    asked = {"at": at, "order_ids": list(found)}
    rows = [
        {"at": at, "order_id": order_id, "kind": one.kind, "facts": json.dumps(one.facts)}
        for order_id, one in found.items()
        if one is not None
    ]
    opened = 0
    with warehouse.begin() as connection, locked(connection, "marketplace", "comparison"):
        current = {"current": json.dumps([[row["order_id"], row["kind"]] for row in rows])}
        resolved = connection.execute(statement("marketplace/comparison/resolve_findings"), asked | current).rowcount
        for row in rows:
            opened += connection.execute(statement("marketplace/comparison/open_finding"), row).scalar_one()
    return opened, resolved
