"""The command `akubill import`: what the DAG usage_import does, for one file anywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from include.cli.output import say


def import_file(
    file: Annotated[Path, typer.Argument(help="A .csv, .jsonl, .ndjson or .parquet file of hourly usage.")],
    again: Annotated[
        bool, typer.Option("--again", help="Import a file again whose bytes were imported before.")
    ] = False,
) -> None:
    """Import usage history; rejected rows are kept with their reason, and the file stays where it is."""
    from include.metering.imports.load import import_usage
    from include.orchestration.connections import warehouse

    say(import_usage(warehouse(), file, datetime.now(UTC), again=again).summary())
