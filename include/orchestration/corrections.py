"""Corrections and private offers as a run's form gives them."""

from __future__ import annotations

from include.orchestration import pages
from include.orchestration.outcomes import leave_sentence


def correct_bill_of_run() -> str:
    """Correct what the run's form names, in the name of the Airflow user who triggered it; says what became of it.

    Raises:
        InvalidInputError: when the form is wrong, or the run has no triggering user.
        ConflictError: when the bill is not issued, nothing is to be corrected, there is no next bill, or more waits.
    """
    from airflow.sdk import get_current_context

    from include.billing.corrections.correct import correct_bill
    from include.billing.corrections.requests import read_correction
    from include.billing.prices.offers import time_zone_of
    from include.orchestration import connections, work

    form, warehouse = work.form(), connections.warehouse()
    asked = read_correction(
        subscription=form["subscription"],
        bill=form["bill"],
        cause=form["cause"],
        delivery=form["delivery"],
        reason=form["reason"],
        by=work.triggering_user(),
        origin=get_current_context()["dag_run"].run_id,
        price_plan=form["price_plan"],
        discount_percent=form["discount_percent"],
        effective_from=form["from"],
        refund_amount=form["refund_amount"],
        refund_line=form["refund_line"],
        with_what_waits=form["with_what_waits"],
        refunds_may_exceed=form["refunds_may_exceed"],
        zone=time_zone_of(warehouse, form["subscription"]),
    )
    done = correct_bill(warehouse, asked, work.database_instant(warehouse))
    return leave_sentence(done.describe(), page=pages.bill(done.document_id or done.bill_id))


def withdraw_correction_of_run() -> str:
    """Take back what the run's form names, in the name of the Airflow user who triggered it; says what became of it.

    Raises:
        InvalidInputError: when the form is wrong, or the run has no triggering user.
        ConflictError: when a document has the correction, or something else speaks against it.
    """
    from include.billing.corrections.withdraw import read_withdrawal, withdraw_correction
    from include.orchestration import connections, work

    form = work.form()
    asked = read_withdrawal(
        correction=form["correction"],
        reason=form["reason"],
        by=work.triggering_user(),
    )
    warehouse = connections.warehouse()
    done = withdraw_correction(warehouse, asked, work.database_instant(warehouse))
    return leave_sentence(done.describe(), page=pages.bill(done.bill_id))


def list_waiting() -> list[str]:
    """What still waits for a next bill or for a person, a line each."""
    from include.billing.corrections.correct import list_corrections
    from include.orchestration import connections

    return [
        f"{row.bill_id}: {row.cause}, "
        f"{'waits for the next bill' if row.delivery else 'has no next bill: correct it with a note'} ({row.reason})"
        for row in list_corrections(connections.warehouse(), "pending")
    ]


def add_offer_of_run() -> str:
    """Enter the offer of the run's form in the name of the Airflow user who triggered it; says what was entered.

    Raises:
        InvalidInputError: when the form is wrong, or the run has no triggering user.
        ConflictError: when the subscription ended before, or an issued bill covers a part of the offer's time.
    """
    from include.billing.prices.offers import add_offer, read_offer, time_zone_of
    from include.orchestration import connections, work

    form, warehouse = work.form(), connections.warehouse()
    offer = read_offer(
        subscription=form["subscription"],
        effective_from=form["from"],
        effective_until=form["until"],
        price_plan=form["price_plan"],
        discount_percent=form["discount_percent"],
        reason=form["reason"],
        by=work.triggering_user(),
        zone=time_zone_of(warehouse, form["subscription"]),
    )
    done = add_offer(warehouse, offer, work.database_instant(warehouse))
    return leave_sentence(done.describe(offer), page=pages.subscription(offer.subscription_id))
