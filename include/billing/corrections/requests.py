"""What a person asks to be corrected: read from a form, refused in words, kept once, and delivered.

A correction's id derives from what was asked and by which run, so asking twice is asking once. A note is issued in the
transaction that asks for it; what goes on the next bill waits as pending.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from include.billing.prices.terms import NO_TERMS, Terms
from include.domain.errors import InvalidInputError
from include.domain.form_fields import read_amount, read_fields, read_instant, read_name, read_percent, read_reason

if TYPE_CHECKING:
    from datetime import datetime

    from include.domain.money import Decimal

Cause = Literal["late_usage", "price", "discount", "refund"]
Delivery = Literal["next_bill", "note"]


class Refund(NamedTuple):
    """What is given back, before tax, for which line of the bill."""

    amount: Decimal
    line_no: int


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person asks for.

    Attributes:
        bill_id: of the corrected bill, or of a note that corrected it before.
        terms: for price and discount: what the period should have been priced by.
        effective_from: for price and discount: from when on within the period, UTC; None is all of it.
        origin: the run that asks; the same in another run is another correction.
        with_what_waits: whether a note may have what else waits for the bill.
        refunds_may_exceed: whether a note may leave the bill cheaper than what was given back of it.
    """

    subscription_id: str
    bill_id: str
    cause: Cause
    delivery: Delivery
    reason: str
    by: str
    origin: str
    terms: Terms = NO_TERMS
    effective_from: datetime | None = None
    refund: Refund | None = None
    with_what_waits: bool = False
    refunds_may_exceed: bool = False

    @property
    def correction_id(self) -> str:
        """Public id: the same for the same request of the same run."""
        asked = [
            self.subscription_id,
            self.bill_id,
            self.cause,
            self.delivery,
            self.reason,
            self.terms.price_plan,
            self.terms.discount_percent,
            self.effective_from,
            self.refund,
            self.origin,
        ]
        digest = sha256(json.dumps(asked, default=str).encode()).hexdigest()
        return f"cor-{digest[:20]}"


def read_correction(
    *,
    subscription: str | None,
    bill: str | None,
    cause: str | None,
    delivery: str | None,
    reason: str | None,
    by: str | None,
    origin: str,
    price_plan: str | None = None,
    discount_percent: str | None = None,
    effective_from: str | None = None,
    refund_amount: str | None = None,
    refund_line: int | None = None,
    with_what_waits: bool = False,
    refunds_may_exceed: bool = False,
    zone: str | None = None,
) -> Correction:
    """The correction that a form or a command line asks for; empty fields are None.

    Days are those of the zone; without it, only instants are understood.

    Raises:
        InvalidInputError: when fields are missing, wrong, or do not go with the cause, all of them in words.
    """
    read = read_fields(
        {
            "subscription_id": lambda: read_name(subscription, "Subscription", "Give its id, like sub-…."),
            "bill_id": lambda: read_name(bill, "Bill", "Give its id, like 2026-10-sub-…."),
            "cause": lambda: _cause(cause),
            "delivery": lambda: _delivery(delivery),
            "plan": lambda: read_name(price_plan, "Price plan", "Name a published plan.") if price_plan else None,
            "percent": lambda: read_percent(discount_percent, "Discount"),
            "effective_from": lambda: read_instant(effective_from, "From", zone),
            "amount": lambda: read_amount(refund_amount, "Refund"),
            "reason": lambda: read_reason(reason, "why, for the customer"),
            "by": lambda: read_name(by, "Person", "A correction is asked for by a person: log in and try again."),
        }
    )
    plan, percent, amount = read.pop("plan"), read.pop("percent"), read.pop("amount")
    _refuse_fields(
        read["cause"],
        {
            "Price plan": plan,
            "Discount": percent,
            "From": read["effective_from"],
            "Refund": amount,
            "Line": refund_line,
            "Refunds may exceed": refunds_may_exceed or None,
        },
    )
    if refunds_may_exceed and read["delivery"] != "note":
        rule = "is only for a note: a next bill that gives back too much is held, and agreed to there"
        raise InvalidInputError("Refunds may exceed", "yes", rule, "Choose a note, or leave it empty.")
    return Correction(
        **read,
        origin=origin,
        terms=Terms(plan, percent),
        refund=None if amount is None or refund_line is None else Refund(amount, refund_line),
        with_what_waits=with_what_waits,
        refunds_may_exceed=refunds_may_exceed,
    )


#: Fields that a cause needs, and those that it may have besides.
_NEEDS = {"late_usage": set(), "price": {"Price plan"}, "discount": {"Discount"}, "refund": {"Refund", "Line"}}
_AGREED = {"Refunds may exceed"}
_MAY_HAVE = {
    "late_usage": _AGREED,
    "price": {"From", "Discount"} | _AGREED,
    "discount": {"From"} | _AGREED,
    "refund": set(),
}


def _refuse_fields(cause: Cause, fields: dict[str, object]) -> None:
    for name, value in fields.items():
        if value is None and name in _NEEDS[cause]:
            raise InvalidInputError(name, value, f"is missing for the cause {cause}", "Fill it in.")
        if value is not None and name not in _NEEDS[cause] | _MAY_HAVE[cause]:
            raise InvalidInputError(name, str(value), f"has no meaning for the cause {cause}", "Leave it empty.")


def _cause(text: str | None) -> Cause:
    for cause in get_args(Cause):
        if text == cause:
            return cause  # type: ignore[no-any-return]
    rule = f"must be one of {', '.join(get_args(Cause))}"
    raise InvalidInputError("Cause", text, rule, "Choose what was wrong.")


def _delivery(text: str | None) -> Delivery:
    for delivery in get_args(Delivery):
        if text == delivery:
            return delivery  # type: ignore[no-any-return]
    rule = f"must be one of {', '.join(get_args(Delivery))}"
    raise InvalidInputError("Delivery", text, rule, "Choose the next bill, or a note at once.")
