"""The command about one subscription: `akubill subscriptions show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.output import Form, Listing, print_json, print_rows, say

if TYPE_CHECKING:
    from include.cli.output import Columns

app = typer.Typer(name="subscriptions", help="One subscription, from its order to both bills.", no_args_is_help=True)


@app.callback()
def subscriptions() -> None:
    """One subscription, from its order to both bills."""


@app.command()
def show(
    subscription: Annotated[str, typer.Argument(help="Its id.")],
    form: Form = Listing.TABLE,
) -> None:
    """Show order, service instance, environment, Kafka instances, and by month where the usage went and both bills.

    Amounts are before tax. CSV has the months only.
    """
    from include.domain.marketplace.agreement import PARTS
    from include.orchestration.connections import warehouse
    from include.reporting.subscriptions import find_chain

    with warehouse().connect() as connection:
        chain = find_chain(connection, subscription)
    if form is Listing.JSON:
        print_json({"subscription": chain.subscription, "instances": chain.instances, "periods": chain.periods})
        return
    if form is Listing.TABLE:
        _say_chain(chain.subscription, chain.instances)
    columns: Columns = {"Period": "period", "Metered": "metered"}
    columns |= {name.capitalize(): name for name in PARTS}
    columns |= {
        "Differing hours": "differing_hours",
        "Our bill": lambda row: _bill(row, "bill_subtotal", "bill_state"),
        "Lost": lambda row: _bill(row, "lost_amount"),
        "In doubt": lambda row: _bill(row, "unknown_amount"),
        "Marketplace": lambda row: _bill(row, "marketplace_amount", "verdict"),
    }
    fields = (
        *("period", "metered", *PARTS, "records", "differing_hours", "bill_id", "bill_state", "bill_subtotal"),
        *("currency", "usage_amount", "lost_amount", "unknown_amount", "marketplace_amount", "verdict"),
        "verdict_is_final",
    )
    print_rows(form, chain.periods, columns=columns, fields=fields, nothing="It has no usage and no bill yet.")


def _say_chain(found: dict[str, Any], instances: list[dict[str, Any]]) -> None:
    """The ids, one a line."""
    marketplace = ", ".join(filter(None, [found["sku_id"], found["marketplace_state"]]))
    say(f"Subscription          {found['subscription_id']} ({found['product']}, {found['payment']}, {found['state']})")
    say(f"Buyer                 {found['account_id']}")
    say(f"Order                 {found['order_id'] or '—'}")
    say(
        f"Marketplace instance  {found['marketplace_instance_id'] or '—'}"
        + (f" ({marketplace})" if marketplace else "")
    )
    say(f"Service instance      {found['service_instance_id'] or '—'}")
    say(f"Environment           {found['environment_id'] or '—'} ({found['environment_name']}, {found['region']})")
    say(f"Kafka instances       {', '.join(row['instance_id'] for row in instances) or '—'}")


def _bill(row: dict[str, Any], amount: str, state: str | None = None) -> str:
    if row[amount] is None:
        return (state and row[state]) or "—"
    said = f" ({row[state].replace('_', ' ')})" if state and row[state] else ""
    return f"{row[amount]:f} {row['currency']}{said}"
