"""Files: `akubill usage` meters a file of polls, `akubill import` loads a file of hourly usage."""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from include.cli.output import as_cell, person, print_error, say


class Format(StrEnum):
    """How usage is printed."""

    CSV = "csv"
    JSON = "json"


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
        cells = [[as_cell(value) for value in row] for row in plain]
        csv.writer(sys.stdout, lineterminator="\n").writerows([fields, *cells])
    if any(rejection.rule == BAD_LINE for rejection in rejections):
        raise typer.Exit(1)  # the others are metered, and the exit code tells a script that some are missing


def import_file(
    file: Annotated[Path, typer.Argument(help="A .csv, .jsonl, .ndjson or .parquet file of hourly usage.")],
    again: Annotated[
        bool, typer.Option("--again", help="Import a file again whose bytes were imported before.")
    ] = False,
) -> None:
    """Import usage history; rejected rows are kept with their reason, and the file stays where it is."""
    from include.metering.imports.load import import_usage
    from include.orchestration.connections import warehouse

    say(import_usage(warehouse(), file, datetime.now(UTC), again=again, by=person()).summary())
