"""Commands about bills: `akubill bills list|show|close`; further ones stand in bill_checks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from include.cli.output import print_table, say

bills = typer.Typer(help="List, show, explain and close bills.", no_args_is_help=True)

BillId = Annotated[str, typer.Argument(help="Id of the bill, like 2026-10-sub-….")]


@bills.command("list")
def list_bills(
    period: Annotated[str | None, typer.Option("--period", help="Billing period, YYYY-MM; all when left out.")] = None,
) -> None:
    """List bills, by period and subscription."""
    from include.billing.evidence.explain import list_bills as stored_bills
    from include.orchestration.connections import warehouse

    rows = [
        (row.bill_id, row.subscription_id, row.period, row.state, f"{row.total:f}", row.currency)
        for row in stored_bills(warehouse(), period)
    ]
    print_table(("Bill", "Subscription", "Period", "State", "Total", "Currency"), rows)


@bills.command("show")
def show_bill(bill_id: BillId) -> None:
    """Show a bill with its lines, and why it is held if it is."""
    from include.billing.evidence.explain import Depth, explain_bill
    from include.cli.bill_text import describe_bill
    from include.orchestration.connections import warehouse

    say(describe_bill(explain_bill(warehouse(), bill_id, depth=Depth.LINES)))


@bills.command("close")
def close(
    period: Annotated[str, typer.Option("--period", help="Billing period, YYYY-MM.")],
    zone: Annotated[str | None, typer.Option("--time-zone", help="The plans' zone; else the seller's.")] = None,
) -> None:
    """Close a billing period: draft, audit, then hold or issue each bill."""
    from include.billing.bills.close import close_period
    from include.billing.prices.plans import publish_price_plans
    from include.catalog.loader import catalog_price_plans, load_product
    from include.cli.bill_life import person, print_missing
    from include.domain.periods import BillingPeriod
    from include.orchestration.connections import warehouse

    named = BillingPeriod(period, load_product().seller_time_zone if zone is None else zone)
    engine = warehouse()
    publish_price_plans(engine, catalog_price_plans())
    closed = close_period(engine, named, datetime.now(UTC), person())
    say(closed.describe())
    print_missing(closed.describe_missing())
