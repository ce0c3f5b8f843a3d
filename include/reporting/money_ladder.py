"""The money ladder of a period, by currency: rated, billed, accepted by the marketplace, charged there, paid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from include.domain.money import ZERO
from include.reporting.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.money import Decimal


@dataclass(frozen=True, slots=True)
class Agreement:
    """What of bills' usage went where, in their currency; see the view marketplace.agreement_in_money."""

    licensed: Decimal = ZERO
    accepted: Decimal = ZERO
    expected: Decimal = ZERO
    unknown: Decimal = ZERO
    missed: Decimal = ZERO
    refused: Decimal = ZERO
    waiting: Decimal = ZERO
    carried: Decimal = ZERO
    difference: Decimal = ZERO

    @property
    def taken(self) -> Decimal:
        """What the marketplace took, or counts by itself."""
        return self.accepted + self.expected

    @property
    def lost(self) -> Decimal:
        """What it will not charge."""
        return self.missed + self.refused

    @property
    def unreported(self) -> Decimal:
        """What no record has, or only a later one."""
        return self.carried + self.difference


class Bills(NamedTuple):
    """Our bills of a period in one currency: usage at the plan's prices, and all that is compared, before tax."""

    currency: str
    bill_count: int
    issued_count: int
    held_count: int
    draft_count: int
    rated: Decimal
    billed: Decimal


class Charges(NamedTuple):
    """What the Marketplace charges in a cycle, in one currency."""

    currency: str
    charged: Decimal
    instance_count: int
    buyer_count: int
    fetched_from: datetime


class Settled(NamedTuple):
    """What settlement exports have of a period, in one currency."""

    currency: str
    settled: Decimal
    subscription_count: int
    imported_at: datetime


class Ladder(NamedTuple):
    """One currency's way from usage to payout; what is None is not known."""

    currency: str
    bills: Bills | None
    agreement: Agreement | None
    charges: Charges | None
    settled: Settled | None


def list_agreements(connection: Connection, bill_keys: Sequence[int]) -> dict[int, tuple[str, Agreement]]:
    """Where what these bills charge for usage went: currency and amounts, by the bill's key."""
    rows = read_rows(connection, "reconciliation/list_agreements", {"bill_keys": list(bill_keys)})
    return {row.pop("bill_key"): (row.pop("currency"), Agreement(**row)) for row in rows}


def find_ladders(connection: Connection, period: str) -> list[Ladder]:
    """The ladders of a period, by currency."""
    bills = {
        row["currency"]: Bills(**row) for row in read_rows(connection, "reconciliation/sum_bills", {"period": period})
    }
    charges = {
        row["currency"]: Charges(**row)
        for row in read_rows(connection, "reconciliation/sum_charges", {"period": period})
    }
    settled = {
        row["currency"]: Settled(**row)
        for row in read_rows(connection, "reconciliation/sum_settled", {"period": period})
    }
    added = {
        row.pop("currency"): Agreement(**row)
        for row in read_rows(connection, "reconciliation/sum_agreements", {"period": period})
    }
    return [
        Ladder(each, bills.get(each), added.get(each), charges.get(each), settled.get(each))
        for each in sorted(bills.keys() | charges.keys() | settled.keys())
    ]
