"""### Ends a subscription.

**What.** From the given instant on, the subscription is not metered and not billed any more: its licence is not
renewed, its console is not polled, and hours at and after the end are closed again. The last bill is that of the
period in which it ended. `core.subscriptions.state_reason` records who ended it, when and why.

**When.** By hand: *Trigger*, fill in the form, after the buyer has released the product in the Marketplace. An end
may be entered late, and corrected: give the right one again. An end in the future is refused.

**What you do next.** Read the log of `release`. The next run of `aku_metering` closes the last hours. If the time
from the last answer to the end is longer than 15 minutes, it is a gap: resolve or waive it (`gap_waiver`), or it
holds the last bill. If issued bills extend beyond the end, correct each with a note (`bill_correction`, cause
late_usage).
"""

from __future__ import annotations

from airflow.sdk import dag

from include.domain.form_fields import INSTANT
from include.orchestration.defaults import OPERATIONS, TAG, reason_field, subscription_field, task_defaults, text_field
from include.orchestration.errors import task


@dag(
    schedule=None,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, OPERATIONS, "onboarding", "billing"],
    default_args=task_defaults(OPERATIONS),
    params={
        "subscription": subscription_field("Its id, like sub-…."),
        "ended_at": text_field(
            "End",
            "The first instant that does not count any more, in the time zone of its price plan: a day and time like "
            "2026-10-20 15:30, or a day, which means its 00:00. Not after now.",
            longest=40,
            pattern=INSTANT,
        ),
        "reason": reason_field("Why it ended, for someone who asks a year from now."),
    },
)
def subscription_release() -> None:
    """Release."""

    @task(has_page=True)
    def release() -> str:
        """The form's end, once; yields what became of it."""
        from include.orchestration.onboarding import release_of_run

        return release_of_run()

    release()


subscription_release()
