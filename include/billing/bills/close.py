"""Closes a billing period: renew licences, draft, audit, then hold or issue each bill, block by block.

A block of subscriptions is one transaction on one snapshot: no one sees half of a bill, a kill leaves nothing of its
block, and usage that changes meanwhile does not reach a bill's sums, its audits and its fingerprint at different times.
Blocks are divided among a fixed number of shards, which are closed side by side; writers of usage only wait for the
blocks at work. Closing again is safe, and goes on where a run ended: issued and void bills stay, the others are made
again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include.billing.bills.audits import audit_drafts
from include.billing.bills.blocks import block_alone, list_billable, list_blocks
from include.billing.bills.completeness import list_incomplete
from include.billing.bills.drafts import draft_bills, renew_licences
from include.billing.corrections.issue import finish_corrections
from include.billing.rating.rate import window_of
from include.domain.errors import ConfigurationError, ConflictError
from include.domain.sharding import SHARDS
from include.domain.words.billing import Finding
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from include.domain.periods import BillingPeriod

#: Recorded as the one who closed, unless the caller names another.
AKUBILL = "akubill"


class PeriodNotEndedError(ConflictError):
    """The period lies, at least in part, in the future."""


class PeriodIssuedError(ConflictError):
    """Every bill of the period is issued: there is nothing left to do."""


class EmptyPeriodError(ConflictError):
    """No subscription lived in the period, and none has usage in it."""


class HeldBill(NamedTuple):
    """Why a bill is held: the claim that does not hold, and a sentence on it."""

    bill_id: str
    finding: str
    sentence: str


class ClosedShard(NamedTuple):
    """What closing a shard did: bills drafted this time, and subscriptions that have no price, each with a sentence."""

    drafted_count: int
    unpriced: dict[str, str]


class ClosedPeriod(NamedTuple):
    """What closing did: bills drafted this time, and the period's bills held and issued in all.

    Attributes:
        missing: subscriptions that lived in the period and have no bill; each is a mistake that somebody must look at.
        unpriced: of these, the ones whose usage could not be priced this time, each with a sentence on why.
        incomplete: a sentence on everything else in closed periods that is not on exactly one bill.
    """

    period: str
    drafted_count: int
    held_count: int
    issued_count: int
    held: list[HeldBill]
    missing: list[str]
    incomplete: tuple[str, ...] = ()
    unpriced: dict[str, str] = {}  # noqa: RUF012 (never written to)

    def describe(self) -> str:
        """The same in words, with what to do about each held bill; see `describe_missing` for those without one."""
        first = (
            f"Period {self.period}: {self.drafted_count} bill(s) drafted; {self.issued_count} issued in all, "
            f"{self.held_count} held, {len(self.missing)} missing."
        )
        held = (f"{held.bill_id} is held: {held.sentence}" for held in self.held)
        return "\n".join([first, *held, *self.incomplete])

    def describe_missing(self) -> list[str]:
        """A sentence on each subscription without a bill, and on whatever else is not on exactly one bill."""
        unknown = (
            "Subscription {} lived in {} and has no bill of it. Look at its state and dates in core.subscriptions, "
            "then close the period again."
        )
        again = "Then close the period again: only this subscription has no bill."
        unpriced = {name: f"{why} {again}" for name, why in self.unpriced.items()}
        missing = {name: unpriced.get(name, unknown.format(name, self.period)) for name in self.missing}
        return list((unpriced | missing).values()) + list(self.incomplete)


def close_period(warehouse: Engine, period: BillingPeriod, at: datetime, by: str = AKUBILL) -> ClosedPeriod:
    """Bill the period's usage, shard after shard.

    Args:
        warehouse: where it is.
        period: months of the plans' time zone.
        at: logical time of the run.
        by: the run or the person that closes, for the bills' story.

    Raises:
        PeriodNotEndedError: when the period has not ended at `at`.
        PeriodIssuedError: when all its bills are issued already.
        EmptyPeriodError: when there is nothing to bill in it, and never was.
        ConfigurationError: when all that there is belongs to periods of another time zone.
    """
    return sum_up(warehouse, period, [close_shard(warehouse, period, shard, at, by) for shard in range(SHARDS)])


def close_shard(warehouse: Engine, period: BillingPeriod, shard: int, at: datetime, by: str = AKUBILL) -> ClosedShard:
    """Bill the usage of a shard's subscriptions, a transaction each block; see `close_period`.

    Raises:
        PeriodNotEndedError: when the period has not ended at `at`.
    """
    refuse_running(period, at)
    drafted, unpriced = 0, dict[str, str]()
    for block in list_blocks(warehouse, shard):
        with block_alone(warehouse, block) as connection:
            if subscriptions := list_billable(connection, period, block):
                drafted += draft_and_audit(connection, period, at, by, subscriptions, unpriced=unpriced)
                issue(connection, period, at, by, subscriptions)
    return ClosedShard(drafted, unpriced)


def refuse_running(period: BillingPeriod, at: datetime) -> None:
    """Refuse to close a period that has not ended.

    Raises:
        PeriodNotEndedError: when it has not ended at `at`.
    """
    if not period.has_ended(at):
        raise PeriodNotEndedError(
            f"Billing period {period.name} ends at {period.local_end.isoformat()}, and it is {at.isoformat()}: a "
            "period is closed after it has ended. Close it then."
        )


def sum_up(warehouse: Engine, period: BillingPeriod, shards: Sequence[ClosedShard]) -> ClosedPeriod:
    """What closing the shards came to, seen over the whole period; nothing is changed.

    Raises:
        PeriodIssuedError, EmptyPeriodError, ConfigurationError: as `close_period`.
    """
    drafted = sum(shard.drafted_count for shard in shards)
    with warehouse.connect() as connection:
        missing = list_missing(connection, period)
        if not drafted and not missing:
            _refuse_nothing_left(connection, period)
        closed = _summary(connection, period, drafted, missing)
    return closed._replace(unpriced={name: why for shard in shards for name, why in shard.unpriced.items()})


def summarise_period(warehouse: Engine, period: BillingPeriod) -> ClosedPeriod:
    """What an earlier close of the period did; nothing is changed."""
    with warehouse.connect() as connection:
        return _summary(connection, period, 0, list_missing(connection, period))


def draft_and_audit(
    connection: Connection,
    period: BillingPeriod,
    at: datetime,
    by: str,
    subscriptions: Sequence[int],
    *,
    unpriced: dict[str, str] | None = None,
) -> int:
    """Make the drafts of these subscriptions again, with what holds each; how many there are.

    `unpriced` takes those that cannot be rated, as `rate` says.
    """
    chosen = {**window_of(period), "subscriptions": list(subscriptions)}
    connection.execute(statement("billing/bills/take_digests"), chosen)
    renew_licences(connection, period, period.window.end, subscriptions)
    drafted = draft_bills(connection, period, at, subscriptions, unpriced=unpriced)
    connection.execute(statement("billing/bills/record_drafts"), {**chosen, "who": by, "at": at})
    audit_drafts(connection, period, at, subscriptions)
    connection.execute(statement("billing/bills/delete_waived_findings"), chosen)
    return drafted


def issue(
    connection: Connection,
    period: BillingPeriod,
    at: datetime,
    by: str,
    subscriptions: Sequence[int],
    *,
    reason: str | None = None,
) -> None:
    """Issue their drafts that nothing holds, and hold the others; `reason` is why, where a person said so."""
    decided = {**window_of(period), "subscriptions": list(subscriptions), "who": by, "reason": reason, "at": at}
    connection.execute(statement("billing/bills/issue_drafts"), decided)
    if finish_corrections(connection, at):
        connection.execute(statement("billing/bills/record_changed_holds"), {"who": by, "at": at})


def list_missing(connection: Connection, period: BillingPeriod) -> list[str]:
    """Ids of the subscriptions that lived in the period, or used something in it, and have no bill of it."""
    window = {**window_of(period), "time_zone": period.zone_name}
    return list(connection.execute(statement("billing/bills/list_missing_bills"), window).scalars())


def _refuse_nothing_left(connection: Connection, period: BillingPeriod) -> None:
    counts = connection.execute(statement("billing/bills/count_bills"), window_of(period)).one()
    if counts.issued or counts.void:
        void = f", but for {counts.void} void" if counts.void else ""
        raise PeriodIssuedError(
            f"Billing period {period.name} is closed: all its {counts.issued} bills are issued{void}, and issued bills "
            "never change. Correct one with an adjustment or a credit note."
        )
    if others := list(_list_other_zones(connection, period)):
        raise ConfigurationError("\n".join(others))
    raise EmptyPeriodError(
        f"Billing period {period.name} is empty: no subscription of plans with months of {period.zone_name} lived in "
        "it or used something. Check the month and the time zone; there is nothing to close."
    )


def _summary(connection: Connection, period: BillingPeriod, drafted: int, missing: list[str]) -> ClosedPeriod:
    counts = connection.execute(statement("billing/bills/count_bills"), window_of(period)).one()
    held = connection.execute(statement("billing/bills/list_held_bills"), window_of(period)).all()
    incomplete = tuple(
        str(found)
        for found in list_incomplete(connection)
        if not (found.subscription_id in missing and found.from_at in period.window)
    )
    held_bills = [HeldBill(row.bill_id, row.finding, Finding(row.finding, row.facts).sentence) for row in held]
    others = tuple(_list_other_zones(connection, period))
    return ClosedPeriod(period.name, drafted, counts.held, counts.issued, held_bills, missing, incomplete + others)


def _list_other_zones(connection: Connection, period: BillingPeriod) -> Iterator[str]:
    """A sentence on each subscription that this close leaves out for its zone: the others are billed."""
    facts = {**window_of(period), "time_zone": period.zone_name}
    for other in connection.execute(statement("billing/bills/find_other_time_zones"), facts):
        yield (
            f"Subscription {other.subscription_id} has the price plan {other.price_plan}, whose billing periods are "
            f"months of {other.time_zone}, and no bill of this time: months of {period.zone_name} are closed here. "
            f"Give it a plan whose time_zone is {period.zone_name} before it is metered, or close its own months."
        )
