"""Commands about what was agreed and what was wrong: `akubill offers add|list`, `akubill corrections request|list`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from getpass import getuser
from typing import Annotated, Any

import typer

from include.cli.output import print_table, say

offers = typer.Typer(name="offers", help="One subscription's own plan or discount.", no_args_is_help=True)
corrections = typer.Typer(name="corrections", help="Corrections of issued bills.", no_args_is_help=True)

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
    ALL = "all"


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"


@offers.command("add")
def add(
    subscription: Annotated[str, typer.Argument(help="Id of the subscription, like sub-….")],
    *,
    start: Annotated[str, typer.Option("--from", help="From when it holds, with an offset.")],
    reason: Annotated[str, typer.Option("--reason", help="What was agreed: 10 to 500 characters.")],
    plan: Plan = None,
    discount: Discount = None,
    until: Annotated[str | None, typer.Option("--until", help="Until when it holds (exclusive).")] = None,
) -> None:
    """Enter an offer, in the name of the user of this computer."""
    from include.billing.prices.offers import add_offer, read_offer
    from include.orchestration.connections import warehouse

    offer = read_offer(
        subscription=subscription,
        effective_from=start,
        effective_until=until,
        price_plan=plan,
        discount_percent=discount,
        reason=reason,
        by=_person(),
    )
    say(add_offer(warehouse(), offer, datetime.now(UTC)).describe(offer))


@offers.command("list")
def list_entered(
    subscription: Annotated[str | None, typer.Option("--subscription", help="Only offers of this one.")] = None,
    form: Annotated[Format, typer.Option("--format", help="table or json.")] = Format.TABLE,
) -> None:
    """List offers in the order in which they were entered; the last one that holds counts."""
    from include.billing.prices.offers import list_offers
    from include.orchestration.connections import warehouse

    rows = [row._mapping for row in list_offers(warehouse(), subscription)]  # noqa: SLF001 (SQLAlchemy's)
    columns = {
        "Offer": "offer_key",
        "Subscription": "subscription_id",
        "From": "effective_from",
        "Until": "effective_until",
        "Plan": "price_plan",
        "Discount": "discount_percent",
        "Entered by": "entered_by",
        "Reason": "reason",
    }
    _print(form, columns, rows, "There is no private offer.")


@corrections.command("request")
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
) -> None:
    """Correct an issued bill, in the name of the user of this computer.

    The same command again is the same correction: a further one like it needs another reason.
    """
    from include.billing.corrections.correct import correct_bill
    from include.billing.corrections.requests import read_correction
    from include.orchestration.connections import warehouse

    asked = read_correction(
        subscription=subscription,
        bill=bill,
        cause=cause.value,
        delivery=delivery.value,
        reason=reason,
        by=_person(),
        origin="command line",
        price_plan=plan,
        discount_percent=discount,
        effective_from=start,
        refund_amount=amount,
        refund_line=line,
    )
    say(correct_bill(warehouse(), asked, datetime.now(UTC)).describe())


@corrections.command("list")
def list_asked(
    state: Annotated[State, typer.Option("--state", help="pending, applied or all.")] = State.ALL,
    form: Annotated[Format, typer.Option("--format", help="table or json.")] = Format.TABLE,
) -> None:
    """List requested corrections, and late usage that waits without a request."""
    from include.billing.corrections.correct import list_corrections
    from include.orchestration.connections import warehouse

    stored = list_corrections(warehouse(), None if state is State.ALL else state.value)
    rows = [row._mapping for row in stored]  # noqa: SLF001 (SQLAlchemy's)
    columns = {
        "Correction": "correction_id",
        "Bill": "bill_id",
        "Cause": "cause",
        "Delivery": "delivery",
        "State": "state",
        "Document": "document_id",
        "Asked by": "requested_by",
        "Reason": "reason",
    }
    _print(form, columns, rows, "There is no correction." if state is State.ALL else f"No correction is {state.value}.")


def _print(form: Format, columns: dict[str, str], rows: list[Any], nothing: str) -> None:
    if form is Format.JSON:
        print(json.dumps([dict(row) for row in rows], indent=2, default=_plain))  # noqa: T201 (the output)
    elif rows:
        print_table(tuple(columns), [tuple(_text(row[name]) for name in columns.values()) for row in rows])
    else:
        say(nothing)


def _text(value: object) -> str:
    return "—" if value is None else str(_plain(value)) if isinstance(value, datetime) else str(value)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _person() -> str:
    return f"{getuser()} (command line)"
