"""The `akubill` command: registers each group of commands."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from include.domain.errors import AkubillError

app = typer.Typer(
    name="akubill",
    help="Marketplace subscription billing: onboarding, metering, bills, settlement, without a scheduler.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def akubill() -> None:
    """Marketplace subscription billing: onboarding, metering, bills, settlement, without a scheduler."""


def main() -> None:
    """Run the command; an error of ours is one sentence on standard error and exit code 1."""
    try:
        app()
    except AkubillError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), markup=False)
        sys.exit(1)
