"""Commands about prices: `akubill quote` and `akubill plan …`."""

from __future__ import annotations

import json
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.output import Form, Listing, print_rows, say

if TYPE_CHECKING:
    from include.cli.output import Columns
    from include.domain.price_plans import PricePlan

app = typer.Typer(help="Check, compare and publish price plans.", no_args_is_help=True)


_USAGE_FILE = "CSV, JSON Lines or Parquet with the columns subscription_id, instance_id, hour, aku_seconds."
PlanFile = Annotated[Path, typer.Option("--plan", help="Price plan, a YAML file.")]
UsageFile = Annotated[Path, typer.Option("--usage", help=_USAGE_FILE)]
OptionalUsageFile = Annotated[
    Path | None,
    typer.Option("--usage", help=f"{_USAGE_FILE} Without it: what was metered."),
]
QuotedPeriod = Annotated[str, typer.Option("--period", help="Billing period, YYYY-MM in the plan's time zone.")]
_QUOTED = ("subscription_id", "kind", "quantity", "unit_price", "amount", "currency")


def quote(plan: PlanFile, usage: UsageFile, period: QuotedPeriod, form: Form = Listing.TABLE) -> None:
    """Price usage from a file by a price plan from a file, without touching stored bills."""
    from include.billing.quotes.quote import quote as price
    from include.catalog.loader import load_price_plan
    from include.domain.periods import BillingPeriod
    from include.warehouse.embedded import temporary_warehouse

    loaded = load_price_plan(plan)
    BillingPeriod(period, loaded.time_zone)  # a wrong name is said before a server is started
    with temporary_warehouse() as scratch:
        quoted = price(scratch, loaded, usage, period)
    if quoted.outside_count:
        typer.echo(f"{quoted.outside_count} row(s) lie outside the period {period} and were left out.", err=True)
    if form is Listing.JSON:
        typer.echo(json.dumps({"bills": quoted.bills}, indent=2))
        return
    columns: Columns = {
        "Subscription": "subscription_id",
        "Line": "kind",
        "Quantity": lambda row: row["quantity"] or "",
        "Unit price": lambda row: row["unit_price"] or "",
        "Amount": "amount",
        "Currency": "currency",
    }
    nothing = f"There is no usage in {period}."
    print_rows(form, _quoted(quoted.bills), columns=columns, fields=_QUOTED, nothing=nothing)


def _quoted(bills: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of each bill, and after them its total."""
    return [
        {**row, "subscription_id": bill["subscription_id"], "currency": bill["currency"]}
        for bill in sorted(bills, key=itemgetter("subscription_id"))
        for row in (*bill["lines"], {"kind": "total", "quantity": None, "unit_price": None, "amount": bill["total"]})
    ]


@app.command("check")
def check_plan(file: Annotated[Path, typer.Argument(help="Price plan, a YAML file.")]) -> None:
    """Read a price plan and say whether it is right, and what it says."""
    from include.catalog.loader import load_price_plan
    from include.domain.price_words import describe_plan

    checked = load_price_plan(file)
    say(f"{file} is right: plan {checked.name}, {checked.currency}, {len(checked.versions)} version(s).")
    for line in describe_plan(checked):
        say(line)


@app.command("diff")
def diff_plans(
    first: Annotated[Path, typer.Argument(help="Price plan, a YAML file.")],
    second: Annotated[Path, typer.Argument(help="The plan to compare it with.")],
    period: QuotedPeriod,
    usage: OptionalUsageFile = None,
    form: Form = Listing.TABLE,
) -> None:
    """Say what each customer would have paid by either of two price plans."""
    from include.billing.quotes.compare_plans import compare_plans
    from include.catalog.loader import load_price_plan
    from include.orchestration.connections import warehouse
    from include.warehouse.embedded import temporary_warehouse

    plans = load_price_plan(first), load_price_plan(second)
    metered = None if usage else warehouse()
    with temporary_warehouse() as scratch:
        compared = compare_plans(scratch, *plans, period, usage=usage, metered=metered)
    columns: Columns = {
        "Subscription": "subscription_id",
        plans[0].name: "first",
        plans[1].name: "second",
        "Difference": lambda row: f"{row['difference']:+f} {row['currency']}",
        "Change": lambda row: "" if row["change_percent"] is None else f"{row['change_percent']:+f} %",
    }
    fields = ("subscription_id", "currency", "first", "second", "difference")
    rows = [{name: getattr(one, name) for name in (*fields, "change_percent")} for one in compared]
    print_rows(form, rows, columns=columns, fields=fields, nothing=f"There is no usage in {period}.")


@app.command("publish")
def publish_plan(
    files: Annotated[list[Path] | None, typer.Argument(help="Price plans; none: all of the catalogue.")] = None,
) -> None:
    """Publish price plans to the warehouse; what is published never changes."""
    from include.billing.prices.plans import publish_price_plans
    from include.catalog.loader import catalog_price_plans, load_price_plan
    from include.orchestration.connections import warehouse

    plans: list[PricePlan] = [load_price_plan(file) for file in files] if files else catalog_price_plans()
    for published in publish_price_plans(warehouse(), plans):
        say(f"{published.name}: {published.new_version_count} new version(s) published.")
