"""What may be given back of a bill by the rules alone: in fractions, from the re-rated bill and the refunds in order.

Knows nothing of documents, of what waits, or of differences: a bill costs what the oracle says it should cost, and what
was granted is taken off the line that it was for.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.billing.oracle import Line, cut, rate_by_the_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from include.domain.periods import Window
    from include.domain.price_plans import PricePlan
    from tests.support.billing.oracle import Bill, Offer, Segment

Rate = tuple[Fraction, bool]


class Own(NamedTuple):
    """A line of the bill as it was issued."""

    number: int
    kind: str
    tier: int | None
    name: str | None
    start: datetime
    end: datetime
    rate: Rate

    @property
    def charge(self) -> tuple[Any, ...]:
        """What it is a tier of."""
        return self.kind, self.name, self.start


class Refund(NamedTuple):
    line: Own
    amount: Fraction


class Left:
    """A re-rated bill, and what refunds leave of it."""

    def __init__(
        self,
        period: Window,
        terms: tuple[PricePlan, list[Offer]],
        usage: dict[datetime, int],
        own: list[Own],
        **life: Any,
    ) -> None:
        plan, offers = terms
        self.bill: Bill = rate_by_the_rules(period, plan, usage, offers=offers, **life)
        self.cent = Fraction(1, 10 ** plan.versions[0].rounding.digits)
        self.parts = cut(period, plan, offers)
        self.own = own
        self.refunds: list[Refund] = []

    def after(self, refunds: list[Refund]) -> Left:
        """The same with these given back."""
        self.refunds = refunds
        return self

    def of(self, is_meant: Callable[[Line], bool], is_given: Callable[[Refund], bool]) -> Fraction:
        costs = sum((line.amount for line in self.bill.lines if is_meant(line)), Fraction(0))
        return costs - sum((one.amount for one in self.refunds if is_given(one)), Fraction(0))

    def of_line(self, line: Own) -> Fraction:
        return self.of(
            lambda one: one.tier == line.tier and self._place(one) == line.charge,
            lambda one: one.line.number == line.number,
        )

    def of_charge(self, line: Own) -> Fraction:
        return self.of(
            lambda one: self._place(one) == line.charge,
            lambda one: one.line.charge == line.charge,
        )

    def of_rate(self, rate: Rate) -> Fraction:
        return self.of(lambda one: self._rate(one) == rate, lambda one: self.rate_now(one.line) == rate)

    def of_bill(self) -> Fraction:
        return self.of(lambda _line: True, lambda _refund: True)

    def most(self, line: Own) -> Fraction:
        """What of this line can be given back besides."""
        return min(self.of_line(line), self.of_charge(line), self.of_rate(self.rate_now(line)), self.of_bill())

    def is_overdrawn(self) -> bool:
        """Whether more is given back than the bill costs, or than a charge or what has one tax rate does."""
        return any(
            min(self.of_charge(one.line), self.of_rate(self.rate_now(one.line)), self.of_bill()) < 0
            for one in self.refunds
        )

    def rate_now(self, line: Own) -> Rate:
        """The tax rate that the line has after corrections: of most of it, or of its other tiers."""
        amounts: dict[tuple[bool, Rate], Fraction] = defaultdict(Fraction)
        for one in self.bill.lines:
            if self._place(one) == line.charge:
                amounts[one.tier == line.tier, self._rate(one)] += one.amount
        found = [
            (not is_tier, not (line.kind == "minimum" and rate == line.rate), -amount, rate)
            for (is_tier, rate), amount in amounts.items()
            if amount > 0
        ]
        return min(found)[-1] if found else line.rate

    def refunded(self) -> dict[Rate, Fraction]:
        """What is given back at each tax rate, before tax."""
        found: dict[Rate, Fraction] = defaultdict(Fraction)
        for one in self.refunds:
            found[self.rate_now(one.line)] += one.amount
        return dict(found)

    def assert_taxed(self, taxes: dict[Rate, Fraction]) -> None:
        """What refunds gave back of the taxes: all of it with the last cent, never more, and to a cent their rate."""
        stated = {(tax.rate, tax.is_inclusive): tax.amount for tax in self.bill.taxes}
        for rate, amount in self.refunded().items():
            tax = taxes.get(rate, Fraction(0))
            assert tax <= stated.get(rate, Fraction(0))
            exact = amount * rate[0] / (1 + rate[0] if rate[1] else 1)
            if self.of_rate(rate) == 0:
                assert tax == stated.get(rate, Fraction(0))
            else:
                assert abs(tax - exact) < self.cent

    def _place(self, line: Line) -> tuple[Any, ...]:
        start = self._start(line)
        holding = [
            one for one in self.own if (one.kind, one.name) == (line.kind, line.name) and one.start <= start < one.end
        ]
        return max(holding, key=lambda one: one.start).charge if holding else (line.kind, line.name, start)

    def _start(self, line: Line) -> datetime:
        if line.kind in {"minimum", "maximum"}:
            return next(part.start for part in self.parts if _has_limit(part, line.kind))
        return line.start or self.parts[line.part].start

    def _rate(self, line: Line) -> Rate:
        rules = self.parts[line.part].rules
        return Fraction(rules.tax_rate), rules.tax_inclusive


def _has_limit(part: Segment, kind: str) -> bool:
    return part.version is not None and getattr(part.version, f"{kind}_charge") is not None
