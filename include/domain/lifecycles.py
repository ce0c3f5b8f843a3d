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

MARKETPLACE_INSTANCE = Lifecycle(
    "marketplace instance",
    {"active": ("frozen", "released"), "frozen": ("active", "released"), "released": ()},
    {
        "active": "it is paid for; the time of deployment counts too",
        "frozen": "it has expired; a renewal or a resumption makes it active again",
        "released": "it has ended at the Marketplace, for good",
    },
)

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

EVENT = Lifecycle(
    "event of the Marketplace",
    {"received": ("applied", "repeated", "parked"), "applied": (), "repeated": (), "parked": ("received",)},
    {
        "received": "it is stored and answered; it is applied after the earlier ones of its subscription",
        "applied": "its effect is stored with the subscription",
        "repeated": "it says what is so already; nothing changed",
        "parked": "it cannot be applied, and its reason says why; a person can have it tried again",
    },
)

PUSH_RECORD = Lifecycle(
    "record of a metering push",
    {
        "pending": ("sending", "missed", "not_sent", "expected", "carried"),
        "sending": ("accepted", "refused", "duplicate_same", "duplicate_different", "unknown", "pending", "not_sent"),
        "accepted": (),
        "refused": (),
        "duplicate_same": (),
        "duplicate_different": ("missed",),
        "unknown": ("accepted", "refused", "duplicate_same", "duplicate_different", "pending", "missed"),
        "missed": (),
        "not_sent": ("sending", "missed"),
        "expected": (),
        "carried": (),
    },
    {
        "pending": "it waits for its request",
        "sending": "a request with it is under way; a run that ended before the answer leaves it so until the next run",
        "accepted": "the marketplace took it",
        "refused": "the marketplace said no to it alone; it is not charged",
        "duplicate_same": "the marketplace had it already",
        "duplicate_different": "the marketplace has another quantity for it; a person writes the difference off",
        "unknown": "it is not known whether the marketplace took it; it is not sent again until that is known",
        "missed": "its cut-off passed, or a person wrote it off; it is not charged",
        "not_sent": "it was to be sent, and nothing left: access is missing or refused, or it was a dry run",
        "expected": "the marketplace measures it itself; nothing is sent",
        "carried": "it is less than one unit of the marketplace; the next hour's record has it",
    },
)

LIFECYCLES = (SUBSCRIPTION, MARKETPLACE_INSTANCE, ENVIRONMENT, HOUR, GAP, BILL, CORRECTION, EVENT, PUSH_RECORD)
