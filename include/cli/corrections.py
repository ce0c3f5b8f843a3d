"""`akubill corrections request|withdraw|list`: corrections of issued bills."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Form, Listing, person, print_rows, say

if TYPE_CHECKING:
    from include.cli.output import Columns

app = typer.Typer(name="corrections", help="Corrections of issued bills.", no_args_is_help=True)

Plan = Annotated[str | None, typer.Option("--plan", help="Name of a published plan.")]
Discount = Annotated[str | None, typer.Option("--discount", help="Discount in per cent, like 12.5.")]


class Cause(StrEnum):
    """What was wrong."""

    LATE_USAGE = "late_usage"
    PRICE = "price"
    DISCOUNT = "discount"
    REFUND = "refund"


class Delivery(StrEnum):
    """How a correction reaches the customer."""

    NEXT_BILL = "next_bill"
    NOTE = "note"


class State(StrEnum):
    """Which corrections are listed."""

    PENDING = "pending"
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"
    ALL = "all"


@app.command("request")
def request(
    subscription: Annotated[str, typer.Argument(help="Id of the subscription whose bill it is.")],
    bill: Annotated[str, typer.Argument(help="Id of the issued bill, or of a note that corrected it.")],
    *,
    cause: Annotated[Cause, typer.Option("--cause", help="late_usage, price, discount or refund.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the customer: 10 to 500 characters.")],
    delivery: Annotated[Delivery, typer.Option("--delivery", help="next_bill or note.")] = Delivery.NEXT_BILL,
    plan: Plan = None,
    discount: Discount = None,
    start: Annotated[str | None, typer.Option("--from", help="For price and discount: from when on.")] = None,
    amount: Annotated[str | None, typer.Option("--refund", help="For refund: amount before tax.")] = None,
    line: Annotated[
        int | None, typer.Option("--line", min=1, max=100_000, help="For refund: number of the bill's line.")
    ] = None,
    with_what_waits: Annotated[
        bool, typer.Option("--with-what-waits", help="For a note: also issue what else waits for the bill.")
    ] = False,
    refunds_may_exceed: Annotated[
        bool,
        typer.Option("--refunds-may-exceed", help="For a note: it was agreed that refunds exceed what the bill costs."),
    ] = False,
) -> None:
    """Correct an issued bill, in the name of the user of this computer.

    The same command again is the same correction: a further one like it needs another reason.
    """
    from include.billing.corrections.correct import correct_bill
    from include.billing.corrections.requests import read_correction
    from include.billing.prices.offers import time_zone_of
    from include.orchestration.connections import warehouse

    asked = read_correction(
        subscription=subscription,
        bill=bill,
        cause=cause.value,
        delivery=delivery.value,
        reason=reason,
        by=person(),
        origin="command line",
        price_plan=plan,
        discount_percent=discount,
        effective_from=start,
        refund_amount=amount,
        refund_line=line,
        with_what_waits=with_what_waits,
        refunds_may_exceed=refunds_may_exceed,
        zone=time_zone_of(warehouse(), subscription),
    )
    say(correct_bill(warehouse(), asked, datetime.now(UTC)).describe())


@app.command("withdraw")
def withdraw(
    correction: Annotated[str, typer.Argument(help="Id of a correction that waits, like cor-….")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is taken back: 10 to 500 characters.")],
) -> None:
    """Take back a correction that no issued document has, in the name of the user of this computer."""
    from include.billing.corrections.withdraw import read_withdrawal, withdraw_correction
    from include.orchestration.connections import warehouse

    asked = read_withdrawal(correction=correction, reason=reason, by=person())
    say(withdraw_correction(warehouse(), asked, datetime.now(UTC)).describe())


@app.command("list")
def list_asked(
    state: Annotated[State, typer.Option("--state", help="pending, applied, withdrawn or all.")] = State.ALL,
    form: Form = Listing.TABLE,
) -> None:
    """List requested corrections, and late usage that waits without a request."""
    from include.billing.corrections.correct import ListedCorrection, list_corrections
    from include.orchestration.connections import warehouse

    stored = list_corrections(warehouse(), None if state is State.ALL else state.value)
    rows = [row._asdict() for row in stored]
    columns: Columns = {
        "Correction": "correction_id",
        "Bill": "bill_id",
        "Cause": "cause",
        "Delivery": "delivery",
        "State": "state",
        "Document": "document_id",
        "Asked by": "requested_by",
        "Withdrawn by": "withdrawn_by",
        "Reason": "reason",
    }
    nothing = "There is no correction." if state is State.ALL else f"No correction is {state.value}."
    print_rows(form, rows, columns=columns, fields=ListedCorrection._fields, nothing=nothing)
