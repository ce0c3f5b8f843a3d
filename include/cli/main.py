"""The `akubill` command: registers each group of commands."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer
from rich.console import Console

from include.cli import (
    bill_checks,
    bill_life,
    billing,
    corrections,
    demo,
    doctor,
    exports,
    gaps,
    machines,
    metering,
    onboarding,
    plans,
    sandbox,
    settlement,
    soak,
    stack,
    usage_import,
    warehouse,
)
from include.domain.errors import AkubillError

app = typer.Typer(
    name="akubill",
    help="Marketplace subscription billing: onboarding, metering, bills, settlement, without a scheduler.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


app.add_typer(sandbox.app, name="sandbox")
app.add_typer(metering.app, name="metering")
app.command(name="usage")(metering.usage)
app.add_typer(gaps.app, name="gaps")
app.add_typer(machines.app, name="machines")
app.add_typer(settlement.app, name="settlement")
app.add_typer(stack.app, name="stack")
app.add_typer(demo.app, name="demo")
app.add_typer(warehouse.app, name="warehouse")
app.command()(doctor.doctor)
app.command(name="quote")(plans.quote)
app.command(name="soak")(soak.soak)
app.command(name="onboard")(onboarding.onboard)
app.command(name="release")(onboarding.release)
app.command(name="import")(usage_import.import_file)
billing.bills.command("explain")(bill_checks.explain)
billing.bills.command("verify")(bill_checks.verify)
billing.bills.command("completeness")(bill_checks.completeness)
billing.bills.command("export")(exports.export)
for step in (
    bill_life.approve,
    bill_life.reject,
    bill_life.waive,
    bill_life.void,
    bill_life.restore,
    bill_life.preview,
):
    billing.bills.command()(step)
app.add_typer(billing.bills, name="bills")
app.add_typer(corrections.corrections, name="corrections")
app.add_typer(corrections.offers, name="offers")
app.add_typer(plans.plan, name="plan")


@app.callback()
def akubill() -> None:
    """Marketplace subscription billing: onboarding, metering, bills, settlement, without a scheduler."""


def main() -> None:
    """Run the command; an error of ours is one sentence on standard error and exit code 1."""
    use_local_stack()
    try:
        app()
    except AkubillError as error:
        _fail(str(error))
    except Exception as error:
        outage = _outage(error)
        if outage is None:
            raise
        _fail(outage)


def _fail(sentence: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(sentence, markup=False)
    sys.exit(1)


def _outage(error: Exception) -> str | None:
    """A sentence for a database that is not there, is going down, or lets nobody in; None for any other error."""
    from include.warehouse.outages import outage_reason

    reason = outage_reason(error)
    if reason is None:
        return None
    return (
        f"The warehouse does not answer: {reason}. Check that its server runs and that the Airflow connection "
        "`warehouse` is right; `akubill doctor` looks at each part."
    )


def use_local_stack() -> None:
    """Where the shell says nothing of Airflow, take the settings of the local stack, if there is one."""
    # Connections are read from Airflow's database, as its own command line does, and not asked of a task's supervisor.
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    folder = Path(os.environ.get("AKUBILL_STATE") or Path(__file__).parents[2] / ".local")
    if "AIRFLOW_HOME" not in os.environ and os.access(folder / "env", os.R_OK):
        from dotenv import load_dotenv

        load_dotenv(folder / "env", interpolate=False)
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")
