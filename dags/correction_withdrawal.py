"""### Takes back a correction that waits for a next bill.

**What.** A correction of an issued bill that is delivered on the next bill waits until that bill is issued. Until then
it can be withdrawn: its refund or its terms no longer count, and drafts and held bills that have it lose it. A held
bill is shown again. `billing.corrections` records who withdrew it, when and why.

**When.** By hand: *Trigger*, fill in the form. `akubill corrections list --state pending` shows the ids. Repeating the
same run has no further effect. What an issued document has is not withdrawn: correct the bill once more.

**What you do next.** Read the log of `withdraw_correction`. Where a held bill lost the correction, close its period
again (`billing_period_close`).
"""

from __future__ import annotations

from airflow.sdk import dag

from include.orchestration.defaults import BILLING, TAG, reason_field, task_defaults, text_field
from include.orchestration.errors import task


@dag(
    schedule=None,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, BILLING],
    default_args=task_defaults(BILLING),
    params={
        "correction": text_field("Correction", "Id of a correction that waits, like cor-…."),
        "reason": reason_field("Why it is taken back, for someone who asks a year from now."),
    },
)
def correction_withdrawal() -> None:
    """Withdraw, report."""

    @task(has_page=True)
    def withdraw_correction() -> str:
        """What the form names, once; yields what became of it."""
        from include.orchestration.corrections import withdraw_correction_of_run

        return withdraw_correction_of_run()

    @task
    def report(done: str) -> list[str]:
        """Say what still waits for a next bill, or for a person."""
        from include.orchestration.corrections import list_waiting

        waiting = list_waiting()
        print(done, f"{len(waiting)} correction(s) wait.", *waiting, sep="\n")  # noqa: T201 (the task's log)
        return waiting

    report(withdraw_correction())


correction_withdrawal()
