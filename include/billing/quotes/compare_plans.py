"""What each customer would have paid by either of two price plans, for the same usage and the same period."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from include.billing.quotes.quote import quote
from include.billing.quotes.usage_file import COLUMNS
from include.domain.errors import InvalidInputError
from include.domain.money import ZERO, Decimal, parse_decimal
from include.domain.periods import BillingPeriod
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

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

    def as_json(self) -> dict[str, Any]:
        """For programs: amounts are strings."""
        return {
            "subscription_id": self.subscription_id,
            "currency": self.currency,
            "first": f"{self.first:f}",
            "second": f"{self.second:f}",
            "difference": f"{self.difference:f}",
        }

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
) -> list[PlanComparison]:
    """Both plans' totals for every subscription with usage, by subscription id; nothing is stored.

    Args:
        scratch: an empty, migrated warehouse.
        first: the plan as it is.
        second: the plan as it might be.
        period_name: YYYY-MM, in the plans' time zone.
        usage: a usage file as a quote reads it; or else
        metered: the warehouse whose metered usage counts.

    Raises:
        InvalidInputError: when the plans' currencies or zones differ, or period or usage breaks a rule.
    """
    _refuse_other_basis(first, second)
    period = BillingPeriod(period_name, first.time_zone)
    with tempfile.TemporaryDirectory(prefix="akubill-diff-") as folder:
        file = usage or write_metered_usage(metered, period, Path(folder) / "usage.csv")
        one, other = (
            {bill["subscription_id"]: bill for bill in quote(scratch, plan, file, period_name).bills}
            for plan in (first, second)
        )
    totals = {key: (_total(one.get(key)), _total(other.get(key))) for key in sorted(one.keys() | other.keys())}
    return [PlanComparison(subscription, first.currency, *pair) for subscription, pair in totals.items()]


def write_metered_usage(metered: Engine | None, period: BillingPeriod, path: Path) -> Path:
    """Write the period's metered hours as a usage file: one row per subscription and hour, named as one instance."""
    if metered is None:
        raise InvalidInputError("Usage", None, "is missing", "Give a usage file, or a warehouse with metered usage.")
    window = {"period_start": period.window.start, "period_end": period.window.end}
    with metered.connect() as connection, path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in connection.execute(statement("billing/quotes/list_hours"), window):
            writer.writerow((row.subscription_id, row.subscription_id, row.hour_start.isoformat(), row.aku_seconds))
    return path


def _total(bill: dict[str, Any] | None) -> Decimal:
    return parse_decimal(bill["total"]) if bill else ZERO


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
