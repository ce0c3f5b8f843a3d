"""Private offers: a subscription's own plan or discount from an instant on.

An offer counts whole: without a plan it means the subscription's own plan, without a discount the plan's discount.
Where several hold at once, the one entered last counts. Offers are entered, never changed, and never reach into an
issued bill: that is what corrections are for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.errors import ConflictError, InvalidInputError
from include.domain.form_fields import read_fields, read_instant, read_name, read_percent, read_reason
from include.domain.money import plain
from include.domain.periods import Window, time_zone
from include.warehouse.engine import USAGE, locked, statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row

    from include.domain.money import Decimal


@dataclass(frozen=True, slots=True)
class Offer:
    """What a person offers to whom, from when, and why.

    Attributes:
        effective_from: inclusive, UTC; an hour is priced by what holds at its start.
        effective_until: exclusive, UTC; None is without end.
        price_plan: in place of the subscription's own plan; None keeps it.
        discount_percent: in place of the plan's, 0 to 100; None keeps it.
        zone: the time zone in which its instants are said to people.
    """

    subscription_id: str
    effective_from: datetime
    effective_until: datetime | None
    price_plan: str | None
    discount_percent: Decimal | None
    reason: str
    by: str
    zone: str = "UTC"


class EnteredOffer(NamedTuple):
    """The offer's key, and whether it was entered this time."""

    offer_key: int
    is_new: bool

    def describe(self, offer: Offer) -> str:
        """The same in words."""
        terms = [] if offer.price_plan is None else [f"the plan {offer.price_plan}"]
        if offer.discount_percent is not None:
            terms.append(f"a discount of {plain(offer.discount_percent)} %")
        zone = time_zone(offer.zone)
        until = "on" if offer.effective_until is None else f"until {offer.effective_until.astimezone(zone).isoformat()}"
        known = "" if self.is_new else " It was entered before: nothing was done again."
        return (
            f"Offer {self.offer_key}: subscription {offer.subscription_id} has {' and '.join(terms)} from "
            f"{offer.effective_from.astimezone(zone).isoformat()} {until}.{known}"
        )


def read_offer(
    *,
    subscription: str | None,
    effective_from: str | None,
    effective_until: str | None = None,
    price_plan: str | None = None,
    discount_percent: str | None = None,
    reason: str | None,
    by: str | None,
    zone: str | None = None,
) -> Offer:
    """The offer that a form or a command line makes; empty fields are None.

    Days are those of the zone, which `time_zone_of` finds; without it, only instants are understood.

    Raises:
        InvalidInputError: when something is missing or wrong, in words.
    """
    read = read_fields(
        {
            "subscription_id": lambda: read_name(subscription, "Subscription", "Give its id, like sub-…."),
            "effective_from": lambda: _needed_instant(effective_from, zone),
            "effective_until": lambda: read_instant(effective_until, "Until", zone),
            "price_plan": lambda: read_name(price_plan, "Price plan", "Name a published plan.") if price_plan else None,
            "discount_percent": lambda: read_percent(discount_percent, "Discount"),
            "reason": lambda: read_reason(reason, "what was agreed"),
            "by": lambda: read_name(by, "Person", "An offer is made by a person: log in and try again."),
        }
    )
    offer = Offer(**read, zone=zone or "UTC")
    if offer.effective_until is not None:
        Window(offer.effective_from, offer.effective_until)
    if offer.price_plan is None and offer.discount_percent is None:
        raise InvalidInputError("Offer", None, "gives neither a plan nor a discount", "Give one of them, or both.")
    return offer


def _needed_instant(effective_from: str | None, zone: str | None) -> datetime:
    start = read_instant(effective_from, "From", zone)
    if start is None:
        raise InvalidInputError("From", effective_from, "is missing", "Give a day, like 2026-10-16.")
    return start


def add_offer(warehouse: Engine, offer: Offer, at: datetime) -> EnteredOffer:
    """Enter the offer; the same offer by the same run again is entered once.

    Args:
        warehouse: where subscriptions, plans and bills are.
        offer: as `read_offer` made it.
        at: logical time of the run.

    Raises:
        InvalidInputError: when the subscription or the plan is unknown, or the plan does not fit.
        ConflictError: when the subscription ended before, or an issued bill covers a part of the offer's time.
    """
    # Never while bills are issued (one lock): a bill has the offer, or the offer is refused because the bill is issued.
    with warehouse.begin() as connection, locked(connection, *USAGE):
        subscription = find_subscription(connection, offer.subscription_id)
        entry = {
            "subscription_key": subscription.subscription_key,
            "effective_from": offer.effective_from,
            "effective_until": offer.effective_until,
            "price_plan": offer.price_plan,
            "discount_percent": offer.discount_percent,
            "reason": offer.reason,
            "entered_by": offer.by,
            "at": at,
            "correction_id": None,
        }
        same = connection.execute(statement("billing/prices/find_same_offer"), entry).scalar_one_or_none()
        if same is not None:
            return EnteredOffer(same, is_new=False)
        _refuse_ended(subscription, offer)
        _refuse_billed(connection, subscription, offer)
        if offer.price_plan is not None:
            refuse_unfit_plan(
                connection, subscription, offer.price_plan, offer.effective_from, until=offer.effective_until
            )
        return EnteredOffer(insert_offer(connection, entry), is_new=True)


def insert_offer(connection: Connection, entry: dict[str, Any]) -> int:
    """Enter an offer that nothing speaks against, after all others of its subscription; its key."""
    key: int = connection.execute(statement("billing/prices/insert_offer"), entry).scalar_one()
    return key


def list_offers(warehouse: Engine, subscription_id: str | None = None) -> list[Row[Any]]:
    """The offers of a subscription, or all, in the order in which they were entered."""
    with warehouse.connect() as connection:
        return list(connection.execute(statement("billing/prices/list_offers"), {"subscription_id": subscription_id}))


def find_subscription(connection: Connection, subscription_id: str) -> Row[Any]:
    """The subscription with the basis of its own plan.

    Raises:
        InvalidInputError: when there is none.
    """
    row = connection.execute(
        statement("billing/prices/find_subscription"), {"subscription_id": subscription_id}
    ).one_or_none()
    if row is None:
        raise InvalidInputError("Subscription", subscription_id, "does not exist", "Give the id of one that does.")
    return row


def time_zone_of(warehouse: Engine, subscription_id: str | None) -> str:
    """The time zone of the subscription's months; UTC where there is none of that id, which what follows refuses."""
    with warehouse.connect() as connection:
        found = connection.execute(
            statement("billing/prices/find_subscription"), {"subscription_id": subscription_id}
        ).one_or_none()
    return "UTC" if found is None else found.time_zone or "UTC"


def refuse_unfit_plan(
    connection: Connection, subscription: Row[Any], name: str, start: datetime, *, until: datetime | None
) -> None:
    """Refuse a plan that cannot price this subscription's usage from start (inclusive) until (exclusive).

    Raises:
        InvalidInputError: when the plan is unknown, of another currency or time zone, not in force yet, sells
            licences to who pays as they go, or sells none to who has one.
    """
    window = {"name": name, "effective_from": start, "effective_until": until}
    plan = connection.execute(statement("billing/prices/find_offered_plan"), window).one_or_none()
    if plan is None:
        raise InvalidInputError("Price plan", name, "is not published", "Publish it with `akubill plan publish FILE`.")
    own = f"that of the subscription's own plan {subscription.price_plan}"
    if plan.currency != subscription.currency:
        rule = f"has the currency {plan.currency}, not {subscription.currency}, {own}"
        raise InvalidInputError("Price plan", name, rule, "Name a plan of that currency.")
    if plan.time_zone != subscription.time_zone:
        rule = f"has months of {plan.time_zone}, not of {subscription.time_zone}, {own}"
        raise InvalidInputError("Price plan", name, rule, "Name a plan of that time zone.")
    if plan.first_effective_from is None or plan.first_effective_from > start:
        first = "never" if plan.first_effective_from is None else plan.first_effective_from.isoformat()
        rule = f"has no version in force at {start.isoformat()}; its first holds from {first}"
        raise InvalidInputError("Price plan", name, rule, "Start later, or publish such a version.")
    if subscription.payment == "prepaid" and not plan.sells_all:
        _refuse_licensed(connection, subscription, name, start)
    if subscription.payment != "prepaid" and plan.sells_some:
        rule = "sells licences, which a pay-as-you-go subscription does not have"
        raise InvalidInputError("Price plan", name, rule, "Name a plan without licences.")


def _refuse_licensed(connection: Connection, subscription: Row[Any], name: str, start: datetime) -> None:
    """Pay as you go follows a licence: it starts when the last term ends, and nothing renews."""
    after = {"subscription_key": subscription.subscription_key, "effective_from": start}
    licence = connection.execute(statement("billing/prices/find_licence"), after).one_or_none()
    if licence is not None:
        renewal = ", and renews by itself" if licence.auto_renew else ""
        rule = f"does not sell licences, and there is one until {licence.term_end.isoformat()}{renewal}"
        remedy = "Name a plan with licences, or start the offer when a licence has ended that does not renew."
        raise InvalidInputError("Price plan", name, rule, remedy)


def _refuse_ended(subscription: Row[Any], offer: Offer) -> None:
    if subscription.state == "failed" or (
        subscription.ended_at is not None and subscription.ended_at <= offer.effective_from
    ):
        raise ConflictError(
            f"Subscription {subscription.subscription_id} is {subscription.state}: there is nothing to offer from "
            f"{offer.effective_from.isoformat()} on. Start the offer before its end."
        )


def _refuse_billed(connection: Connection, subscription: Row[Any], offer: Offer) -> None:
    window = {
        "subscription_key": subscription.subscription_key,
        "effective_from": offer.effective_from,
        "effective_until": offer.effective_until,
    }
    billed = connection.execute(statement("billing/prices/find_billed_period"), window).one_or_none()
    if billed is not None:
        raise ConflictError(
            f"The offer from {offer.effective_from.isoformat()} on reaches into bill {billed.bill_id}, which is issued "
            f"and never changes. Start it at {billed.period_end.isoformat()} or later, and correct the bill "
            "(`bill_correction`, cause price or discount) for the time before."
        )
