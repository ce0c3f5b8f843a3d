"""`akubill doctor`: looks at everything the product needs, and says what to do about what is wrong."""

from __future__ import annotations

import os

import typer

from include.cli.output import say
from include.domain.errors import ConfigurationError


def doctor() -> None:
    """Check connections, signatures, migrations, clock and keys; exit code 1 when something is wrong."""
    if "AIRFLOW_HOME" not in os.environ:
        raise ConfigurationError(
            "There is no local stack and AIRFLOW_HOME is not set, so there is nothing to look at. Run `make up`, or "
            "set Airflow's environment variables as its components have them."
        )
    from include.orchestration.doctor import examine

    failed = 0
    for finding in examine():
        failed += not finding.holds
        say(f"{'ok    ' if finding.holds else 'FAILED'} {finding.check}: {finding.sentence}")
    if failed:
        raise typer.Exit(1)
