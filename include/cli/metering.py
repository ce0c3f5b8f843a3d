"""Commands about metering: `akubill metering collect|close|failing`, and `akubill usage` for a file of polls."""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from include.cli.output import print_error, print_table, say
from include.domain.sharding import SHARDS

app = typer.Typer(name="metering", help="Ask consoles for readings, and close hours.", no_args_is_help=True)


class Format(StrEnum):
    """How usage is printed."""

    CSV = "csv"
    JSON = "json"


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
def failing() -> None:
    """List the consoles that fail, since when and why, and which are spared: polled less often until they answer."""
    from include.metering.polling.failing import list_failing
    from include.orchestration.connections import warehouse

    consoles = list_failing(warehouse())
    if not consoles:
        say("Every console answered when it was asked last.")
        return
    headings = ("Environment", "Buyer", "Console", "Failing since", "Runs", "Asked", "Cause", "What happened")
    rows = []
    for one in consoles:
        probed = one.probed_from()
        asked = f"spared, again from {probed:%H:%M}Z" if probed else "in every run"
        since = f"{one.failing_since:%Y-%m-%d %H:%M}Z"
        about = (one.environment_id, one.account_id, one.console_url, since, str(one.failed_runs))
        rows.append((*about, asked, one.cause, one.error or ""))
    print_table(headings, rows)


def usage(
    polls: Annotated[Path, typer.Option("--polls", exists=True, dir_okay=False, help="JSON Lines, one poll a line.")],
    start: Annotated[str, typer.Option("--from", help="Start, with an offset; metering starts here.")],
    end: Annotated[str, typer.Option("--to", help="End (exclusive).")],
    tolerance: Annotated[
        int, typer.Option("--tolerance", min=0, max=86400, help="Seconds between answers without a proof.")
    ] = 900,
    form: Annotated[Format, typer.Option("--format", help="csv or json.")] = Format.CSV,
) -> None:
    """Meter a file of polls by the rules, in a scratch database, and print usage by instance and hour.

    What is rejected is said on standard error. Where a line is no poll, the others are metered, and the exit code is 1.
    """
    from include.domain.periods import Window, parse_instant
    from include.metering.imports.poll_file import BAD_LINE, INCONSISTENT, UsageRow, meter_file
    from include.warehouse.embedded import temporary_warehouse

    window = Window(parse_instant(start, "--from"), parse_instant(end, "--to"))
    with temporary_warehouse() as scratch:
        rows, rejections = meter_file(scratch, polls, window, timedelta(seconds=tolerance))
    for rejection in rejections:
        print_error(f"Rejected ({rejection.rule}): {rejection.sentence}")
    inconsistent = sum(1 for rejection in rejections if rejection.rule == INCONSISTENT)
    if inconsistent:
        were = "reading was" if inconsistent == 1 else "readings were"
        print_error(f"{inconsistent} {were} rejected for inconsistent times.")
    # The environment is named where the id alone does not say whose instance it is.
    shared = len({(row.instance_id, row.environment_id) for row in rows}) > len({row.instance_id for row in rows})
    fields = UsageRow._fields if shared else UsageRow._fields[:-1]
    plain = [[*row[:1], f"{row.hour:%Y-%m-%dT%H:%M:%SZ}", *row[2:]][: len(fields)] for row in rows]
    if form is Format.JSON:
        print(json.dumps([dict(zip(fields, row, strict=True)) for row in plain], indent=2))  # noqa: T201
    else:
        csv.writer(sys.stdout, lineterminator="\n").writerows([fields, *plain])
    if any(rejection.rule == BAD_LINE for rejection in rejections):
        raise typer.Exit(1)  # the others are metered, and the exit code tells a script that some are missing


def _said(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
