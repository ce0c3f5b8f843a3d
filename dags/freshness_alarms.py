"""### Tells operators when an environment falls silent, and when it is over.

**What.** Looks at every metered environment: does it still answer, has it dropped to zero AKU, is its last closed hour
far from the same hour of the days before? What is wrong is an *alarm* in `operations.alarms`: opened once, closed once,
and each of the two is told once, all of a run in one message.

**When.** Every five minutes, two minutes after the consoles were asked.

**By hand.** Not needed; an additional run tells nothing twice.

**What you do next.** Where `notify_operators` is green, something was told: its log has it. Pink is quiet. Where it is
red the channel failed: the log has the message, and it is not sent again. Choose a channel with the connection
`akubill_alarms`; without one the log is all.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag, task

from include.orchestration.defaults import TAG, task_defaults


@dag(
    schedule=CronTriggerTimetable("2-59/5 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=[TAG, "metering"],
    # The next run comes soon and judges anew.
    default_args=task_defaults(retries=1),
)
def freshness_alarms() -> None:
    """Judge, tell."""

    @task
    def evaluate_environments() -> dict[str, int]:
        """Open and close alarms; yields counts."""
        from include.operations.alarms import evaluate_alarms
        from include.orchestration import connections, work

        return evaluate_alarms(connections.warehouse(), work.run_instant()).counts()

    # A retry would find nothing left to tell and hide that telling failed.
    @task(retries=0)
    def notify_operators() -> dict[str, int]:
        """Tell what nobody was told yet; skipped when that is nothing."""
        from airflow.sdk import get_current_context
        from airflow.sdk.exceptions import AirflowSkipException

        from include.orchestration import alarms, connections, work

        told = alarms.notify_operators(connections.warehouse(), work.run_instant(), get_current_context())
        if told is None:
            raise AirflowSkipException("There is nothing new to tell.")
        return told

    evaluate_environments() >> notify_operators()


freshness_alarms()
