"""Lifecycles: which states a thing can be in, and which steps lead from one to another.

The tables' check constraints are made from these states, triggers and statements are tested against these steps, and
docs/reference/lifecycles.md draws them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The states of one kind of thing.

    Attributes:
        name: what it is, in lower case.
        steps: from each state to the states that may follow it; the first state is where it begins.
        meaning: what each state means, in a clause.
    """

    name: str
    steps: dict[str, tuple[str, ...]]
    meaning: dict[str, str]

    @property
    def states(self) -> tuple[str, ...]:
        """All states, the first one first."""
        return tuple(self.steps)

    @property
    def begins(self) -> str:
        """The state of a new one."""
        return self.states[0]

    @property
    def transitions(self) -> set[tuple[str, str]]:
        """Every allowed step, as (from, to)."""
        return {(start, end) for start, ends in self.steps.items() for end in ends}

    def constraint(self, column: str = "state") -> str:
        """The condition of a check constraint on the column."""
        return f"{column} IN {self.states}"


SUBSCRIPTION = Lifecycle(
    "subscription",
    {
        "requested": ("ordered", "failed"),
        "ordered": ("deployed", "failed"),
        "deployed": ("active", "failed"),
        "active": ("released",),
        "failed": ("requested",),
        "released": (),
    },
    {
        "requested": "somebody asked for it; nothing is ordered yet",
        "ordered": "the Marketplace has the order, and the cloud deploys the console",
        "deployed": "the console's service instance exists",
        "active": "its usage is metered and billed",
        "failed": "this attempt to onboard failed and is cleaned up; the next one starts over",
        "released": "it has ended; its last hours are still billed",
    },
)
#: An attempt to onboard can go on in these states.
ONBOARDING_STATES = ("requested", "ordered", "deployed", "active")

ENVIRONMENT = Lifecycle(
    "environment",
    {
        "registered": ("verified", "released"),
        "verified": ("metered", "released"),
        "metered": ("released",),
        "released": (),
    },
    {
        "registered": "its address and credential are stored",
        "verified": "its console has answered",
        "metered": "its console is polled",
        "released": "its subscription has ended; what is stored stays",
    },
)

HOUR = Lifecycle(
    "hour of an environment",
    {
        "open": ("closed", "provisional", "stale"),
        "provisional": ("closed", "stale"),
        "closed": ("stale",),
        "stale": ("closed", "provisional", "open"),
    },
    {
        "open": "an answer may still come that completes it",
        "provisional": "no answer came in time; usage is estimated",
        "closed": "all that can be known of it is known",
        "stale": "something was learned since that changes it; the next run closes it again",
    },
)

GAP = Lifecycle(
    "gap",
    {"open": ("resolved", "waived"), "resolved": ("open",), "waived": ("open",)},
    {
        "open": "time for which usage is not known; it holds the bill",
        "resolved": "better data came",
        "waived": "a person accepts the estimate; open again if the gap grows",
    },
)

BILL = Lifecycle(
    "bill",
    {
        "draft": ("held", "issued", "void"),
        "held": ("issued", "void"),
        "issued": ("reconciled",),
        "reconciled": (),
        "void": ("draft",),
    },
    {
        "draft": "made from what is known; made again by each close",
        "held": "an audit found something; it waits for a person",
        "issued": "final; only corrections change what the buyer owes",
        "reconciled": "the Marketplace's final bill agrees with it",
        "void": "a person decided that the month has no bill",
    },
)
#: A bill or note in these states is final, and counts.
FINAL_BILL_STATES = ("issued", "reconciled")

CORRECTION = Lifecycle(
    "correction",
    {"pending": ("applied", "withdrawn"), "applied": (), "withdrawn": ()},
    {
        "pending": "it waits for the next bill, or for a note",
        "applied": "an issued document has its lines",
        "withdrawn": "it was taken back before any document had it",
    },
)

LIFECYCLES = (SUBSCRIPTION, ENVIRONMENT, HOUR, GAP, BILL, CORRECTION)
