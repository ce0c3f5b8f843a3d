"""What each customer would have paid by either of two price plans, for the same usage and the same period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from include.billing.quotes.quote import quote
from include.billing.quotes.usage_file import read_metered
from include.domain.errors import InvalidInputError
from include.domain.money import ZERO, Decimal, parse_decimal
from include.domain.periods import BillingPeriod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from include.billing.quotes.usage_file import UsageRow
    from include.domain.price_plans import PricePlan


class PlanComparison(NamedTuple):
    """One subscription's totals by the first and the second plan, tax included."""

    subscription_id: str
    currency: str
    first: Decimal
    second: Decimal

    @property
    def difference(self) -> Decimal:
        """What the second plan costs more; negative where it costs less."""
        return self.second - self.first

    @property
    def change_percent(self) -> Decimal | None:
        """The difference in per cent of the first total, to one place; None where that is zero."""
        return round(self.difference * 100 / self.first, 1) if self.first else None

    def in_words(self) -> tuple[str, str, str, str]:
        """For people: both totals, the difference with its sign, and the change."""
        change = "" if self.change_percent is None else f"{self.change_percent:+f} %"
        return f"{self.first:f}", f"{self.second:f}", f"{self.difference:+f} {self.currency}", change


def compare_plans(
    scratch: Engine,
    first: PricePlan,
    second: PricePlan,
    period_name: str,
    *,
    usage: Path | None = None,
    metered: Engine | None = None,
    on_priced: Callable[[int], None] = lambda _plans: None,
) -> list[PlanComparison]:
    """Both plans' totals for every subscription with usage, by subscription id; nothing is stored.

    Args:
        scratch: an empty, migrated warehouse.
        first: the plan as it is.
        second: the plan as it might be.
        period_name: YYYY-MM, in the plans' time zone.
        usage: a usage file as a quote reads it; or else
        metered: the warehouse whose metered usage counts.
        on_priced: is called with how many plans the usage was priced by so far.

    Raises:
        InvalidInputError: when a plan sells licences, currencies or zones differ, or period or usage breaks a rule.
    """
    _refuse_licences(first, second)
    _refuse_other_basis(first, second)
    period = BillingPeriod(period_name, first.time_zone)
    bills = []
    for plan in (first, second):
        priced = quote(scratch, plan, _usage(usage, metered, period), period_name).bills
        bills.append({bill["subscription_id"]: bill for bill in priced})
        on_priced(len(bills))
    one, other = bills
    totals = {key: (_total(one.get(key)), _total(other.get(key))) for key in sorted(one.keys() | other.keys())}
    return [PlanComparison(subscription, first.currency, *pair) for subscription, pair in totals.items()]


def _usage(usage: Path | None, metered: Engine | None, period: BillingPeriod) -> Path | Iterator[UsageRow]:
    if usage:
        return usage
    if metered is None:
        raise InvalidInputError("Usage", None, "is missing", "Give a usage file, or a warehouse with metered usage.")
    return read_metered(metered, period)


def _total(bill: dict[str, Any] | None) -> Decimal:
    return parse_decimal(bill["total"]) if bill else ZERO


def _refuse_licences(*plans: PricePlan) -> None:
    for plan in plans:
        if plan.sells_licences:
            raise InvalidInputError(
                "Price plan",
                plan.name,
                "sells prepaid licences, and usage has no price of its own to compare",
                "Compare plans that charge for usage.",
            )


def _refuse_other_basis(first: PricePlan, second: PricePlan) -> None:
    for field in ("currency", "time_zone"):
        one, other = getattr(first, field), getattr(second, field)
        if one != other:
            raise InvalidInputError(
                f"{field} of price plan {second.name}",
                other,
                f"is not that of {first.name}, {one}, so that their totals cannot be compared",
                "Compare plans of one currency and one time zone.",
            )
