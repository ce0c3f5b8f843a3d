"""### Enters an event of the Marketplace by hand.

**What.** Stores an event in the inbox as if the Marketplace had called, with who entered it and why
(`marketplace.event_decisions`). It is applied by the same rules as all others (*marketplace_inbox*), after the earlier
events of its subscription.

**When.** By hand, when the Marketplace's console shows something that never reached us: *Trigger*, fill in the form.
Write the event as the query of a callback, for example
`action=renewInstance&instanceId=9001&orderId=77001&expiredOn=2027-10-01 00:00:00`. It needs no token.

**What you do next.** `enter` says the event's number. What it changed is in the next run of *marketplace_inbox*.
"""

from __future__ import annotations

from airflow.sdk import dag

from include.orchestration.defaults import MARKETPLACE, TAG, reason_field, task_defaults, text_field
from include.orchestration.errors import task


@dag(
    schedule=None,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, MARKETPLACE],
    default_args=task_defaults(MARKETPLACE),
    params={
        "event": text_field(
            "Event",
            "As the query of a callback: action=…&instanceId=…; createInstance has orderBizId instead.",
            longest=4000,
            pattern=r"(.*[?&])?action=.+",
        ),
        "reason": reason_field("How you know that it happened, for someone who asks a year from now."),
    },
)
def marketplace_event_entry() -> None:
    """Enter."""

    # Entered a second time, it would be a second event.
    @task(retries=0)
    def enter() -> int:
        """Store the event of the form; yields its number."""
        from include.orchestration.inbox import enter_event_of_run
        from include.orchestration.outcomes import leave_outcome

        event = enter_event_of_run()
        leave_outcome("event", {"event": event})
        return event

    enter()


marketplace_event_entry()
