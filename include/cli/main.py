"""The `akubill` command: registers each group of commands."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from include.cli import (
    bills,
    corrections,
    demo,
    doctor,
    failures,
    faults,
    gaps,
    machines,
    marketplace,
    metering,
    offers,
    onboard,
    plan,
    reconciliation,
    sandbox,
    stack,
    subscriptions,
    usage,
    vault,
    warehouse,
)

app = typer.Typer(
    name="akubill",
    help="Marketplace subscription billing: onboarding, metering, bills, reconciliation, without a scheduler.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


app.add_typer(sandbox.app, name="sandbox")
app.add_typer(metering.app, name="metering")
app.command(name="usage")(usage.usage)
app.add_typer(gaps.app, name="gaps")
app.add_typer(subscriptions.app, name="subscriptions")
app.add_typer(machines.app, name="machines")
app.add_typer(marketplace.app, name="marketplace")
app.add_typer(reconciliation.app, name="reconciliation")
app.command(name="reconcile")(reconciliation.reconcile)
app.add_typer(stack.app, name="stack")
app.add_typer(demo.app, name="demo")
app.add_typer(faults.app, name="faults")
app.add_typer(warehouse.app, name="warehouse")
app.add_typer(vault.app, name="vault")
app.command()(doctor.doctor)
app.command(name="quote")(plan.quote)
app.command(name="onboard")(onboard.onboard)
app.command(name="release")(onboard.release)
app.command(name="import")(usage.import_file)
app.add_typer(bills.app, name="bills")
app.add_typer(corrections.app, name="corrections")
app.add_typer(offers.app, name="offers")
app.add_typer(plan.app, name="plan")


@app.callback()
def akubill(
    *, debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an unexpected error.")] = False
) -> None:
    """Marketplace subscription billing: onboarding, metering, bills, reconciliation, without a scheduler."""
    if debug:
        os.environ[failures.DEBUG] = "1"


def main() -> None:
    """Run the command; whatever goes wrong is one sentence on standard error (see include/cli/failures.py)."""
    use_local_stack()
    sys.exit(failures.run(app))


def use_local_stack() -> None:
    """Where the shell says nothing of Airflow, take the settings of the local stack, if there is one."""
    # Connections are read from Airflow's database, as its own command line does, and not asked of a task's supervisor.
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    folder = Path(os.environ.get("AKUBILL_STATE") or Path(__file__).parents[2] / ".local")
    if "AIRFLOW_HOME" not in os.environ and os.access(folder / "env", os.R_OK):
        from dotenv import load_dotenv

        load_dotenv(folder / "env", interpolate=False)
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")
