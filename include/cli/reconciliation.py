"""Commands about the Marketplace's bills and settlements: `akubill reconciliation …`; `akubill reconcile` on files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Form, Listing, person, print_error, print_rows, say

if TYPE_CHECKING:
    from include.cli.output import Columns

app = typer.Typer(
    name="reconciliation", help="Compare our bills with the Marketplace's, and show the verdicts.", no_args_is_help=True
)

_SHOWN = 60
Period = Annotated[str | None, typer.Option("--period", help="Billing period, YYYY-MM.")]


@app.command()
def run(period: Period = None) -> None:
    """Fetch the Marketplace's charges and compare; without a period: the last month, and all that wait for it.

    The exit code is 1 where there was nothing to compare, too.
    """
    from include.orchestration import connections
    from include.orchestration.reconciliation import compare_cycle, fetch_cycle, name_open_findings
    from include.reconciliation.compare import find_cycles
    from include.reconciliation.report import report_open_points

    warehouse, at = connections.warehouse(), datetime.now(UTC)
    failures: dict[str, dict[str, str]] = {}
    compared_count = 0
    for cycle in find_cycles(warehouse, at, period):
        failures[cycle] = fetch_cycle(cycle, at)
        compared = compare_cycle(cycle, at, person())
        say(f"{cycle}: {compared.summary}")
        compared_count += sum(compared.verdicts.values())
    report_open_points(failures, name_open_findings(at))
    if not compared_count:
        raise typer.Exit(1)


@app.command("list")
def list_stored(period: Period = None, form: Form = Listing.TABLE) -> None:
    """List the stored verdicts, of one period or of all."""
    from include.orchestration.connections import warehouse
    from include.reconciliation.compare import list_verdicts

    columns: Columns = {
        "Period": "period",
        "Subscription": "subscription_id",
        "Ours": "our_amount",
        "Marketplace": "marketplace_amount",
        "Difference": "difference",
        "Currency": "currency",
        "Verdict": lambda row: row["verdict"] if row["is_final"] else f"{row['verdict']} (provisional)",
    }
    fields = (
        *("period", "subscription_id", "environment_name", "our_amount", "marketplace_amount", "difference"),
        *("currency", "verdict", "is_final", "sentence"),
    )
    rows = [{name: getattr(verdict, name) for name in fields} for verdict in list_verdicts(warehouse(), period)]
    nothing = "Nothing was compared yet. Run `akubill reconciliation run`."
    print_rows(form, rows, columns=columns, fields=fields, nothing=nothing)


@app.command("findings")
def list_open_findings(
    period: Period = None,
    with_closed: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    form: Form = Listing.TABLE,
) -> None:
    """List what the Marketplace's final bill does not confirm, the oldest first, with owner and age."""
    from include.orchestration.connections import warehouse
    from include.reconciliation.findings import list_findings

    columns: Columns = {
        "Finding": "finding_key",
        "Period": "period",
        "For": "charged_id",
        "Kind": "kind",
        "Difference": "difference",
        "Currency": "currency",
        "Owner": "owner",
        "Age": lambda row: f"{row['age_seconds'] // 86400} d",
        "Closed": lambda row: row["closed_as"] or "",
    }
    fields = (
        *("finding_key", "period", "account_id", "charged_id", "kind", "difference", "currency", "owner", "opened_at"),
        *("age_seconds", "closed_at", "closed_as", "closed_by", "reason", "sentence"),
    )
    at = datetime.now(UTC)
    rows = [
        {name: getattr(each, name) for name in fields if name != "age_seconds"}
        | {"age_seconds": int(each.age(at).total_seconds())}
        for each in list_findings(warehouse(), period, with_closed=with_closed)
    ]
    print_rows(form, rows, columns=columns, fields=fields, nothing="No finding is open.")


@app.command("days")
def list_differing_days(
    period: Annotated[str, typer.Option("--period", help="Billing period, YYYY-MM.")],
    subscription: Annotated[str | None, typer.Option("--subscription", help="Only this one.")] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="Draw the days into this file, too.")] = None,
    form: Form = Listing.TABLE,
) -> None:
    """List the days on which the Marketplace's hours differ from ours, and draw them."""
    from include.domain.errors import InvalidInputError
    from include.orchestration.connections import warehouse
    from include.reconciliation.hours.days import draw_days, list_days, say_days
    from include.warehouse.private_files import write_file

    if svg is not None and svg.suffix != ".svg":
        # Whatever is in the file is lost, so a name that was meant for something else is not taken.
        rule = "does not end in .svg"
        raise InvalidInputError("Picture", str(svg)[:_SHOWN], rule, "Write a name like differences.svg.")
    days = list_days(warehouse(), period, subscription)
    columns: Columns = {
        "Subscription": "subscription_id",
        "Day (UTC+8)": "day",
        "Difference": "difference",
        "Currency": "currency",
        "Hours": "hours",
    }
    fields = ("subscription_id", "day", "difference", "currency", "hours", "causes", "sentence")
    rows = [{name: getattr(each, name) for name in fields} | {"day": f"{each.day}"} for each in days]
    print_rows(form, rows, columns=columns, fields=fields, nothing=say_days(days))
    if svg is not None:
        try:
            write_file(svg, draw_days(period, days).encode())
        except OSError as error:
            rule = f"cannot be written ({error.strerror})"
            raise InvalidInputError("Picture", str(svg)[:_SHOWN], rule, "Name a file in a folder of yours.") from None
    if form is Listing.TABLE and days:
        say(say_days(days))


@app.command()
def explain(
    findings: Annotated[list[int], typer.Argument(help="Numbers of findings.")],
    reason: Annotated[str, typer.Option("--reason", help="What explains the difference: 10 to 500 characters.")],
) -> None:
    """Close open findings by an explanation, all that are named or none, in the name of the user of this computer."""
    from include.orchestration.connections import warehouse
    from include.reconciliation.findings import explain_findings

    say(explain_findings(warehouse(), findings, person(), reason, datetime.now(UTC)))


@app.command("import-settlement")
def import_settlement_file(
    file: Annotated[Path, typer.Argument(help="CSV with charged_id, period, kind, amount, currency.")],
) -> None:
    """Import a settlement export; the same file again changes nothing.

    A line that breaks a rule is said on standard error. The others are stored, and the exit code is 1.
    """
    from include.orchestration.connections import warehouse
    from include.reconciliation.settlements.import_file import import_settlement

    done = import_settlement(warehouse(), file, datetime.now(UTC), person())
    for mistake in done.wrong:
        print_error(mistake)
    lines = "line" if done.items == 1 else "lines"
    if done.imported_before:
        say(f"{file.name} was imported before; nothing has changed.")
    else:
        say(f"{file.name}: {done.items:,} {lines} stored, {len(done.wrong):,} rejected.")
    if done.periods:
        say(f"See `akubill reconciliation settlements` for {', '.join(done.periods)}.")
    if done.wrong:
        raise typer.Exit(1)


@app.command("settlements")
def list_settlements(period: Period = None, form: Form = Listing.TABLE) -> None:
    """Compare the imported settlement exports with our bills, of one period or of all."""
    from include.orchestration.connections import warehouse
    from include.reconciliation.settlements.compare import list_settlement_verdicts

    columns: Columns = {
        "Period": "period",
        "Subscription": "subscription_id",
        "Ours": "our_amount",
        "Settled": "settled_amount",
        "Difference": "difference",
        "Currency": "currency",
        "Verdict": "verdict",
    }
    fields = (
        *("period", "subscription_id", "our_amount", "settled_amount", "refunded", "difference", "currency"),
        *("verdict", "sentence"),
    )
    verdicts = list_settlement_verdicts(warehouse(), period)
    rows = [{name: getattr(verdict, name) for name in fields} for verdict in verdicts]
    nothing = "No settlement export has that. Run `akubill reconciliation import-settlement FILE`."
    print_rows(form, rows, columns=columns, fields=fields, nothing=nothing)


def reconcile(
    ours: Annotated[
        Path, typer.Option("--ours", help="CSV with subscription_id, hour, amount, currency: our amounts.")
    ],
    theirs: Annotated[Path, typer.Option("--theirs", help="The same of the Marketplace; refunds are negative.")],
    form: Form = Listing.TABLE,
) -> None:
    """Compare amounts by hour from two files, with a verdict on each hour and what may explain it.

    A row that breaks a rule is said on standard error. The others are compared, and the exit code is 1.
    """
    from include.reconciliation.hours.compare_files import compare_files
    from include.warehouse.embedded import temporary_warehouse

    with temporary_warehouse() as scratch:
        verdicts, wrong = compare_files(scratch, ours, theirs)
    for mistake in wrong:
        print_error(mistake)
    columns: Columns = {
        "Subscription": "subscription_id",
        "Hour": "hour",
        "Ours": "our_amount",
        "Marketplace": "marketplace_amount",
        "Difference": "difference",
        "Currency": "currency",
        "Verdict": "verdict",
        "What it may be": lambda row: row["hypothesis"] or "",
    }
    fields = (
        *("subscription_id", "hour", "our_amount", "marketplace_amount", "difference", "currency", "verdict"),
        *("hypothesis", "sentence"),
    )
    rows = [
        {name: getattr(each, name) for name in fields if name != "hour"}
        | {"hour": f"{each.hour_start:%Y-%m-%dT%H:%M:%SZ}"}
        for each in verdicts
    ]
    print_rows(form, rows, columns=columns, fields=fields, nothing="Neither file has an hour.")
    if wrong:
        raise typer.Exit(1)
