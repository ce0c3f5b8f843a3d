"""Compares settlement exports with our bills, by the rules that hold for the Marketplace's charges.

A verdict follows from what is stored, so it is computed when it is asked for. It changes no bill: a payout is final
for the vendor and says nothing of what the buyer was charged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.domain.billing_cycles import billing_cycle
from include.domain.money import ZERO
from include.domain.words.reconciliation import SETTLEMENT_VERDICTS
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from include.domain.money import Decimal


@dataclass(frozen=True, slots=True)
class SettlementVerdict:
    """The verdict on a subscription's month; an amount is None where that side has none.

    Attributes:
        period: YYYY-MM.
        subscription_id: or the id of the export that no subscription has.
        is_known: whether a subscription has the id.
        refunded: the export's refunds, which are in its amount.
        difference: the export's amount minus ours; None where they are in two currencies.
        hours_charged: charged hours of our bill.
    """

    period: str
    subscription_id: str
    is_known: bool
    our_amount: Decimal | None
    settled_amount: Decimal | None
    refunded: Decimal | None
    difference: Decimal | None
    currency: str
    settled_currency: str | None
    hours_charged: int
    verdict: str

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        difference = self.difference or ZERO
        return SETTLEMENT_VERDICTS[self.verdict].say(
            {
                "period": self.period,
                "subscription_id": self.subscription_id,
                "our_amount": self.our_amount or ZERO,
                "settled_amount": self.settled_amount or ZERO,
                "refunded": -(self.refunded or ZERO),
                "distance": abs(difference),
                "direction": "more" if difference > 0 else "less",
                "currency": self.currency,
                "settled_currency": self.settled_currency,
                "hours_charged": self.hours_charged,
                "cause": "currency" if self.difference is None else "amount",
                "reason": "no_bill" if self.is_known else "unknown",
            }
        )


def list_settlement_verdicts(warehouse: Engine, period: str | None = None) -> list[SettlementVerdict]:
    """The verdicts on every month that an export has, or on one, the newest month first.

    Raises:
        InvalidInputError: when the period is not a month.
    """
    asked = billing_cycle(period).name if period is not None else None
    with warehouse.connect() as connection:
        periods = connection.execute(statement("reconciliation/settlements/list_periods")).scalars().all()
        return [verdict for each in periods if asked in {None, each} for verdict in _verdicts_of(connection, each)]


def _verdicts_of(connection: Connection, period: str) -> list[SettlementVerdict]:
    window = billing_cycle(period).window
    facts = {"period": period, "period_start": window.start, "period_end": window.end}
    rows = connection.execute(statement("reconciliation/settlements/list_verdicts"), facts).mappings()
    return [SettlementVerdict(period=period, **row) for row in rows]
