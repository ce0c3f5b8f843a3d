"""### Notifies operators when an environment is silent, and when that is over.

**What.** Checks every metered environment: does it still answer, has it dropped to zero AKU, is its last closed hour
far from the same hour on the days before? A problem is an *alarm* in `operations.alarms`. It opens once and closes
once, with one notification each; all notifications of a run are one message. Where Airflow's metrics are on, it also
sends the product's own: lateness, cut-off slack, amounts at risk, and what waits for a person.

**When.** Every five minutes, two minutes after the consoles were polled.

**By hand.** Not needed; an additional run repeats no notification.

**What you do next.** If `notify_operators` is green, a notification was sent, and its log has it. If it is pink,
there was nothing new. If it is red, the channel failed: the log has the message, and it is not sent again. Choose a
channel with the connection `akubill_notifications`; without one, messages are only in the log.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag

from include.orchestration.assets import READINGS, USAGE
from include.orchestration.defaults import OPERATIONS, TAG, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=CronTriggerTimetable("2-59/5 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=[TAG, OPERATIONS, "metering"],
    # The next run comes soon and evaluates again.
    default_args=task_defaults(OPERATIONS, retries=1),
)
def freshness_alarms() -> None:
    """Evaluate, notify."""

    @task(has_page=True, inlets=[READINGS, USAGE])
    def evaluate_environments() -> dict[str, int]:
        """Open and close alarms, and send the product's metrics; yields counts."""
        from include.operations.alarms import evaluate_alarms
        from include.orchestration import connections, work
        from include.orchestration.metrics import publish_metrics
        from include.orchestration.outcomes import leave_outcome
        from include.orchestration.pages import SUBSCRIPTIONS

        evaluated = evaluate_alarms(connections.warehouse(), work.run_instant())
        publish_metrics(work.run_instant())
        return leave_outcome("alarms", evaluated.counts(), page=SUBSCRIPTIONS)

    # A retry would find nothing left to send and hide that sending failed.
    @task(retries=0)
    def notify_operators() -> int:
        """Send what is new, once; skipped when that is nothing. Returns how many notifications were sent."""
        from airflow.sdk import get_current_context
        from airflow.sdk.exceptions import AirflowSkipException

        from include.orchestration import connections, notifications, work

        sent = notifications.notify_of_alarms(connections.warehouse(), work.run_instant(), get_current_context())
        if not sent:
            raise AirflowSkipException("There is nothing new to send.")
        return sent

    evaluate_environments() >> notify_operators()


freshness_alarms()
