"""### Has a parked event of the Marketplace tried again.

**What.** The event becomes *received* again and is applied by the next run of *marketplace_inbox*, which starts at
once. Who asked for it and why is kept in `marketplace.event_decisions`.

**When.** By hand, after the reason for which it was parked is gone: *Trigger*, fill in the form. The reason and the
number are in the notification and in the failed run of *marketplace_inbox*.

**What you do next.** Look at the next run of *marketplace_inbox*. If the event cannot be applied, it is parked again.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from include.orchestration.defaults import MARKETPLACE, TAG, reason_field, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=None,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, MARKETPLACE],
    default_args=task_defaults(MARKETPLACE),
    params={
        "event": Param(type="integer", minimum=1, title="Event", description="Its number."),
        "reason": reason_field("Why it can be applied now, for someone who asks a year from now."),
    },
)
def marketplace_event_replay() -> None:
    """Replay."""

    # Tried again, it would find the event received, and fail.
    @task(retries=0)
    def replay() -> str:
        """Have the event of the form tried again; yields which it is."""
        from include.orchestration.inbox import replay_event_of_run
        from include.orchestration.outcomes import leave_sentence

        return leave_sentence(replay_event_of_run())

    replay()


marketplace_event_replay()
