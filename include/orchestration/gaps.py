"""The waiver of gaps as a run's form gives it."""

from __future__ import annotations


def waive_gaps_of_run() -> dict[str, int]:
    """Waive what the run's form names, in the name of the Airflow user who triggered it; yields counts.

    Raises:
        InvalidInputError: when the form is wrong, or the run has no triggering user.
        ConflictError: when a gap is closed already, or none is open in the window.
    """
    from airflow.sdk import get_current_context

    from include.metering.gaps.gaps import read_waiver, waive_gaps
    from include.orchestration import connections, work

    form = work.form()
    waiver = read_waiver(
        reason=form["reason"],
        by=get_current_context()["dag_run"].triggering_user_name,
        gap_keys=form["gaps"],
        environment_id=form["environment"],
        start=form["from"],
        end=form["to"],
    )
    return waive_gaps(connections.warehouse(), waiver, work.run_instant())._asdict()
