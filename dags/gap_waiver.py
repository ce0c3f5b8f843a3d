"""### Waives gaps: a person decides that the estimate stays.

**What.** A gap is time for which usage is not known. While it is open, it holds the bill. Better data resolves it by
itself. If none will come, this waives it: the estimated usage stays, and `metering.gaps` records who decided that,
when and why. Either all gaps that you name are waived, or none.

**When.** By hand: *Trigger*, fill in the form. Name gaps by their numbers, or an environment and a window: then all
open gaps in it are waived. The numbers are in `metering.gaps`, in `akubill gaps list`, and on the held bill's page.

**What you do next.** Close the billing period again (`billing_period_close`): the bill is not held for these gaps any
more. A waiver covers what you saw: if the gap turns out to be longer, it is open again.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from include.domain.form_fields import NUMBERS
from include.orchestration.defaults import OPERATIONS, TAG, optional_field, reason_field, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=None,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, OPERATIONS, "metering", "billing"],
    default_args=task_defaults(OPERATIONS),
    params={
        "gaps": optional_field(
            "Gaps",
            "Numbers of gaps with commas or spaces, like 12, 13. Empty: the environment and window below.",
            longest=20_000,
            pattern=NUMBERS,
        ),
        "environment": optional_field(
            "Environment", "Id of the environment whose open gaps are waived; needs from and to."
        ),
        "from": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="From",
            description="Start of the window. Gaps are waived whole, so it must not cut one.",
        ),
        "to": Param(None, type=["null", "string"], format="date-time", title="To", description="Its end (exclusive)."),
        "reason": reason_field("Why the gap may stay, for someone who asks a year from now."),
    },
)
def gap_waiver() -> None:
    """Waive, report."""

    @task(has_page=True)
    def waive_gaps() -> dict[str, int]:
        """All that the form names, or none; yields counts."""
        from include.orchestration.gaps import waive_gaps_of_run
        from include.orchestration.outcomes import leave_outcome
        from include.orchestration.pages import DATA_QUALITY

        return leave_outcome("waiver", waive_gaps_of_run(), page=DATA_QUALITY)

    @task
    def report() -> list[str]:
        """Say what still waits for people."""
        from include.metering.gaps.gaps import summarize_gaps
        from include.orchestration import connections, work

        left = [str(line) for line in summarize_gaps(connections.warehouse(), work.run_instant())]
        print(*(left or ["Nothing waits."]), sep="\n")  # noqa: T201 (the task's log)
        return left

    waive_gaps() >> report()


gap_waiver()
