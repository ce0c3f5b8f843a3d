"""### Asks a person about a held bill.

**What.** Shows a held bill with its lines and findings, and waits for an answer under *Required Actions*: *Approve
and issue*, *Reject*, or *Waive one finding*, each with a reason. The answer is stored with the bill, with person and
time. Approval issues exactly the draft that was shown. If usage or prices changed since, the bill stays held and is
shown again. Nothing else waits for it.

**When.** `billing_period_close` starts a run for every bill that it holds, once for each draft. If the bill is
decided or drafted again elsewhere, the run ends by itself within an hour.

**By hand.** Give the bill's id, for example to decide a bill that was rejected before.

**Who.** Users who may run DAGs (role *user* and above), or only those that the installation names (setting
`bill_reviewers` of the section `akubill`). Above 10,000 (`four_eyes_above`), not those who made the bill: who closed
its period by hand, or asked for a correction or an offer that is on it.

**What you do next.** Look at the bill's page, and answer the form. `ask_again` starts another run if the bill is held
for something new.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag

from include.orchestration.assets import BILLS
from include.orchestration.defaults import BILLING, TAG, task_defaults, text_field
from include.orchestration.errors import task
from include.orchestration.review import ASKING, DAG_ID, AwaitAnswer


@dag(
    dag_id=DAG_ID,
    schedule=None,
    # A waiting run takes no slot and no worker, and none should wait for another's answer.
    max_active_runs=1000,
    doc_md=__doc__,
    tags=[TAG, BILLING],
    default_args=task_defaults(BILLING),
    params={
        "bill": text_field("Bill", "Id of the held bill, like 2026-10-sub-…."),
        "hold": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Hold",
            description="Number of the hold that is asked about. Empty: the bill as it is held now.",
        ),
    },
)
def bill_review() -> None:
    """Ask and carry out the answer; ask again if something new holds the bill, also where this answer came too late."""

    @task(trigger_rule="none_failed")
    def ask_again(done: str | None, params: dict[str, Any]) -> list[str]:
        """Start a review of what holds the bill now, if anything new does."""
        from include.orchestration.review import ask_about_new_holds

        print(done or "This run's answer was not needed any more.")  # noqa: T201 (the task's log)
        return ask_about_new_holds(params["bill"])

    ask_again(AwaitAnswer(task_id=ASKING, inlets=[BILLS], outlets=[BILLS]).output)


bill_review()
