"""Commands about the Marketplace's bills: `akubill reconciliation run|list`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from include.cli.output import print_table, say

app = typer.Typer(
    name="reconciliation", help="Compare our bills with the Marketplace's, and show the verdicts.", no_args_is_help=True
)

Period = Annotated[str | None, typer.Option("--period", help="Billing period, YYYY-MM.")]


@app.command()
def run(period: Period = None) -> None:
    """Fetch the Marketplace's charges and compare; without a period: the last month, and all that wait for it.

    The exit code is 1 where there was nothing to compare, too.
    """
    from include.alibaba.bss import Bss
    from include.orchestration import connections
    from include.reconciliation.charges import fetch_charges
    from include.reconciliation.compare import find_cycles, reconcile_period
    from include.reconciliation.report import report_open_points

    warehouse, at = connections.warehouse(), datetime.now(UTC)
    failures: dict[str, dict[str, str]] = {}
    unknown: list[str] = []
    compared_count = 0
    for cycle in find_cycles(warehouse, at, period):
        fetched = fetch_charges(warehouse, cycle, at, lambda account_id: Bss(connections.buyer_access(account_id)))
        compared = reconcile_period(warehouse, cycle, at)
        failures[cycle] = fetched.failures
        unknown += compared.unknown
        say(f"{cycle}: {compared.summary}")
        compared_count += sum(compared.verdicts.values())
    report_open_points(failures, unknown)
    if not compared_count:
        raise typer.Exit(1)


@app.command("list")
def list_stored(period: Period = None) -> None:
    """List the stored verdicts, of one period or of all."""
    from include.orchestration.connections import warehouse
    from include.reconciliation.compare import list_verdicts

    verdicts = list_verdicts(warehouse(), period)
    if not verdicts:
        say("Nothing was compared yet. Run `akubill reconciliation run`.")
        return
    headings = ("Period", "Subscription", "Ours", "Marketplace", "Difference", "Currency", "Verdict")
    rows = []
    for row in verdicts:
        amounts = ("—" if amount is None else f"{amount:f}" for amount in (row.our_amount, row.marketplace_amount))
        verdict = row.verdict if row.is_final else f"{row.verdict} (provisional)"
        rows.append((row.period, row.subscription_id, *amounts, f"{row.difference:f}", row.currency, verdict))
    print_table(headings, rows)
