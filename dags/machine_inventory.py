"""### Compares machines that run the paid image with metered instances.

**What.** ECS knows which machines of a buyer run the Business Edition image; the consoles say which instances exist.
This asks ECS with each buyer's own delegated access, in every region of the product, and compares: *a machine without
an instance*, *an instance without machines*, *an environment that is not registered*. Each is a row of
`operations.machine_discrepancies`, with the machine hours in question, and is resolved when a later comparison
agrees.

**When.** Every hour at minute 20. A listing is compared by the next run, when there are polls before and after it.

**By hand.** Trigger it at any time; running it again creates no duplicates.

**What you do next.** Operators are notified of each discrepancy once when it is found and once when it is resolved,
through the channel of `freshness_alarms`; `notify_operators` is pink if there is nothing new. `akubill machines list`
shows everything that is open, and `summarise` counts it; open discrepancies do not fail the run. If `summarise`
fails, some buyers could not be asked: its message names them and what to do.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag

from include.orchestration.assets import READINGS
from include.orchestration.defaults import OPERATIONS, TAG, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=CronTriggerTimetable("20 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=[TAG, OPERATIONS, "metering"],
    default_args=task_defaults(OPERATIONS),
)
def machine_inventory() -> None:
    """Compare the earlier listings, notify, list, summarise."""

    @task(inlets=[READINGS])
    def compare_machines() -> dict[str, int]:
        """Compare the sightings that have polls on both sides now; yields counts."""
        from include.operations.machines_check import compare_machines
        from include.orchestration import connections, work
        from include.orchestration.outcomes import leave_outcome

        return leave_outcome("machines", compare_machines(connections.warehouse(), work.run_instant()).counts())

    @task
    def list_machines() -> dict[str, str]:
        """See which machines run now; yields who could not be asked, by account."""
        from include.alibaba.ecs import Ecs
        from include.operations.machines import list_machines
        from include.orchestration import connections

        def machines_of(account_id: str) -> Ecs:
            return Ecs(connections.buyer_access(account_id))

        # ECS answers for now, whenever the run was due: an attempt's sightings are of the attempt.
        listed = list_machines(connections.warehouse(), datetime.now(UTC), machines_of)
        print(listed.counts())  # noqa: T201 (the task's log)
        return listed.failures

    # A retry would find nothing left to send and hide that sending failed.
    @task(retries=0)
    def notify_operators() -> int:
        """Send the new notifications; skipped if there are none."""
        from airflow.sdk import get_current_context
        from airflow.sdk.exceptions import AirflowSkipException

        from include.orchestration import connections, notifications, work

        sent = notifications.notify_of_discrepancies(connections.warehouse(), work.run_instant(), get_current_context())
        if not sent:
            raise AirflowSkipException("There is nothing new to notify of.")
        return sent

    @task
    def summarise(compared: dict[str, int], failures: dict[str, str]) -> dict[str, int]:
        """How many discrepancies are open; fails if a buyer could not be asked, and names it."""
        from include.operations.machines_check import require_listed

        require_listed(failures)
        return compared

    compared, listed = compare_machines(), list_machines()
    compared >> [listed, notify_operators()]
    summarise(compared, listed)


machine_inventory()
