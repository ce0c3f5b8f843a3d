"""### Decides about usage that is reported to a marketplace.

**What.** Holds or releases a channel, or settles records of the ledger that no answer settles. Who decided, when and
why is kept in `marketplace.push_decisions`.

| decision | about | what follows |
|---|---|---|
| hold, release | a channel | nothing is sent to it, until it is released; what passes its cut-off meanwhile is missed |
| send_again | unknown records that the marketplace does not have | they are sent by the next run of *metering_push* |
| mark_accepted | unknown records that the marketplace has | accepted |
| mark_refused | unknown records that the marketplace does not have and will not take | refused |
| write_off | unknown records, and those with another quantity there | missed |

**When.** By hand: *Trigger*, fill in the form. The numbers of records are in the failed run of *metering_push*, in the
notification, and in `akubill marketplace pushes list`.

**What you do next.** Nothing. The records of one form are all settled, or none.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from include.domain.form_fields import NUMBERS
from include.orchestration.defaults import MARKETPLACE, TAG, optional_field, reason_field, task_defaults
from include.orchestration.errors import task
from include.orchestration.pushes import channels


@dag(
    schedule=None,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, MARKETPLACE],
    default_args=task_defaults(MARKETPLACE),
    params={
        "decision": Param(
            type="string",
            enum=["hold", "release", "send_again", "mark_accepted", "mark_refused", "write_off"],
            title="Decision",
            description="hold and release are of a channel, the others of records.",
        ),
        "channel": Param(
            None,
            type=["null", "string"],
            enum=[None, *channels()],
            title="Channel",
            description="For hold and release.",
        ),
        "records": optional_field(
            "Records",
            "For the other decisions: their numbers with commas or spaces, like 12, 13.",
            longest=4000,
            pattern=NUMBERS,
        ),
        "reason": reason_field("What you know, for someone who asks a year from now."),
    },
)
def metering_push_decision() -> None:
    """Decide."""

    # Decided again, it would find the records settled, and fail.
    @task(retries=0)
    def decide() -> str:
        """Do what the form says; yields what was done."""
        from include.orchestration.outcomes import leave_sentence
        from include.orchestration.pushes import decide_of_run

        return leave_sentence(decide_of_run())

    decide()


metering_push_decision()
