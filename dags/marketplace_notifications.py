"""### Fetches what the Marketplace could not deliver.

**What.** When a message of the Marketplace was not taken for hours, it gives up and keeps it on a list. This fetches
the list (DescribeFailedNotifications) into the inbox, where its events are applied as all others
(*marketplace_inbox*), and confirms each once it is stored (ConfirmNotification).

**When.** Every 10 minutes.

**By hand.** Trigger it at any time; a notification is stored once, however often it is fetched.

**If it fails.** The Marketplace did not answer, or the vendor's access (connection `alibaba_vendor`) is missing or may
not do this; the log says which. The next run goes on.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag

from include.orchestration.defaults import MARKETPLACE, TAG, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=[TAG, MARKETPLACE],
    default_args=task_defaults(MARKETPLACE),
)
def marketplace_notifications() -> None:
    """Fetch."""

    @task
    def fetch() -> dict[str, int]:
        """Store what is new and confirm it; yields counts."""
        from include.marketplace.inbox.notifications import fetch_notifications
        from include.orchestration import connections
        from include.orchestration.onboarding import market
        from include.orchestration.outcomes import leave_outcome

        return leave_outcome("notifications", fetch_notifications(connections.warehouse(), market())._asdict())

    fetch()


marketplace_notifications()
