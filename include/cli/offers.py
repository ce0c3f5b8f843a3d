"""`akubill offers add|list`: private offers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Form, Listing, person, print_rows, say

if TYPE_CHECKING:
    from include.cli.output import Columns

app = typer.Typer(name="offers", help="One subscription's own plan or discount.", no_args_is_help=True)

Plan = Annotated[str | None, typer.Option("--plan", help="Name of a published plan.")]
Discount = Annotated[str | None, typer.Option("--discount", help="Discount in per cent, like 12.5.")]


@app.command("add")
def add(
    subscription: Annotated[str, typer.Argument(help="Id of the subscription, like sub-….")],
    *,
    start: Annotated[
        str, typer.Option("--from", help="From when it holds: a day, like 2026-12-01, or an instant with an offset.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="What was agreed: 10 to 500 characters.")],
    plan: Plan = None,
    discount: Discount = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Until when it holds (exclusive): a day or an instant.")
    ] = None,
) -> None:
    """Enter an offer, in the name of the user of this computer."""
    from include.billing.prices.offers import add_offer, read_offer, time_zone_of
    from include.orchestration.connections import warehouse

    offer = read_offer(
        subscription=subscription,
        effective_from=start,
        effective_until=until,
        price_plan=plan,
        discount_percent=discount,
        reason=reason,
        by=person(),
        zone=time_zone_of(warehouse(), subscription),
    )
    say(add_offer(warehouse(), offer, datetime.now(UTC)).describe(offer))


@app.command("list")
def list_entered(
    subscription: Annotated[str | None, typer.Option("--subscription", help="Only offers of this one.")] = None,
    form: Form = Listing.TABLE,
) -> None:
    """List offers in the order in which they were entered; the last one that holds counts."""
    from include.billing.prices.offers import list_offers
    from include.orchestration.connections import warehouse

    rows = [row._mapping for row in list_offers(warehouse(), subscription)]  # noqa: SLF001 (SQLAlchemy's)
    columns: Columns = {
        "Offer": "offer_key",
        "Subscription": "subscription_id",
        "From": "effective_from",
        "Until": "effective_until",
        "Plan": "price_plan",
        "Discount": "discount_percent",
        "Withdrawn": "is_withdrawn",
        "Entered by": "entered_by",
        "Reason": "reason",
    }
    fields = (
        *("offer_key", "subscription_id", "effective_from", "effective_until", "price_plan", "discount_percent"),
        *("is_withdrawn", "entered_by", "reason", "entered_at", "correction_id"),
    )
    print_rows(form, rows, columns=columns, fields=fields, nothing="There is no private offer.")
