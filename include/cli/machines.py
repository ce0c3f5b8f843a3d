"""Commands about machines that run the paid image: `akubill machines check|list`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from include.cli.output import print_table, say

app = typer.Typer(
    name="machines", help="Compare machines that run the paid image with metered instances.", no_args_is_help=True
)


@app.command()
def check() -> None:
    """Compare what was seen before, and see what runs now, as machine_inventory does every hour."""
    from include.alibaba.ecs import Ecs
    from include.operations.machines import list_machines
    from include.operations.machines_check import compare_machines, list_discrepancies, report_machines
    from include.orchestration import connections

    warehouse, now = connections.warehouse(), datetime.now(UTC)
    compared = compare_machines(warehouse, now)
    listed = list_machines(warehouse, now, lambda account_id: Ecs(connections.buyer_access(account_id)))
    for counts in (compared.counts(), listed.counts()):
        say(", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items()))
    report_machines(listed.failures, list_discrepancies(warehouse))
    if not listed.buyers:
        say("Nothing was checked: there is no buyer whose machines could be listed.")
        raise typer.Exit(1)


@app.command("list")
def list_stored(
    with_resolved: Annotated[bool, typer.Option("--all", help="Those that are resolved, too.")] = False,
) -> None:
    """List what disagrees."""
    from include.operations.machines_check import list_discrepancies
    from include.orchestration.connections import warehouse

    findings = list_discrepancies(warehouse(), with_resolved=with_resolved)
    if not findings:
        say("Nothing disagrees, as far as machines were listed. Run `akubill machines check`.")
        return
    headings = (
        *("Discrepancy", "Buyer", "Region", "Environment", "Instance", "Machine hours"),
        *("First seen", "Last seen", "State"),
    )
    rows = []
    for one in findings:
        seen = (f"{instant:%Y-%m-%d %H:%M}Z" for instant in (one.first_seen_at, one.last_seen_at))
        place = (one.account_id, one.region, one.environment_id or "—", one.instance_id or "—")
        rows.append((one.kind.replace("_", " "), *place, str(one.machine_hours), *seen, one.state))
    print_table(headings, rows)
