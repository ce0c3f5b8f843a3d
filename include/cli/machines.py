"""Commands about machines that run the paid image: `akubill machines check|list`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Form, Listing, print_rows, say

if TYPE_CHECKING:
    from include.cli.output import Columns

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
    form: Form = Listing.TABLE,
) -> None:
    """List what disagrees."""
    from include.operations.machines_check import list_discrepancies
    from include.orchestration.connections import warehouse

    columns: Columns = {
        "Discrepancy": lambda row: row["kind"].replace("_", " "),
        "Buyer": "account_id",
        "Region": "region",
        "Environment": lambda row: row["environment_id"] or "—",
        "Instance": lambda row: row["instance_id"] or "—",
        "Machine hours": "machine_hours",
        "First seen": lambda row: f"{row['first_seen_at']:%Y-%m-%d %H:%M}Z",
        "Last seen": lambda row: f"{row['last_seen_at']:%Y-%m-%d %H:%M}Z",
        "State": "state",
    }
    fields = (
        *("kind", "account_id", "region", "environment_id", "instance_id", "machines", "machine_hours"),
        *("first_seen_at", "last_seen_at", "state", "resolved_at", "sentence"),
    )
    found = list_discrepancies(warehouse(), with_resolved=with_resolved)
    rows = [{name: getattr(one, name) for name in fields} for one in found]
    nothing = "Nothing disagrees, as far as machines were listed. Run `akubill machines check`."
    print_rows(form, rows, columns=columns, fields=fields, nothing=nothing)
