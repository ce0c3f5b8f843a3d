"""Why a bill differs from that of the month before: by instance, by price, and in money whose parts add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.domain.money import ZERO, Decimal, plain, round_amount
from include.domain.periods import BillingPeriod
from include.domain.usage import SECONDS_PER_HOUR
from include.domain.words.billing import DIFFERENCES, NOT_COMPARABLE
from include.reporting.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from include.reporting.bill_detail import Bill

#: Kafka instances that are shown at most, those that changed most.
INSTANCES_SHOWN = 30
_USAGE = frozenset({"usage", "overage"})
#: Parts of the money besides usage, by the kinds of lines that they are made of.
_OTHERS = {
    "licence": {"licence"},
    "fee": {"fee", "flat_fee"},
    "discount": {"discount"},
    "limit": {"minimum", "maximum"},
    "correction": {"correction"},
}


@dataclass(frozen=True, slots=True)
class Part:
    """One reason for the difference, what it is in money, and its words."""

    kind: str
    amount: Decimal
    facts: Mapping[str, Any]

    @property
    def title(self) -> str:
        """The reason in a few words."""
        return DIFFERENCES[self.kind].title

    @property
    def sentence(self) -> str:
        """The reason with its numbers."""
        return DIFFERENCES[self.kind].say(self.facts)


@dataclass(frozen=True, slots=True)
class Difference:
    """A bill beside that of the month before.

    Attributes:
        period: the month before.
        before: its bill; None where there is none.
        parts: add up to the difference of the totals; empty where the bills cannot be compared.
        charges: what both charge by kind, tier and name.
        instances: what each used in both months.
    """

    period: str
    before: Mapping[str, Any] | None
    parts: Sequence[Part]
    charges: Sequence[Mapping[str, Any]]
    instances: Sequence[Mapping[str, Any]]
    refusal: str | None

    @property
    def amount(self) -> Decimal:
        """What the parts add up to."""
        return sum((part.amount for part in self.parts), ZERO)


def find_difference(connection: Connection, bill: Bill) -> Difference:
    """Why the bill differs from the one of the month before."""
    period = BillingPeriod(bill.period, bill.time_zone).previous.name
    key: dict[str, Any] = {"subscription_key": bill.subscription_key}
    before = next(iter(read_rows(connection, "differences/find_bill_before", {**key, "period": period})), None)
    if before is None or before["currency"] != bill.currency:
        facts = {"period": period, "currency": bill.currency, "reason": "none" if before is None else "currency"}
        facts |= {} if before is None else {"currency_before": before["currency"]}
        return Difference(period, before, [], [], [], NOT_COMPARABLE.say(facts))
    charges = read_rows(
        connection, "differences/list_charges", {"bill_key": bill.bill_key, "before_key": before["bill_key"]}
    )
    window = {
        **key,
        "before_start": before["period_start"],
        "period_start": bill.period_start,
        "period_end": bill.period_end,
        "at_most": INSTANCES_SHOWN,
    }
    instances = read_rows(connection, "differences/list_instances", window)
    tax = (bill.total - bill.subtotal) - (before["total"] - before["subtotal"])
    return Difference(period, before, split(charges, tax), charges, instances, None)


def split(charges: Sequence[Mapping[str, Any]], tax: Decimal) -> list[Part]:
    """The difference in parts that are not zero.

    Usage is split into quantity, at the average price before, and price, which is the rest. Without usage before, all
    of it is quantity.
    """
    usage = [charge for charge in charges if charge["kind"] in _USAGE]
    amount, amount_before = (_sum(usage, name) for name in ("amount", "amount_before"))
    seconds, seconds_before = (sum(row[name] for row in usage) for name in ("aku_seconds", "aku_seconds_before"))
    change = amount - amount_before
    more = seconds - seconds_before
    by_quantity = round_amount(amount_before * more / seconds_before, 2, "half_even") if seconds_before else change
    if not seconds:
        by_quantity = change
    facts = {
        "aku_seconds": abs(more),
        "direction": "more" if more >= 0 else "fewer",
        "price": _price(amount, seconds),
        "price_before": _price(amount_before, seconds_before),
        "basis": "average" if seconds_before else "new",
    }
    parts = [Part("usage", by_quantity, facts), Part("price", change - by_quantity, facts)]
    for kind, kinds in _OTHERS.items():
        rows = [charge for charge in charges if charge["kind"] in kinds]
        now, then = _sum(rows, "amount"), _sum(rows, "amount_before")
        parts.append(Part(kind, now - then, {"amount": str(now), "amount_before": str(then)}))
    parts.append(Part("tax", tax, {}))
    return [part for part in parts if part.amount]


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> Decimal:
    return sum((row[name] for row in rows), ZERO)


def _price(amount: Decimal, aku_seconds: int) -> str:
    if not aku_seconds:
        return "0"
    return plain(round_amount(amount * SECONDS_PER_HOUR / aku_seconds, 6, "half_even"))
