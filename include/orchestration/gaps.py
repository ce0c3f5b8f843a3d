"""The waiver of gaps as a run's form gives it."""

from __future__ import annotations


def waive_gaps_of_run() -> dict[str, int]:
    """Waive what the run's form names, in the name of the Airflow user who triggered it; yields counts.

    Raises:
        InvalidInputError: when the form is wrong, or the run has no triggering user.
        ConflictError: when a gap is closed already, or none is open in the window.
    """
    from include.metering.gaps.gaps import read_waiver, waive_gaps
    from include.orchestration import connections, work

    form = work.form()
    waiver = read_waiver(
        reason=form["reason"],
        by=work.triggering_user(),
        gap_keys=form["gaps"],
        environment_id=form["environment"],
        start=form["from"],
        end=form["to"],
    )
    warehouse = connections.warehouse()
    return waive_gaps(warehouse, waiver, work.database_instant(warehouse))._asdict()
