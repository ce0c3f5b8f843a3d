"""`python -m benchmarks [NAME …] [--size small|full]`: run, print a table, write JSON."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from include.local.interrupts import listen_once

RESULTS = Path(__file__).parent / "results"
NAMES = [
    "parse_dags",
    "import_usage",
    "close_hour",
    "reclose_month",
    "push_hour",
    "rating",
    "close_period",
    "make_documents",
    "poll_consoles",
    "receive_callbacks",
    "reconcile",
    "show_pages",
    "airflow_hour",
    "idle_stack",
]
#: Installs what it compares with, so it runs only where it is named.
ON_REQUEST = ["alternatives"]


class Size(StrEnum):
    """How much work: enough for a look, or what the goals are about."""

    small = "small"
    full = "full"


def main(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Some of {', '.join(NAMES + ON_REQUEST)}; without, all but the last.")
    ] = None,
    size: Annotated[Size, typer.Option(help="small for a look, full for the goals.")] = Size.full,
) -> None:
    table = Table("what", "ours (s)", "bare (s)", "ratio", "goal", "note")
    found = []
    for name in names or NAMES:
        for line in importlib.import_module(f"benchmarks.{name}").run(size.value):
            found.append({"benchmark": name, **asdict(line), "met": line.met})
            goal = f"{line.goal} {'✓' if line.met else 'missed'}" if line.goal else ""
            table.add_row(line.name, f"{line.ours:.3f}", f"{line.bare:.3f}", f"{line.ratio:.2f}", goal, line.note)
    Console().print(table)
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}-{size.value}.json"
    file.write_text(json.dumps({"python": sys.version.split()[0], "size": size.value, "results": found}, indent=2))
    print(f"Written to {file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}")


if __name__ == "__main__":
    listen_once()  # servers end with the measuring, however it ends
    typer.run(main)
