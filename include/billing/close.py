"""Closes a billing period: renew licences, draft, audit, then hold or issue each bill, in one transaction.

One transaction on one snapshot: nobody sees half of it, a kill leaves nothing of it, and usage that changes meanwhile
does not reach the bill's sums, its audits and its fingerprint at different times. A lock lets one run at a time in.
Closing again is safe: issued bills stay, the others are made anew.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from include.billing.audits import audit_drafts
from include.billing.correction_issue import settle_corrections
from include.billing.drafts import draft_bills
from include.billing.rating import window_of
from include.domain.errors import ConflictError
from include.warehouse.engine import USAGE, locked, statement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from include.domain.periods import BillingPeriod


class PeriodNotEndedError(ConflictError):
    """The period lies, at least in part, in the future."""


class PeriodIssuedError(ConflictError):
    """Every bill of the period is issued: there is nothing left to do."""


class HeldBill(NamedTuple):
    """Why a bill is held: the claim that does not hold, and a sentence on it."""

    bill_id: str
    finding: str
    sentence: str


class ClosedPeriod(NamedTuple):
    """What closing did: bills drafted this time, and the period's bills held and issued in all."""

    period: str
    drafted_count: int
    held_count: int
    issued_count: int
    held: list[HeldBill]

    def describe(self) -> str:
        """The same in words, with what to do about each held bill."""
        first = (
            f"Period {self.period}: {self.drafted_count} bill(s) drafted; {self.issued_count} issued in all, "
            f"{self.held_count} held."
        )
        return "\n".join([first, *(f"{held.bill_id} is held: {held.sentence}" for held in self.held)])


def close_period(warehouse: Engine, period: BillingPeriod, at: datetime) -> ClosedPeriod:
    """Bill the period's usage; `at` is the logical time of the run.

    Raises:
        PeriodNotEndedError: when the period has not ended at `at`.
        PeriodIssuedError: when all its bills are issued already.
        ConfigurationError, InvalidInputError: when some usage can not be priced; then nothing is changed.
    """
    if not period.has_ended(at):
        raise PeriodNotEndedError(
            f"Billing period {period.name} ends at {period.local_end.isoformat()}, and it is {at.isoformat()}: a "
            "period is closed after it has ended. Close it then."
        )
    with _alone(warehouse, period) as connection:
        window = window_of(period)
        connection.execute(statement("billing/extend_licences"), {**window, "time_zone": period.zone_name})
        drafted = draft_bills(connection, period, at)
        _refuse_nothing_left(connection, period, drafted)
        audit_drafts(connection, period, at)
        connection.execute(statement("billing/issue_drafts"), {**window, "issued_at": at})
        settle_corrections(connection, at)
        return _summary(connection, period, drafted)


@contextmanager
def _alone(warehouse: Engine, period: BillingPeriod) -> Iterator[Connection]:
    """A transaction on one snapshot, which is taken only once no other run is closing this period."""
    with (
        warehouse.begin() as gate,
        locked(gate, "close", period.name, period.zone_name),
        locked(gate, *USAGE),
        warehouse.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
    ):
        yield connection


def _refuse_nothing_left(connection: Connection, period: BillingPeriod, drafted: int) -> None:
    issued: int = connection.execute(statement("billing/count_bills"), window_of(period)).one().issued
    if issued and not drafted:
        raise PeriodIssuedError(
            f"Billing period {period.name} is closed: all its {issued} bills are issued, and issued bills never "
            "change. Correct one with an adjustment or a credit note."
        )


def _summary(connection: Connection, period: BillingPeriod, drafted: int) -> ClosedPeriod:
    counts = connection.execute(statement("billing/count_bills"), window_of(period)).one()
    held = connection.execute(statement("billing/list_held"), window_of(period)).all()
    return ClosedPeriod(period.name, drafted, counts.held, counts.issued, [HeldBill(*row) for row in held])
