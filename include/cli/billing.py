"""Commands about prices and bills: `akubill quote`, `akubill bills …`, `akubill plan …`."""

from __future__ import annotations

import enum
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.billing.quotes import Quote
    from include.domain.price_plans import PricePlan

bills = typer.Typer(help="List, show, explain and close bills.", no_args_is_help=True)
plan = typer.Typer(help="Check and publish price plans.", no_args_is_help=True)
console = Console(highlight=False, soft_wrap=True)


class Format(enum.StrEnum):
    """How an answer is printed."""

    JSON = "json"
    TABLE = "table"


PlanFile = Annotated[Path, typer.Option("--plan", help="Price plan, a YAML file.")]
UsageFile = Annotated[Path, typer.Option("--usage", help="CSV: subscription_id, instance_id, hour, aku_seconds.")]
QuotedPeriod = Annotated[str, typer.Option("--period", help="Billing period, YYYY-MM in the plan's time zone.")]
As = Annotated[Format, typer.Option("--format", help="json for programs, table for people.")]
BillId = Annotated[str, typer.Argument(help="Id of the bill, like 2026-10-sub-….")]


def quote(plan: PlanFile, usage: UsageFile, period: QuotedPeriod, output: As = Format.TABLE) -> None:
    """Price usage from a file by a price plan from a file, without touching stored bills."""
    from include.catalog.loader import load_price_plan

    quoted = _quote(load_price_plan(plan), usage, period)
    if quoted.outside_count:
        typer.echo(f"{quoted.outside_count} row(s) lie outside the period {period} and were left out.", err=True)
    if output is Format.JSON:
        typer.echo(json.dumps({"bills": quoted.bills}, indent=2))
    else:
        _print_quote(quoted.bills)


def _quote(plan: PricePlan, usage: Path, period: str) -> Quote:
    """On a server of its own, which is gone afterwards."""
    from include.billing.quotes import quote as price
    from include.domain.periods import BillingPeriod
    from include.warehouse.embedded import scratch_warehouse, start_server
    from include.warehouse.server import stop

    BillingPeriod(period, plan.time_zone)  # a wrong name is said before a server is started
    with tempfile.TemporaryDirectory(prefix="akubill-quote-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "postgres"
        try:
            with scratch_warehouse(start_server(data)) as scratch:
                return price(scratch, plan, usage, period)
        finally:
            stop(data)


def _print_quote(quoted: list[dict[str, Any]]) -> None:
    rows = [
        (bill["subscription_id"], line["kind"], line["quantity"], line["unit_price"], line["amount"], bill["currency"])
        for bill in quoted
        for line in bill["lines"]
    ]
    _print_table(("Subscription", "Line", "AKU-hours", "Unit price", "Amount", "Currency"), rows)


@plan.command("check")
def check_plan(file: Annotated[Path, typer.Argument(help="Price plan, a YAML file.")]) -> None:
    """Read a price plan and say whether it is right."""
    from include.catalog.loader import load_price_plan

    checked = load_price_plan(file)
    console.print(f"{file} is right: plan {checked.name}, {checked.currency}, {len(checked.versions)} version(s).")


@plan.command("publish")
def publish_plan(
    files: Annotated[list[Path] | None, typer.Argument(help="Price plans; none: all of the catalogue.")] = None,
) -> None:
    """Publish price plans to the warehouse; what is published never changes."""
    from include.billing.plans import publish_price_plans
    from include.catalog.loader import catalog_price_plans, load_price_plan
    from include.orchestration.connections import warehouse

    plans = [load_price_plan(file) for file in files] if files else catalog_price_plans()
    for published in publish_price_plans(warehouse(), plans):
        console.print(f"{published.name}: {published.new_version_count} new version(s) published.")


@bills.command("list")
def list_bills(
    period: Annotated[str | None, typer.Option("--period", help="Billing period, YYYY-MM; all when left out.")] = None,
) -> None:
    """List bills, by period and subscription."""
    from include.billing.explain import list_bills as stored_bills
    from include.orchestration.connections import warehouse

    rows = [
        (row.bill_id, row.subscription_id, row.period, row.state, f"{row.total:f}", row.currency)
        for row in stored_bills(warehouse(), period)
    ]
    _print_table(("Bill", "Subscription", "Period", "State", "Total", "Currency"), rows)


@bills.command("show")
def show_bill(bill_id: BillId) -> None:
    """Show a bill with its lines, and why it is held if it is."""
    from include.billing.explain import explain_bill
    from include.cli.bill_text import describe_bill
    from include.orchestration.connections import warehouse

    console.print(describe_bill(explain_bill(warehouse(), bill_id)), markup=False)


@bills.command("explain")
def explain(
    bill_id: BillId, line: Annotated[int | None, typer.Argument(help="Number of a line; all when left out.")] = None
) -> None:
    """Explain a bill: line, price plan version, hours with their rounding, instances."""
    from include.billing.explain import explain_bill
    from include.cli.bill_text import describe_bill
    from include.orchestration.connections import warehouse

    console.print(describe_bill(explain_bill(warehouse(), bill_id, line), with_hours=True), markup=False)


@bills.command("close")
def close(
    period: Annotated[str, typer.Option("--period", help="Billing period, YYYY-MM.")],
    zone: Annotated[str | None, typer.Option("--time-zone", help="The plans' zone; else the seller's.")] = None,
) -> None:
    """Close a billing period: draft, audit, then hold or issue each bill."""
    from include.billing.close import close_period
    from include.billing.plans import publish_price_plans
    from include.catalog.loader import catalog_price_plans, load_product
    from include.domain.periods import BillingPeriod
    from include.orchestration.connections import warehouse

    named = BillingPeriod(period, zone or load_product().seller_time_zone)
    engine = warehouse()
    publish_price_plans(engine, catalog_price_plans())
    console.print(close_period(engine, named, datetime.now(UTC)).describe(), markup=False)


def _print_table(headings: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    table = Table(*headings, box=None)
    for row in rows:
        table.add_row(*row)
    console.print(table)
