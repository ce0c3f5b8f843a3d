"""`akubill metering collect|close|failing`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Form, Listing, print_rows, say
from include.domain.sharding import SHARDS

if TYPE_CHECKING:
    from include.cli.output import Columns

app = typer.Typer(name="metering", help="Ask consoles for readings, and close hours.", no_args_is_help=True)
_ALWAYS = "in every run"


@app.command()
def collect(
    shard: Annotated[
        int | None, typer.Option("--shard", min=0, max=SHARDS - 1, help="Only this shard; all by default.")
    ] = None,
) -> None:
    """Ask the metered environments' consoles once, as aku_readings does every five minutes."""
    from include.metering.polling.collect import collect_shard
    from include.orchestration import connections

    warehouse, vault = connections.warehouse(), connections.vault()
    for number in range(SHARDS) if shard is None else [shard]:
        say(f"Shard {number}: {_said(collect_shard(warehouse, vault, number).counts())}")


@app.command()
def close(
    start: Annotated[
        str | None, typer.Option("--from", help="Start of the window, on the hour, with an offset.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Its end (exclusive).")] = None,
) -> None:
    """Close a window of hours (again), as aku_metering does; without one, the last hour and all that wait."""
    from include.metering.hours.close import close_asked
    from include.orchestration import connections

    say(_said(close_asked(connections.warehouse(), datetime.now(UTC), start, end).counts()))


@app.command()
def failing(form: Form = Listing.TABLE) -> None:
    """List the consoles that fail, since when and why, and which are spared: polled less often until they answer."""
    from include.metering.polling.failing import list_failing
    from include.orchestration.connections import warehouse

    columns: Columns = {
        "Environment": "environment_id",
        "Buyer": "account_id",
        "Console": "console_url",
        "Failing since": lambda row: f"{row['failing_since']:%Y-%m-%d %H:%M}Z",
        "Runs": "failed_runs",
        "Asked": lambda row: f"spared, again from {row['spared_until']:%H:%M}Z" if row["spared_until"] else _ALWAYS,
        "Cause": "cause",
        "What happened": lambda row: row["error"] or "",
    }
    fields = (
        *("environment_id", "account_id", "console_url", "failed_runs", "failing_since", "last_failed_at"),
        *("cause", "error", "spared_until"),
    )
    rows = [{**asdict(one), "spared_until": one.probed_from()} for one in list_failing(warehouse())]
    nothing = "Every console answered when it was asked last."
    print_rows(form, rows, columns=columns, fields=fields, nothing=nothing)


def _said(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
