"""Corrections of price and discount: private offers for exactly the part of a period that was priced wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.billing.prices.offers import find_subscription, insert_offer, refuse_unfit_plan
from include.billing.prices.terms import OfferInForce, Terms, TermsSpan, spans_of_terms
from include.domain.errors import ConflictError, InvalidInputError
from include.domain.periods import Window
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from include.billing.corrections.requests import Correction


def enter_terms(connection: Connection, bill: Row[Any], asked: Correction, at: datetime) -> int:
    """Enter the terms that the bill's period should have been priced by as offers of exactly that; the first one's key.

    Args:
        connection: an open transaction.
        bill: as `correct_find_bill` finds it.
        asked: terms in place of those that held.
        at: logical time of the run.

    Raises:
        InvalidInputError: when the start lies outside the period, or the plan does not fit the subscription.
        ConflictError: when these terms hold already.
    """
    subscription = find_subscription(connection, bill.subscription_id)
    changed = [(span, span.terms.changed_by(asked.terms)) for span in _terms_of(connection, bill, _within(bill, asked))]
    changed = [(span, terms) for span, terms in changed if terms != span.terms]
    if not changed:
        raise ConflictError(
            f"Bill {bill.bill_id} is priced by these terms already: there is nothing to correct. Check the plan and "
            "the discount."
        )
    keys = []
    for span, terms in changed:
        if terms.price_plan is not None:
            refuse_unfit_plan(connection, subscription, terms.price_plan, span.start, until=span.end)
        keys.append(insert_offer(connection, _entry(bill, asked, span, terms, at)))
    return keys[0]


def _within(bill: Row[Any], asked: Correction) -> Window:
    start = bill.period_start if asked.effective_from is None else asked.effective_from
    if not bill.period_start <= start < bill.period_end:
        rule = f"lies outside the period of bill {bill.bill_id}, {Window(bill.period_start, bill.period_end)}"
        raise InvalidInputError("From", start.isoformat(), rule, "Leave it empty for the whole period.")
    return Window(start, bill.period_end)


def _terms_of(connection: Connection, bill: Row[Any], window: Window) -> list[TermsSpan]:
    parameters = {
        "subscription_key": bill.subscription_key,
        "window_start": window.start,
        "window_end": window.end,
    }
    rows = connection.execute(statement("billing/corrections/list_offers"), parameters)
    offers = [OfferInForce(start, end, Terms(price_plan, percent)) for start, end, price_plan, percent in rows]
    return spans_of_terms(offers, window)


def _entry(bill: Row[Any], asked: Correction, span: TermsSpan, terms: Terms, at: datetime) -> dict[str, Any]:
    return {
        "subscription_key": bill.subscription_key,
        "effective_from": span.start,
        "effective_until": span.end,
        "price_plan": terms.price_plan,
        "discount_percent": terms.discount_percent,
        "reason": asked.reason,
        "entered_by": asked.by,
        "at": at,
        "correction_id": asked.correction_id,
    }
