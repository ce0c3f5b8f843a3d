"""A subscription of a period as rating finds it, entered by plain inserts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from include.billing.prices.plans import publish_price_plan
from include.domain.money import Decimal
from tests.support.billing.measures import known_of
from tests.support.builders import LONG_AGO, insert

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.price_plans import PricePlan
    from tests.support.billing.measures import Usage, Used
    from tests.support.billing.oracle import Licence, Offer


class Case(NamedTuple):
    """One subscription: what it pays by, what it used by hour, and from when to when it is active.

    Attributes:
        other: a plan that its offers name.
        offers: in the order of entry.
    """

    plan: PricePlan
    usage: Usage
    other: PricePlan | None = None
    offers: Sequence[Offer] = ()
    licences: Sequence[Licence] = ()
    active: tuple[datetime, datetime | None] = (LONG_AGO, None)

    def named(self, number: int) -> Case:
        """The same with plans of its own, beside others in one warehouse."""
        plan = self.plan.model_copy(update={"name": f"plan-{number}"})
        other = self.other and self.other.model_copy(update={"name": f"other-{number}"})
        offers = [offer._replace(plan=offer.plan and other) for offer in self.offers]
        return self._replace(plan=plan, other=other, offers=offers)


def enter_case(connection: Connection, key: int, case: Case, table: str = "metering.subscription_hours") -> None:
    """Make a subscription that is there already what the case says."""
    for plan in (case.plan, case.other):
        if plan:
            publish_price_plan(connection, plan)
    connection.execute(
        text("""
        UPDATE core.subscriptions SET price_plan = :plan, started_at = :start, ended_at = :end
        WHERE subscription_key = :key
        """),
        {"plan": case.plan.name, "start": case.active[0], "end": case.active[1], "key": key},
    )
    if case.usage:
        is_metered = table == "metering.subscription_hours"
        # The sums of its instances, by the warehouse's own routine as closing takes them.
        connection.execute(
            text(f"""
            INSERT INTO {table} (hour_start, subscription_key, aku_seconds, peak_aku, whole_hour_aku_seconds
                {", instance_count, inferred_aku_seconds, estimated_aku_seconds, gap_seconds" if is_metered else ""})
            SELECT :hour, :key, sum(aku_seconds), sum(peak_aku),
                sum(billing.whole_hour_aku_seconds(aku_seconds, used_seconds)) {", 1, 0, 0, 0" if is_metered else ""}
            FROM unnest(
                CAST(:used AS bigint[]), CAST(:peaks AS integer[]), CAST(:seconds AS integer[])
            ) AS instances (aku_seconds, peak_aku, used_seconds)
            """),
            [_sums(hour, key, used) for hour, used in case.usage.items()],
        )
    for number, offer in enumerate(case.offers):
        enter_offer(connection, key, offer, LONG_AGO + timedelta(days=number))
    for licence in case.licences:
        insert(
            connection,
            "core.licences",
            subscription_key=key,
            term_start=licence.start,
            term_end=licence.end,
            term_months=licence.months,
            capacity_aku=licence.capacity,
            price=0,
            currency=case.plan.currency,
            auto_renew=licence.renews,
        )


def _sums(hour: datetime, key: int, used: Used) -> dict[str, Any]:
    aku_seconds, peaks, seconds = zip(*known_of(used), strict=True)
    return {"hour": hour, "key": key, "used": list(aku_seconds), "peaks": list(peaks), "seconds": list(seconds)}


def enter_offer(connection: Connection, key: int, offer: Offer, at: datetime) -> None:
    """Enter the offer as of that time, whatever its plan."""
    insert(
        connection,
        "billing.private_offers",
        subscription_key=key,
        effective_from=offer.start,
        effective_until=offer.end,
        price_plan=offer.plan and offer.plan.name,
        discount_percent=None if offer.discount is None else Decimal(int(offer.discount)),
        reason="agreed",
        entered_by="sales",
        entered_at=at,
    )
