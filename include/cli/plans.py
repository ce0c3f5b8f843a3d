"""Commands about prices: `akubill quote` and `akubill plan …`."""

from __future__ import annotations

import enum
import json
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.output import print_table, say

if TYPE_CHECKING:
    from include.domain.price_plans import PricePlan

plan = typer.Typer(help="Check, compare and publish price plans.", no_args_is_help=True)


class Format(enum.StrEnum):
    """How an answer is printed."""

    JSON = "json"
    TABLE = "table"


PlanFile = Annotated[Path, typer.Option("--plan", help="Price plan, a YAML file.")]
UsageFile = Annotated[Path, typer.Option("--usage", help="CSV: subscription_id, instance_id, hour, aku_seconds.")]
OptionalUsageFile = Annotated[
    Path | None,
    typer.Option("--usage", help="CSV: subscription_id, instance_id, hour, aku_seconds; else what was metered."),
]
QuotedPeriod = Annotated[str, typer.Option("--period", help="Billing period, YYYY-MM in the plan's time zone.")]
As = Annotated[Format, typer.Option("--format", help="json for programs, table for people.")]


def quote(plan: PlanFile, usage: UsageFile, period: QuotedPeriod, output: As = Format.TABLE) -> None:
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
    if output is Format.JSON:
        typer.echo(json.dumps({"bills": quoted.bills}, indent=2))
    else:
        _print_quote(quoted.bills)


def _print_quote(quoted: list[dict[str, Any]]) -> None:
    rows = [
        (bill["subscription_id"], line["kind"], line["quantity"], line["unit_price"], line["amount"], bill["currency"])
        for bill in quoted
        for line in bill["lines"]
    ]
    rows += [(bill["subscription_id"], "total", "", "", bill["total"], bill["currency"]) for bill in quoted]
    print_table(
        ("Subscription", "Line", "Quantity", "Unit price", "Amount", "Currency"), sorted(rows, key=itemgetter(0))
    )


@plan.command("check")
def check_plan(file: Annotated[Path, typer.Argument(help="Price plan, a YAML file.")]) -> None:
    """Read a price plan and say whether it is right, and what it says."""
    from include.catalog.loader import load_price_plan
    from include.domain.price_words import describe_plan

    checked = load_price_plan(file)
    say(f"{file} is right: plan {checked.name}, {checked.currency}, {len(checked.versions)} version(s).")
    for line in describe_plan(checked):
        say(line)


@plan.command("diff")
def diff_plans(
    first: Annotated[Path, typer.Argument(help="Price plan, a YAML file.")],
    second: Annotated[Path, typer.Argument(help="The plan to compare it with.")],
    period: QuotedPeriod,
    usage: OptionalUsageFile = None,
    output: As = Format.TABLE,
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
    if output is Format.JSON:
        typer.echo(json.dumps([each.as_json() for each in compared], indent=2))
    else:
        rows = [(each.subscription_id, *each.in_words()) for each in compared]
        print_table(("Subscription", plans[0].name, plans[1].name, "Difference", "Change"), rows)


@plan.command("publish")
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
